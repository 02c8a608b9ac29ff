import type { Executor } from '../../../adapters/db/index.ts'
import type { LoginVerifier } from '../repo.ts'
import type { AccountRow } from '../tables.ts'
import { noVerifier } from '../verifier.ts'

export type AccountOfUser = Pick<AccountRow, 'tag' | 'status' | 'statusReason' | 'epoch'> & {
  userId: number
  disabledUntil: number | null
  mustChange: number
  deviceSlots: string | null
  userName: string
  nickName: string
}

/** An account with the verifier of each of its logins. `setAt`: when its password was set, at the latest. */
export type Credentials = { account: AccountOfUser; logins: readonly LoginVerifier[]; setAt: number }

/** From the primary, in one trip. */
export const findCredentials = async (db: Executor, userId: number): Promise<Credentials | undefined> => {
  const rows = await db
    .selectFrom('verifiers as v')
    .innerJoin('accounts as a', 'a.userId', 'v.userId')
    .innerJoin('users as u', 'u.userId', 'v.userId')
    .select(['v.loginKey', 'v.saltFrom', 'v.verifier', 'v.nextVerifier', 'v.updatedAt'])
    .select(['a.userId', 'a.tag', 'a.status', 'a.epoch', 'a.mustChange', 'a.deviceSlots'])
    .select(['a.statusReason', 'a.disabledUntil', 'u.userName', 'u.nickName'])
    .where('v.userId', '=', userId)
    .orderBy('v.loginKey')
    .execute()
  const [first] = rows
  if (!first) return undefined
  const { tag, status, statusReason, disabledUntil, epoch, mustChange, deviceSlots } = first
  const { userName, nickName } = first
  return {
    account: {
      userId,
      tag,
      status,
      statusReason,
      disabledUntil,
      epoch,
      mustChange,
      deviceSlots,
      userName,
      nickName,
    },
    setAt: Math.max(...rows.map(({ updatedAt }) => Number(updatedAt))),
    logins: rows.map(({ loginKey, saltFrom, verifier, nextVerifier }) => ({
      loginKey,
      saltFrom,
      verifier,
      nextVerifier,
    })),
  }
}

export type Turn = { userId: number; epoch: number; mustChange: number; nowMs: number }

/**
 * The one guarded statement of a new password: of many that read the same epoch, one raises it. False: the account is
 * in another epoch by now, or no longer active.
 */
export const raiseEpochFrom = async (
  trx: Executor,
  { userId, epoch, mustChange, nowMs }: Turn,
): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('accounts')
    .set({ epoch: epoch + 1, mustChange, updatedAt: nowMs })
    .where('userId', '=', userId)
    .where('epoch', '=', epoch)
    .where('status', '=', 'active')
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

/** Every login of the user gets its verifier; one that is not among them has no password from now on. */
export const replaceVerifiers = async (
  trx: Executor,
  userId: number,
  verifiers: readonly LoginVerifier[],
  nowMs: number,
): Promise<void> => {
  const replaced = { nextVerifier: null, updatedAt: nowMs }
  await trx
    .updateTable('verifiers')
    .set({ ...replaced, verifier: noVerifier })
    .where('userId', '=', userId)
    .execute()
  for (const { loginKey, verifier, nextVerifier } of verifiers) {
    await trx
      .updateTable('verifiers')
      .set({ verifier, nextVerifier, updatedAt: nowMs })
      .where('userId', '=', userId)
      .where('loginKey', '=', loginKey)
      .execute()
  }
}
