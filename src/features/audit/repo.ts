import type { Executor } from '../../adapters/db/index.ts'
import type { AuditEventRow } from './tables.ts'

export type AuditEvent = {
  kind: string
  happenedAt: number
  userId?: number | undefined
  appId?: string | undefined
  network?: string | undefined
  detail?: Record<string, string | number | boolean>
}

/** Part of the transaction of what it records. */
export const insertAuditEvent = async (db: Executor, event: AuditEvent): Promise<void> => {
  const { kind, happenedAt, userId = null, appId = null, network = null, detail = {} } = event
  await db
    .insertInto('auditEvents')
    .values({ kind, happenedAt, userId, appId, network, detail: JSON.stringify(detail) })
    .execute()
}

export const removeOldAuditEvents = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('auditEvents')
    .where('happenedAt', '<', before)
    .orderBy('happenedAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

const columns = ['eventId', 'happenedAt', 'kind', 'appId', 'network', 'detail'] as const

export type PastEvent = Pick<AuditEventRow, Exclude<(typeof columns)[number], 'eventId'>> & {
  eventId: number
}

/** Events of a user of these kinds with a lower number, the newest first. */
export const findEventsBefore = (
  db: Executor,
  {
    userId,
    eventId,
    kinds,
    most,
  }: { userId: number; eventId: number; kinds: readonly string[]; most: number },
): Promise<PastEvent[]> =>
  db
    .selectFrom('auditEvents')
    .select(columns)
    .where('userId', '=', userId)
    .where('eventId', '<', eventId)
    .where('kind', 'in', kinds)
    .orderBy('eventId', 'desc')
    .limit(most)
    .execute()

const pageSize = 1_000

/** For the export of a user. An administrator's name is not the user's. */
export const collectAuditEvents = async (db: Executor, userId: number, after = '0') => {
  const events = await db
    .selectFrom('auditEvents')
    .select(columns)
    .where('userId', '=', userId)
    .where('eventId', '>', Number(after))
    .orderBy('eventId')
    .limit(pageSize)
    .execute()
  const rows = events.map(({ eventId: _id, detail, ...shown }) => {
    const { by: _by, ...rest } = JSON.parse(detail) as Record<string, unknown>
    return { ...shown, detail: rest }
  })
  return { rows, next: events.length < pageSize ? undefined : String(events.at(-1)?.eventId) }
}

/** What was done stays on record under the number, which leads to no person any more; where from does not. */
export const hideNetworks = async (db: Executor, userId: number, most: number): Promise<number> => {
  const found = await db
    .selectFrom('auditEvents')
    .select('eventId')
    .where('userId', '=', userId)
    .where('network', 'is not', null)
    .limit(most)
    .execute()
  if (found.length === 0) return 0
  const ids = found.map(({ eventId }) => eventId)
  await db.updateTable('auditEvents').set({ network: null }).where('eventId', 'in', ids).execute()
  return found.length
}
