import type { Executor } from '../../../adapters/db/index.ts'
import { createStatement } from '../../../adapters/db/statement.ts'
import type { AccountFound } from '../repo.ts'
import { noVerifier } from '../verifier.ts'

const nameStatement = createStatement((db, values: { loginKey: Buffer; skeleton: Buffer }) =>
  db
    .selectFrom('verifiers')
    .select('userId')
    .where('loginKey', '=', values.loginKey)
    .unionAll(db.selectFrom('users').select('userId').where('skeleton', '=', values.skeleton)),
)

/** Whether a user name, or one that looks like it, is taken. */
export const isNameTaken = async (db: Executor, loginKey: Buffer, skeleton: Buffer): Promise<boolean> => {
  const { rows } = await nameStatement(db, { loginKey, skeleton })
  return rows.length > 0
}

type OfAddress = { loginKey: Buffer; nowMs: number; deviceId: Buffer }

const ofAddressStatement = createStatement((db, { loginKey, nowMs, deviceId }: OfAddress) =>
  db
    .selectFrom('addresses')
    .innerJoin('accounts', 'accounts.userId', 'addresses.userId')
    .innerJoin('users', 'users.userId', 'addresses.userId')
    .leftJoin('addresses as m', (join) =>
      join.onRef('m.userId', '=', 'addresses.userId').on('m.kind', '=', 'email'),
    )
    .select(['accounts.userId', 'accounts.tag', 'accounts.status', 'accounts.epoch', 'accounts.mustChange'])
    .select('accounts.deviceSlots')
    .select(['users.userName', 'users.nickName', 'm.text as mail'])
    .select((eb) =>
      eb
        .selectFrom('logins')
        .select((live) => live.fn.countAll().as('count'))
        .whereRef('logins.userId', '=', 'accounts.userId')
        .where('logins.endedAt', 'is', null)
        .where('logins.expiresAt', '>', nowMs)
        .as('liveLogins'),
    )
    .select((eb) =>
      eb
        .exists(
          eb
            .selectFrom('logins')
            .select('logins.loginId')
            .whereRef('logins.userId', '=', 'accounts.userId')
            .where('logins.deviceId', '=', deviceId),
        )
        .as('isKnownDevice'),
    )
    .where('addresses.loginKey', '=', loginKey),
)

export type AccountOfAddress = Pick<
  AccountFound,
  'userId' | 'tag' | 'status' | 'epoch' | 'mustChange' | 'deviceSlots' | 'userName' | 'nickName' | 'mail'
> & { liveLogins: number; isKnownDevice: boolean }

/** The account that has verified an address. */
export const findAccountOfAddress = async (
  db: Executor,
  loginKey: Buffer,
  { nowMs, deviceId = '' }: { nowMs: number; deviceId?: string | undefined },
): Promise<AccountOfAddress | undefined> => {
  const [row] = (await ofAddressStatement(db, { loginKey, nowMs, deviceId: Buffer.from(deviceId, 'hex') }))
    .rows
  return row && { ...row, liveLogins: Number(row.liveLogins), isKnownDevice: Number(row.isKnownDevice) === 1 }
}

export const lockAccount = async (
  trx: Executor,
  { userId, epoch, nowMs }: { userId: number; epoch: number; nowMs: number },
): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('accounts')
    .set({ updatedAt: nowMs })
    .where('userId', '=', userId)
    .where('epoch', '=', epoch)
    .where('status', '=', 'active')
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

export const deleteVerifier = async (trx: Executor, loginKey: Buffer): Promise<void> => {
  await trx.deleteFrom('verifiers').where('loginKey', '=', loginKey).execute()
}

export const hasPasswordBeside = async (
  trx: Executor,
  userId: number,
  loginKey: Buffer,
): Promise<boolean> => {
  const row = await trx
    .selectFrom('verifiers')
    .select('userId')
    .where('userId', '=', userId)
    .where('loginKey', '!=', loginKey)
    .where('verifier', '!=', noVerifier)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
