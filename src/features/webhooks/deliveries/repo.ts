import type { Executor } from '../../../adapters/db/index.ts'
import type { EventKind } from '../../../protocol/event-kinds.ts'
import type { WebhookEvent } from '../api.ts'
import type { DeliveryRow, DeliveryState } from '../tables.ts'

/** The number is that of the newest event of the user, whose list the transaction has locked. */
export const insertDeliveries = async (
  trx: Executor,
  webhookIds: readonly string[],
  event: WebhookEvent,
): Promise<void> => {
  await trx
    .insertInto('deliveries')
    .values((eb) =>
      webhookIds.map((webhookId) => ({
        ...event,
        webhookId,
        number: eb.selectFrom('eventLists').select('lastNumber').where('userId', '=', event.userId),
        state: 'waiting' as const,
        attempts: 0,
        problem: '',
        nextAt: event.happenedAt,
        queuedAt: event.happenedAt,
      })),
    )
    .execute()
}

/** Looked at for users who have a delivery that is due: a user with many of them delays the others little. */
const mostLookedAt = 5_000

/** Users of whom a delivery is due, those who wait longest first. By the index alone. */
export const findDueUsers = async (
  db: Executor,
  { webhookId, nowMs, most }: { webhookId: string; nowMs: number; most: number },
): Promise<number[]> => {
  const rows = await db
    .selectFrom((eb) =>
      eb
        .selectFrom('deliveries')
        .select(['userId', 'nextAt'])
        .where('webhookId', '=', webhookId)
        .where('state', '=', 'waiting')
        .where('nextAt', '<=', nowMs)
        .orderBy('nextAt')
        .limit(mostLookedAt)
        .as('due'),
    )
    .select(['userId', (eb) => eb.fn.min('nextAt').as('dueAt')])
    .groupBy('userId')
    .orderBy('dueAt')
    .limit(most)
    .execute()
  return rows.map(({ userId }) => userId)
}

/** Of each of these users the delivery whose turn it is, due or not. */
export const findHeads = (
  db: Executor,
  webhookId: string,
  userIds: readonly number[],
): Promise<DeliveryRow[]> =>
  db
    .selectFrom('deliveries as head')
    .innerJoin(
      (eb) =>
        eb
          .selectFrom('deliveries')
          .select((of) => ['userId', of.fn.min('number').as('number')])
          .where('webhookId', '=', webhookId)
          .where('state', '=', 'waiting')
          .where('userId', 'in', userIds)
          .groupBy('userId')
          .as('first'),
      (join) => join.onRef('first.userId', '=', 'head.userId').onRef('first.number', '=', 'head.number'),
    )
    .selectAll('head')
    .where('head.webhookId', '=', webhookId)
    .where('head.state', '=', 'waiting')
    .orderBy('head.nextAt')
    .execute()

type Some = { webhookId: string; eventIds: readonly Buffer[] }

export const removeDeliveries = async (db: Executor, { webhookId, eventIds }: Some): Promise<void> => {
  await db
    .deleteFrom('deliveries')
    .where('webhookId', '=', webhookId)
    .where('eventId', 'in', eventIds)
    .execute()
}

/** Deliveries of a user wait as long as the one before them. */
export const delayUser = async (
  db: Executor,
  { webhookId, userId }: Pick<DeliveryRow, 'webhookId' | 'userId'>,
  nextAt: number,
): Promise<void> => {
  await db
    .updateTable('deliveries')
    .set({ nextAt })
    .where('webhookId', '=', webhookId)
    .where('state', '=', 'waiting')
    .where('userId', '=', userId)
    .where('nextAt', '<', nextAt)
    .execute()
}

export const noteAttempt = async (
  db: Executor,
  { webhookId, eventId }: Pick<DeliveryRow, 'webhookId' | 'eventId'>,
  values: { problem: string; state: DeliveryState },
): Promise<void> => {
  await db
    .updateTable('deliveries')
    .set((eb) => ({ ...values, attempts: eb('attempts', '+', 1) }))
    .where('webhookId', '=', webhookId)
    .where('eventId', '=', eventId)
    .where('state', '=', 'waiting')
    .execute()
}

export const buryDeliveries = async (
  db: Executor,
  { webhookId, eventIds }: Some,
  problem: string,
): Promise<void> => {
  await db
    .updateTable('deliveries')
    .set({ state: 'dead', problem })
    .where('webhookId', '=', webhookId)
    .where('eventId', 'in', eventIds)
    .where('state', '=', 'waiting')
    .execute()
}

/** Due now, with an age of nothing. */
export const reviveDeliveries = async (
  db: Executor,
  { webhookId, eventIds }: Some,
  nowMs: number,
): Promise<number> => {
  const { numUpdatedRows } = await db
    .updateTable('deliveries')
    .set({ state: 'waiting', nextAt: nowMs, queuedAt: nowMs })
    .where('webhookId', '=', webhookId)
    .where('eventId', 'in', eventIds)
    .where('state', '=', 'dead')
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

/** By the index alone. */
export const countDeliveries = (db: Executor) =>
  db
    .selectFrom('deliveries')
    .select((eb) => ['webhookId', 'state', eb.fn.countAll<number>().as('count')])
    .groupBy(['webhookId', 'state'])
    .execute()

type Found = Pick<DeliveryRow, 'webhookId' | 'eventId'>

const selectOldest = (db: Executor, state: DeliveryState, most: number) =>
  db.selectFrom('deliveries').where('state', '=', state).orderBy('queuedAt').limit(most)

export const findOldest = (
  db: Executor,
  { webhookId, state, most }: { webhookId: string; state: DeliveryState; most: number },
): Promise<Found[]> =>
  selectOldest(db, state, most).select(['webhookId', 'eventId']).where('webhookId', '=', webhookId).execute()

/** Of all webhooks, from before that moment. */
export const findExpired = (db: Executor, before: number, most: number): Promise<Found[]> =>
  selectOldest(db, 'waiting', most).select(['webhookId', 'eventId']).where('queuedAt', '<', before).execute()

/** The dead letters of a webhook, the oldest first. */
export const findDead = (db: Executor, webhookId: string, most: number): Promise<DeliveryRow[]> =>
  selectOldest(db, 'dead', most).selectAll().where('webhookId', '=', webhookId).execute()

export const removeOldDead = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('deliveries')
    .where('state', '=', 'dead')
    .where('queuedAt', '<', before)
    .orderBy('queuedAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

const states: readonly DeliveryState[] = ['waiting', 'dead']

/** What a receiver is to learn of an erased account too: it drops its tickets, and erases what it has. */
const keptKinds = ['login.ended', 'user.deleted'] as const satisfies EventKind[]

/** All of a user but those kinds. By the index of each webhook. */
export const removeDeliveriesOf = async (
  db: Executor,
  { userId, webhookIds, most }: { userId: number; webhookIds: readonly string[]; most: number },
): Promise<number> => {
  if (webhookIds.length === 0) return 0
  const { numDeletedRows } = await db
    .deleteFrom('deliveries')
    .where('webhookId', 'in', webhookIds)
    .where('state', 'in', states)
    .where('userId', '=', userId)
    .where('kind', 'not in', keptKinds)
    .orderBy('number')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
