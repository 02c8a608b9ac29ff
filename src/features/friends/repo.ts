import type { Executor } from '../../adapters/db/index.ts'
import { sql } from '../../adapters/db/kysely.ts'

export type PairRow = {
  userId: number
  otherId: number
  followedAt: number | null
  friendAt: number | null
  remark: string | null
  permissions: number | null
  blockedAt: number | null
}

/** The rows between a user and each of the others, in both directions; those of blocks have `blockedAt` alone. */
export const findPairRows = (db: Executor, userId: number, ids: readonly number[]): Promise<PairRow[]> => {
  const relations = db
    .selectFrom('relations')
    .select(['userId', 'otherId', 'followedAt', 'friendAt', 'remark', 'permissions'])
    .select(sql<number | null>`null`.as('blockedAt'))
  const blocks = db
    .selectFrom('blocks')
    .select(['userId', 'otherId'])
    .select([
      sql<number | null>`null`.as('followedAt'),
      sql<number | null>`null`.as('friendAt'),
      sql<string | null>`null`.as('remark'),
      sql<number | null>`null`.as('permissions'),
    ])
    .select((eb) => eb.ref('blockedAt').$castTo<number | null>().as('blockedAt'))
  return relations
    .where('userId', '=', userId)
    .where('otherId', 'in', ids)
    .unionAll(relations.where('userId', 'in', ids).where('otherId', '=', userId))
    .unionAll(blocks.where('userId', '=', userId).where('otherId', 'in', ids))
    .unionAll(blocks.where('userId', 'in', ids).where('otherId', '=', userId))
    .execute()
}

export const findCountsRows = (db: Executor, ids: readonly number[]) =>
  db
    .selectFrom('friendCounts')
    .select(['userId', 'following', 'fans', 'mutual', 'friends', 'blocked'])
    .where('userId', 'in', ids)
    .execute()

/** False: there is no such relation. */
export const updateRelation = async (
  db: Executor,
  { userId, otherId }: { userId: number; otherId: number },
  change: { remark?: string | null; permissions?: number | null },
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('relations')
    .set(change)
    .where('userId', '=', userId)
    .where('otherId', '=', otherId)
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}
