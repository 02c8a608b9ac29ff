import type { Executor } from '../../../adapters/db/index.ts'
import { sql } from '../../../adapters/db/kysely.ts'
import type { FriendCounts } from '../api.ts'

export const counters = ['following', 'fans', 'mutual', 'friends', 'blocked'] as const

/** The counters of a user as they are kept, and the rows as they are. */
export type Counted = { userId: number; kept: FriendCounts; rows: FriendCounts }

/** In one statement, so that both are of one moment: an act that is not finished counts in neither. */
const selectCounts = (db: Executor) => {
  const count = (table: 'relations' | 'blocks', own: string, since: string) =>
    sql<number>`(select count(*) from ${sql.table(table)} as r
      where ${sql.ref(`r.${own}`)} = ${sql.ref('accounts.userId')} and ${sql.ref(`r.${since}`)} is not null)`
  return (
    db
      .selectFrom('accounts')
      .leftJoin('friendCounts as kept', 'kept.userId', 'accounts.userId')
      .select([
        'accounts.userId',
        'kept.following',
        'kept.fans',
        'kept.mutual',
        'kept.friends',
        'kept.blocked',
      ])
      .select([
        count('relations', 'userId', 'followedAt').as('followingRows'),
        count('relations', 'otherId', 'followedAt').as('fansRows'),
        count('relations', 'userId', 'mutualAt').as('mutualRows'),
        count('relations', 'userId', 'friendAt').as('friendsRows'),
        count('blocks', 'userId', 'blockedAt').as('blockedRows'),
      ])
      // What is left of a deleted account leaves in batches.
      .where('accounts.status', '!=', 'deleted')
  )
}

type Row = Awaited<ReturnType<ReturnType<typeof selectCounts>['execute']>>[number]

const readRow = (row: Row): Counted => ({
  userId: row.userId,
  kept: {
    following: row.following ?? 0,
    fans: row.fans ?? 0,
    mutual: row.mutual ?? 0,
    friends: row.friends ?? 0,
    blocked: row.blocked ?? 0,
  },
  rows: {
    following: Number(row.followingRows),
    fans: Number(row.fansRows),
    mutual: Number(row.mutualRows),
    friends: Number(row.friendsRows),
    blocked: Number(row.blockedRows),
  },
})

/** The next users by number. */
export const countSome = async (db: Executor, after: number, most: number): Promise<Counted[]> => {
  const rows = selectCounts(db).where('accounts.userId', '>', after).orderBy('accounts.userId').limit(most)
  return (await rows.execute()).map(readRow)
}

export const countOne = async (db: Executor, userId: number): Promise<Counted | undefined> => {
  const row = await selectCounts(db).where('accounts.userId', '=', userId).executeTakeFirst()
  return row && readRow(row)
}

/** Until the transaction ends no act changes these counters. */
export const lockCounts = async (trx: Executor, userId: number): Promise<void> => {
  await trx
    .insertInto('friendCounts')
    .values({
      userId,
      following: 0,
      fans: 0,
      mutual: 0,
      friends: 0,
      blocked: 0,
      askedDay: 0,
      asked: 0,
      toldDay: 0,
      told: 0,
    })
    .onConflict((conflict) =>
      conflict.column('userId').doUpdateSet((eb) => ({ userId: eb.ref('excluded.userId') })),
    )
    .execute()
}

export const setCounts = async (trx: Executor, userId: number, counts: FriendCounts): Promise<void> => {
  await trx.updateTable('friendCounts').set(counts).where('userId', '=', userId).execute()
}
