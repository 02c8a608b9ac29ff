import type { lockAccount } from './by-address/repo.ts'
import type { FailureGuard, isHeldUp } from './failures/repo.ts'
import type { raiseEpoch } from './repo.ts'
import type { createLockAccounts, StatusRow } from './status/repo.ts'
import type { AccountRow } from './tables.ts'
import type { markUsed } from './unused/repo.ts'

export type AccountStatus = AccountRow['status']
/** What the row says of it. */
export type AccountState = StatusRow
/** Holds accounts until the transaction ends. */
export type LockAccounts = ReturnType<typeof createLockAccounts>
export type { AccountAct, AccountDisabling } from './admin.ts'
export type { CheckActive, TellDisabled } from './status/rule.ts'
/** Whether a row of failures holds up a login, as the condition of a statement. */
export type IsHeldUp = typeof isHeldUp
/** The rule of failures as numbers for that condition. */
export type LoginGuard = FailureGuard
/** Ends what was issued to an account under its epoch so far. */
export type RaiseEpoch = typeof raiseEpoch
/** Changes of one account come one after another, as part of a transaction. */
export type LockAccount = typeof lockAccount
/** From now on the account does not leave as an unused one. */
export type MarkUsed = typeof markUsed
export type { AddressLogins, AddressVerifier } from './by-address/logins.ts'
export type { AccountOfAddress, findAccountOfAddress, findAccountOfUser } from './by-address/repo.ts'
export type { Credentials } from './credentials/repo.ts'
export type { CredentialsService } from './credentials/service.ts'
export type { NameLogin } from './name-login.ts'
export type { Opened, Opening } from './opening.ts'
export type { ProvenPerson, RegisterProven } from './register-proven.ts'
export type { WelcomeReply } from './wire.ts'
