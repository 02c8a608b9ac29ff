import type { Executor } from '../../../adapters/db/index.ts'
import { createStatement } from '../../../adapters/db/statement.ts'
import type { LoginWithAccount } from '../repo.ts'

const statement = createStatement((db, { loginId }: { loginId: Buffer }) =>
  db
    .selectFrom('logins')
    .innerJoin('accounts', 'accounts.userId', 'logins.userId')
    .innerJoin('users', 'users.userId', 'logins.userId')
    .selectAll('logins')
    .select(['accounts.status', 'accounts.statusReason', 'accounts.disabledUntil'])
    .select(['accounts.epoch as accountEpoch', 'users.userName', 'users.nickName'])
    .where('logins.loginId', '=', loginId),
)

export type LoginWithNames = LoginWithAccount & { userName: string; nickName: string }

export const findLogin = async (db: Executor, loginId: Buffer): Promise<LoginWithNames | undefined> =>
  (await statement(db, { loginId })).rows[0]
