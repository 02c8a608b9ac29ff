import type { Executor } from '../../adapters/db/index.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { Channel } from './api.ts'
import type { MessageState, OutboxRow } from './tables.ts'

const insertStatement = createStatement((db, row: OutboxRow) => db.insertInto('outbox').values(row))

/** Part of the transaction of what the message tells of. */
export const insertMessage = async (trx: Executor, row: OutboxRow): Promise<void> => {
  await insertStatement(trx, row)
}

/** The newest first; of one state, or of all. */
export const findMessages = (db: Executor, most: number, state?: MessageState): Promise<OutboxRow[]> => {
  const all = db.selectFrom('outbox').selectAll().orderBy('messageId', 'desc').limit(most)
  return (state === undefined ? all : all.where('state', '=', state)).execute()
}

/** The message whose id begins so. */
export const findMessage = (db: Executor, from: Buffer, to: Buffer): Promise<OutboxRow | undefined> =>
  db
    .selectFrom('outbox')
    .selectAll()
    .where('messageId', '>=', from)
    .where('messageId', '<=', to)
    .orderBy('messageId')
    .limit(1)
    .executeTakeFirst()

export type Claim = { channel: Channel; claimant: Buffer; nowMs: number; untilMs: number; most: number }

/**
 * Takes messages that are due, so that for a while no other process does. A claim is a lease: it ends by itself when
 * its process has died. Two processes may find the same rows; the update decides whose each of them is.
 */
export const claimMessages = async (db: Executor, claim: Claim): Promise<OutboxRow[]> => {
  const { channel, claimant, nowMs, untilMs, most } = claim
  const found = await db
    .selectFrom('outbox')
    .select('messageId')
    .where('state', '=', 'waiting')
    .where('channel', '=', channel)
    .where('nextAt', '<=', nowMs)
    .orderBy('nextAt')
    .limit(most)
    .execute()
  if (found.length === 0) return []
  const ids = found.map(({ messageId }) => messageId)
  await db
    .updateTable('outbox')
    .set({ claimedBy: claimant, nextAt: untilMs })
    .where('messageId', 'in', ids)
    .where('state', '=', 'waiting')
    .where('nextAt', '<=', nowMs)
    .execute()
  return db
    .selectFrom('outbox')
    .selectAll()
    .where('messageId', 'in', ids)
    .where('claimedBy', '=', claimant)
    .where('nextAt', '=', untilMs)
    .execute()
}

type Held = { ids: readonly Buffer[]; claimant: Buffer }

/** Holds messages longer, or gives them back for a later time. */
export const moveMessages = async (db: Executor, { ids, claimant }: Held, nextAt: number): Promise<void> => {
  await db
    .updateTable('outbox')
    .set({ nextAt })
    .where('messageId', 'in', ids)
    .where('claimedBy', '=', claimant)
    .where('state', '=', 'waiting')
    .execute()
}

type Ended = { state: MessageState; problem: string; endedAt: number; keepsBody: boolean }

/** A message that was sent is sent, also where its claim has ended meanwhile. */
export const endMessages = async (db: Executor, ids: readonly Buffer[], ended: Ended): Promise<void> => {
  const { keepsBody, ...values } = ended
  await db
    .updateTable('outbox')
    .set((eb) => ({
      ...values,
      attempts: eb('attempts', '+', 1),
      claimedBy: null,
      ...(!keepsBody && { body: null }),
    }))
    .where('messageId', 'in', ids)
    .where('state', '=', 'waiting')
    .execute()
}

/** Waits for another attempt. */
export const delayMessage = async (
  db: Executor,
  { ids, claimant }: Held,
  { problem, nextAt }: { problem: string; nextAt: number },
): Promise<void> => {
  await db
    .updateTable('outbox')
    .set((eb) => ({ attempts: eb('attempts', '+', 1), problem, nextAt, claimedBy: null }))
    .where('messageId', 'in', ids)
    .where('claimedBy', '=', claimant)
    .where('state', '=', 'waiting')
    .execute()
}

/** What waits and what was given up is due now; a body that is gone cannot be sent again. */
export const retryMessages = async (db: Executor, id: Buffer | undefined, nowMs: number): Promise<number> => {
  const all = db
    .updateTable('outbox')
    .set({ state: 'waiting', nextAt: nowMs, claimedBy: null, endedAt: null })
    .where('state', 'in', ['waiting', 'given-up'])
    .where('body', 'is not', null)
  const update = id === undefined ? all : all.where('messageId', '=', id)
  return Number((await update.executeTakeFirst()).numUpdatedRows)
}

/** How many messages of each channel wait, and the id of the oldest, which begins with its time. By the index alone. */
export const countWaiting = (db: Executor) =>
  db
    .selectFrom('outbox')
    .select((eb) => ['channel', eb.fn.countAll<number>().as('count'), eb.fn.min('messageId').as('oldest')])
    .where('state', '=', 'waiting')
    .groupBy('channel')
    .execute()

export const removeOldMessages = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('outbox')
    .where('endedAt', '<', before)
    .orderBy('endedAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
