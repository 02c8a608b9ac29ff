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

const mostRemoved = 1_000

/** Addresses that nobody has called from since then; so many at once, for there may be years of them. */
export const removeOldSightings = async (db: Executor, seenBefore: number): Promise<void> => {
  const old = db.selectFrom('addresses').select('address').where('lastSeenAt', '<', seenBefore)
  for (let isMore = true; isMore; ) {
    const rows = await old.limit(mostRemoved).execute()
    isMore = rows.length === mostRemoved
    const addresses = rows.map(({ address }) => address)
    if (addresses.length > 0)
      await db
        .deleteFrom('addresses')
        .where('address', 'in', addresses)
        .where('lastSeenAt', '<', seenBefore)
        .execute()
  }
}

/** Adds to the row of an address, or makes it. */
export const recordSighting = async (db: Executor, sighting: Sighting): Promise<void> => {
  await sightingStatement(db, sighting)
}
