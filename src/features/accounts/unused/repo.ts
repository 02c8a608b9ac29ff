import type { Executor } from '../../../adapters/db/index.ts'

/** Those that may be judged, the oldest first. */
export const findUnusedAccounts = (
  db: Executor,
  before: number,
  most: number,
): Promise<{ userId: number }[]> =>
  db
    .selectFrom('accounts')
    .select('userId')
    .where('unusedSince', '<', before)
    .orderBy('unusedSince')
    .limit(most)
    .execute()

/**
 * From now on the account counts as used. In a transaction it also locks the row, which every login that is inserted
 * shares. False: it counted as used already.
 */
export const markUsed = async (db: Executor, userId: number): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('accounts')
    .set({ unusedSince: null })
    .where('userId', '=', userId)
    .where('unusedSince', 'is not', null)
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

/** The account, and its first logins: two are enough to judge it. */
export const findUse = async (trx: Executor, userId: number) => {
  const account = await trx
    .selectFrom('accounts')
    .select(['userId', 'status', 'createdAt', 'updatedAt'])
    .where('userId', '=', userId)
    .executeTakeFirstOrThrow()
  const logins = await trx
    .selectFrom('logins')
    .select(['a2Counter', 'expiresAt', 'endedAt'])
    .where('userId', '=', userId)
    .limit(2)
    .execute()
  return { account, logins }
}

export const setUnusedSince = async (trx: Executor, userId: number, unusedSince: number): Promise<void> => {
  await trx.updateTable('accounts').set({ unusedSince }).where('userId', '=', userId).execute()
}
