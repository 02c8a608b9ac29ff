import type { Executor } from '../../../adapters/db/index.ts'
import type { FriendRequestRow } from '../tables.ts'

export const putRequest = async (trx: Executor, row: FriendRequestRow): Promise<void> => {
  await trx
    .insertInto('friendRequests')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['fromId', 'toId']).doUpdateSet((eb) => ({
        appId: eb.ref('excluded.appId'),
        state: eb.ref('excluded.state'),
        message: eb.ref('excluded.message'),
        site: eb.ref('excluded.site'),
        askedAt: eb.ref('excluded.askedAt'),
        expiresAt: eb.ref('excluded.expiresAt'),
      })),
    )
    .execute()
}

export const setRequest = async (
  trx: Executor,
  fromId: number,
  toId: number,
  change: { state: FriendRequestRow['state']; expiresAt?: number },
): Promise<void> => {
  await trx
    .updateTable('friendRequests')
    .set(change)
    .where('fromId', '=', fromId)
    .where('toId', '=', toId)
    .execute()
}

export const deleteRequest = async (trx: Executor, fromId: number, toId: number): Promise<void> => {
  await trx.deleteFrom('friendRequests').where('fromId', '=', fromId).where('toId', '=', toId).execute()
}

/** Those of a sender that wait, or seem to. */
export const countSent = async (trx: Executor, fromId: number, nowMs: number): Promise<number> => {
  const { count } = await trx
    .selectFrom('friendRequests')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('fromId', '=', fromId)
    .where('state', '!=', 'refused')
    .where('expiresAt', '>', nowMs)
    .executeTakeFirstOrThrow()
  return Number(count)
}

/** The requests that wait for a receiver, by app and network. */
export const countReceived = async (
  trx: Executor,
  toId: number,
): Promise<{ appId: string; site: string; count: number }[]> => {
  const rows = await trx
    .selectFrom('friendRequests')
    .select(['appId', 'site'])
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('toId', '=', toId)
    .where('state', '=', 'open')
    .groupBy(['appId', 'site'])
    .execute()
  return rows.map(({ count, ...row }) => ({ ...row, count: Number(count) }))
}

/** The oldest request from a network that waits for a receiver. */
export const deleteOldestRequest = async (
  trx: Executor,
  { toId, site, appId }: { toId: number; site: string; appId: string | undefined },
): Promise<void> => {
  const ofSite = trx
    .selectFrom('friendRequests')
    .select('fromId')
    .where('toId', '=', toId)
    .where('state', '=', 'open')
    .where('site', '=', site)
    .orderBy('askedAt')
    .limit(1)
  const oldest = await (appId === undefined ? ofSite : ofSite.where('appId', '=', appId)).executeTakeFirst()
  if (oldest) await deleteRequest(trx, oldest.fromId, toId)
}

export const removeExpiredRequests = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('friendRequests')
    .where('expiresAt', '<', before)
    .orderBy('expiresAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
