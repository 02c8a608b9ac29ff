import type { Executor } from '../../../adapters/db/index.ts'
import { createStatement } from '../../../adapters/db/statement.ts'
import type { AccountFound } from '../repo.ts'

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

const ofAddressStatement = createStatement((db, { loginKey, nowMs }: { loginKey: Buffer; nowMs: number }) =>
  db
    .selectFrom('addresses')
    .innerJoin('accounts', 'accounts.userId', 'addresses.userId')
    .innerJoin('users', 'users.userId', 'addresses.userId')
    .select(['accounts.userId', 'accounts.tag', 'accounts.status', 'accounts.epoch'])
    .select(['users.userName', 'users.nickName'])
    .select((eb) =>
      eb
        .selectFrom('logins')
        .select((live) => live.fn.countAll().as('count'))
        .whereRef('logins.userId', '=', 'accounts.userId')
        .where('logins.endedAt', 'is', null)
        .where('logins.expiresAt', '>', nowMs)
        .as('liveLogins'),
    )
    .where('addresses.loginKey', '=', loginKey),
)

export type AccountOfAddress = Pick<
  AccountFound,
  'userId' | 'tag' | 'status' | 'epoch' | 'userName' | 'nickName'
> & { liveLogins: number }

/** The account that has verified an address. */
export const findAccountOfAddress = async (
  db: Executor,
  loginKey: Buffer,
  nowMs: number,
): Promise<AccountOfAddress | undefined> => {
  const [row] = (await ofAddressStatement(db, { loginKey, nowMs })).rows
  return row && { ...row, liveLogins: Number(row.liveLogins) }
}
