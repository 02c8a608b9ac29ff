import type { Db, Executor } from '../../../adapters/db/index.ts'
import type { AccountRow } from '../tables.ts'

export type Disabling = {
  /** As the user is told. */
  reason: string
  /** Null: for good. */
  until: number | null
}

/** An account that leaves is kept, for what an administrator has to look into. Disabled already: from now on until this time, and for this reason. False: it was exactly so, or it is not there any more. */
export const disableAccount = async (
  trx: Executor,
  userId: number,
  { reason, until, nowMs }: Disabling & { nowMs: number },
): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('accounts')
    .set({ status: 'disabled', statusReason: reason, disabledUntil: until, finalAt: null, updatedAt: nowMs })
    .where('userId', '=', userId)
    .where('status', 'in', ['active', 'leaving', 'disabled'])
    .where(({ or, eb }) =>
      or([
        eb('status', '!=', 'disabled'),
        eb('statusReason', '!=', reason),
        eb(eb.fn.coalesce('disabledUntil', eb.val(0)), '!=', until ?? 0),
      ]),
    )
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

const enabled = { status: 'active', statusReason: '', disabledUntil: null } as const

/** False: it was not disabled. */
export const enableAccount = async (trx: Executor, userId: number, nowMs: number): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('accounts')
    .set({ ...enabled, updatedAt: nowMs })
    .where('userId', '=', userId)
    .where('status', '=', 'disabled')
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

/** Makes an account active whose time is over. True: it is active now, whoever made it so. */
export const enableOver = async (db: Executor, userId: number, nowMs: number): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('accounts')
    .set({ ...enabled, updatedAt: nowMs })
    .where('userId', '=', userId)
    .where(({ or, and, eb }) =>
      or([
        eb('status', '=', 'active'),
        and([eb('status', '=', 'disabled'), eb('disabledUntil', '<=', nowMs)]),
      ]),
    )
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

export type StatusRow = Pick<AccountRow, 'status' | 'statusReason'> & { disabledUntil: number | null }

/**
 * Their rows, held until the transaction ends. An act on two accounts locks both in one call, which takes them in the order
 * of their numbers, so that two acts at once do not wait for each other.
 */
export const createLockAccounts =
  (engine: Db['engine']) =>
  (trx: Executor, userIds: readonly number[]): Promise<(StatusRow & { userId: number })[]> =>
    trx
      .selectFrom('accounts')
      .select(['userId', 'status', 'statusReason', 'disabledUntil'])
      .where('userId', 'in', userIds)
      .orderBy('userId')
      .$if(engine === 'mysql', (query) => query.forUpdate())
      .execute()
