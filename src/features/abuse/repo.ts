import type { Executor } from '../../adapters/db/index.ts'
import { createStatement } from '../../adapters/db/statement.ts'

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

export type Sighting = { address: string; family: string; scope: string; at: number; requests: number }

const sightingStatement = createStatement((db, { address, family, scope, at, requests }: Sighting) =>
  db
    .insertInto('addresses')
    .values({ address, family, scope, firstSeenAt: at, lastSeenAt: at, requests })
    .onConflict((conflict) =>
      conflict.column('address').doUpdateSet((eb) => ({
        lastSeenAt: eb.ref('excluded.lastSeenAt'),
        requests: eb('addresses.requests', '+', eb.ref('excluded.requests')),
      })),
    ),
)

/** Addresses that have not called since then. */
export const removeOldSightings = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('addresses')
    .where('lastSeenAt', '<', before)
    .orderBy('lastSeenAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/** Adds to the row of an address, or makes it. */
export const recordSighting = async (db: Executor, sighting: Sighting): Promise<void> => {
  await sightingStatement(db, sighting)
}
