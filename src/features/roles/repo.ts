import type { Executor } from '../../adapters/db/index.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { Acting, Grant } from './api.ts'
import type { RoleGrantRow } from './tables.ts'

const countingStatement = createStatement((db, { userId, appId }: Acting) =>
  db
    .selectFrom('roleGrants')
    .select('role')
    .where('userId', '=', userId)
    .where(({ or, eb }) => or([eb('appId', '=', ''), eb('appId', '=', appId)])),
)

/** The roles of a user that count for tickets of an app. */
export const findCounting = async (db: Executor, acting: Acting): Promise<string[]> =>
  (await countingStatement(db, acting)).rows.map(({ role }) => role)

export const findGrants = (db: Executor, userId: number): Promise<Grant[]> =>
  db
    .selectFrom('roleGrants')
    .select(['role', 'appId'])
    .where('userId', '=', userId)
    .orderBy('role')
    .orderBy('appId')
    .execute()

/** All that up to a hundred users hold. */
export const findGrantsOf = (db: Executor, userIds: readonly number[]) =>
  db
    .selectFrom('roleGrants')
    .select(['userId', 'role', 'appId'])
    .where('userId', 'in', userIds)
    .orderBy('userId')
    .orderBy('role')
    .execute()

/** By role and user number, those behind `after`. */
export const findHolders = (
  db: Executor,
  role: string,
  { after, most }: { after: number; most: number },
): Promise<RoleGrantRow[]> =>
  db
    .selectFrom('roleGrants')
    .selectAll()
    .where('role', '=', role)
    .where('userId', '>', after)
    .orderBy('userId')
    .limit(most)
    .execute()

/** The name of the next role after this one, in the order of the alphabet. */
export const findRoleAfter = async (db: Executor, role: string): Promise<string | undefined> => {
  const row = await db
    .selectFrom('roleGrants')
    .select('role')
    .where('role', '>', role)
    .orderBy('role')
    .limit(1)
    .executeTakeFirst()
  return row?.role
}

export const insertGrant = async (trx: Executor, row: RoleGrantRow): Promise<void> => {
  await trx.insertInto('roleGrants').values(row).execute()
}

/** False: the user does not have it. */
export const deleteGrant = async (
  trx: Executor,
  { userId, role, appId }: Grant & { userId: number },
): Promise<boolean> => {
  const { numDeletedRows } = await trx
    .deleteFrom('roleGrants')
    .where('userId', '=', userId)
    .where('role', '=', role)
    .where('appId', '=', appId)
    .executeTakeFirst()
  return Number(numDeletedRows) > 0
}

/** All that a user holds. */
export const deleteGrantsOf = async (trx: Executor, userId: number): Promise<void> => {
  await trx.deleteFrom('roleGrants').where('userId', '=', userId).execute()
}
