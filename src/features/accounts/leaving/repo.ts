import type { Executor } from '../../../adapters/db/index.ts'
import type { LoginGuard } from '../api.ts'
import { isHeldUp } from '../failures/repo.ts'

/** False: it is not active. Locks the account; a login at this moment is either among those that end, or fails. */
export const startLeaving = async (
  trx: Executor,
  userId: number,
  { finalAt, nowMs }: { finalAt: number; nowMs: number },
): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('accounts')
    .set((eb) => ({ status: 'leaving', finalAt, epoch: eb('epoch', '+', 1), updatedAt: nowMs }))
    .where('userId', '=', userId)
    .where('status', '=', 'active')
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

/** When an account that leaves is final. */
export const findFinalAt = async (db: Executor, userId: number): Promise<number | undefined> => {
  const row = await db
    .selectFrom('accounts')
    .select('finalAt')
    .where('userId', '=', userId)
    .where('status', '=', 'leaving')
    .executeTakeFirst()
  return row?.finalAt ?? undefined
}

/** Under the same condition as a login: a burst of guesses gets no further than guesses one after another. */
export const stopLeaving = async (
  trx: Executor,
  { userId, epoch, nowMs }: { userId: number; epoch: number; nowMs: number },
  guard?: LoginGuard,
): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('accounts')
    .set({ status: 'active', finalAt: null, updatedAt: nowMs })
    .where('userId', '=', userId)
    .where('epoch', '=', epoch)
    .where('status', '=', 'leaving')
    .where('finalAt', '>', nowMs)
    .$if(guard !== undefined, (query) =>
      query.where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('loginFailures')
              .select('loginFailures.network')
              .where('loginFailures.loginKey', '=', guard?.failureKey ?? Buffer.alloc(0))
              .where('loginFailures.network', '=', guard?.place ?? '')
              .where((failures) => isHeldUp(failures, guard as LoginGuard)),
          ),
        ),
      ),
    )
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

/** Accounts whose time of regret is over, the oldest first. */
export const findFinal = async (db: Executor, nowMs: number, most: number): Promise<number[]> => {
  const rows = await db
    .selectFrom('accounts')
    .select('userId')
    .where('finalAt', '<=', nowMs)
    .where('status', '=', 'leaving')
    .orderBy('finalAt')
    .limit(most)
    .execute()
  return rows.map(({ userId }) => userId)
}

/** `onlyDue`: only if it leaves, and its time of regret is over. False: it is not so, or was deleted already. */
export const markDeleted = async (
  trx: Executor,
  userId: number,
  { nowMs, onlyDue = false }: { nowMs: number; onlyDue?: boolean },
): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('accounts')
    .set({ status: 'deleted', statusReason: '', disabledUntil: null, finalAt: nowMs, updatedAt: nowMs })
    .where('userId', '=', userId)
    .where('status', '!=', 'deleted')
    .$if(onlyDue, (query) => query.where('status', '=', 'leaving').where('finalAt', '<=', nowMs))
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

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
