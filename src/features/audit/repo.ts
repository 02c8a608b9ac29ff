import type { Executor } from '../../adapters/db/index.ts'

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
