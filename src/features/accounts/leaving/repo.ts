import type { Executor } from '../../../adapters/db/index.ts'

export type Due = { userId: number; finalAt: number }

/** Deleted accounts of which something is left, those that are due first. */
export const findErasures = async (db: Executor, nowMs: number, most: number): Promise<Due[]> => {
  const rows = await db
    .selectFrom('accounts')
    .select(['userId', 'finalAt'])
    .where('finalAt', '<=', nowMs)
    .where('status', '=', 'deleted')
    .orderBy('finalAt')
    .limit(most)
    .execute()
  return rows.flatMap(({ userId, finalAt }) => (finalAt === null ? [] : [{ userId, finalAt }]))
}

/** Leases the rest of a deleted account. False: another process has done so. */
export const claimErasure = async (
  db: Executor,
  { userId, seen, until }: { userId: number; seen: number; until: number },
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('accounts')
    .set({ finalAt: until })
    .where('userId', '=', userId)
    .where('status', '=', 'deleted')
    .where('finalAt', '=', seen)
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

/** Nothing is left of it. */
export const endErasure = async (
  db: Executor,
  { userId, seen }: { userId: number; seen: number },
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('accounts')
    .set({ finalAt: null })
    .where('userId', '=', userId)
    .where('finalAt', '=', seen)
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

export const removeVerifiers = async (trx: Executor, userId: number): Promise<void> => {
  await trx.deleteFrom('verifiers').where('userId', '=', userId).execute()
}

export const findTag = async (db: Executor, userId: number): Promise<Buffer | undefined> =>
  (await db.selectFrom('accounts').select('tag').where('userId', '=', userId).executeTakeFirst())?.tag

export const collectAccount = (db: Executor, userId: number) =>
  db
    .selectFrom('accounts')
    .select(['userId', 'status', 'statusReason', 'mustChange', 'deviceSlots', 'finalAt'])
    .select(['createdAt', 'updatedAt'])
    .where('userId', '=', userId)
    .execute()

/** The logins without their secrets. */
export const collectVerifiers = async (db: Executor, userId: number) => {
  const rows = await db
    .selectFrom('verifiers')
    .select(['loginKey', 'createdAt', 'updatedAt'])
    .where('userId', '=', userId)
    .orderBy('loginKey')
    .execute()
  return rows.map(({ loginKey, ...times }) => ({ login: loginKey.toString(), ...times }))
}
