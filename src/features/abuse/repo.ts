import type { Executor } from '../../adapters/db/index.ts'

export type Ban = { network: string; bannedUntil: number; reason: string; createdAt: number }

/** Bans that still hold; ended ones stay in the table for the record. */
export const findBans = (db: Executor, nowMs: number): Promise<Ban[]> =>
  db.selectFrom('bans').selectAll().where('bannedUntil', '>', nowMs).orderBy('network').execute()

export const replaceBan = async (db: Executor, ban: Ban): Promise<void> => {
  await db.deleteFrom('bans').where('network', '=', ban.network).execute()
  await db.insertInto('bans').values(ban).execute()
}

/** True if there was one that still held. */
export const removeBan = async (db: Executor, network: string, nowMs: number): Promise<boolean> => {
  const { numDeletedRows } = await db
    .deleteFrom('bans')
    .where('network', '=', network)
    .where('bannedUntil', '>', nowMs)
    .executeTakeFirst()
  return Number(numDeletedRows) > 0
}
