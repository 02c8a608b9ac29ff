/** The old password before a new one. A wrong one counts as a failed login: a stolen ticket must not try passwords. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db } from '../../../adapters/db/index.ts'
import type { AppCaller } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { Captcha } from '../../captcha/api.ts'
import type { LoginGuard } from '../api.ts'
import type { NetworkFailures } from '../failures/networks.ts'
import type { FailuresService } from '../failures/rule.ts'
import type { FindFit } from '../find-fit.ts'
import { numberKey } from '../login-keys.ts'
import type { PasswordInput, Passwords } from '../passwords.ts'
import { findLoginSituation } from '../repo.ts'
import { noVerifier } from '../verifier.ts'
import type { NewPassword } from './new-password.ts'
import type { Credentials } from './repo.ts'

export type CheckOldNeeds = {
  db: Db
  clock: Clock
  passwords: Passwords
  findFit: FindFit
  saltOf: NewPassword['saltOf']
  failures: FailuresService
  networks: NetworkFailures
  captcha: Pick<Captcha, 'countFailure'>
}

/** `salt` says for which login `clientHash` was made. */
export type OldPassword = PasswordInput & { salt?: string | undefined }

export const createCheckOld = (needs: CheckOldNeeds) => {
  const { db, clock, passwords, findFit, saltOf, failures, networks, captcha } = needs

  /** A login that has a password; of a hash, the one whose salt it names. */
  const findLogin = ({ logins }: Credentials, { password, salt }: OldPassword) =>
    logins.find(
      (login) => login.verifier !== noVerifier && (password !== undefined || saltOf(login) === salt),
    )

  /** Throws OLD_PASSWORD_WRONG, or TOO_OFTEN. Returns what the new password is still guarded by. */
  return async function checkOld(
    credentials: Credentials,
    old: OldPassword,
    caller: AppCaller,
  ): Promise<LoginGuard> {
    const situation = await findLoginSituation(db.write, {
      givenKey: numberKey(credentials.account.userId),
      nowMs: clock.now(),
      network: caller.address.network,
      deviceId: caller.device?.knownAs,
    })
    failures.check(situation)
    if (!situation.isKnownDevice) networks.check(caller.address)
    const login = findLogin(credentials, old)
    const hashes = await passwords.hashesOf(old, () => (login ? saltOf(login) : ''.padEnd(22, '.')))
    if (!login || !(await findFit(hashes, login))) {
      const refusal = await failures.count(situation)
      const [wait] = await Promise.all([networks.count(caller.address), captcha.countFailure(caller)])
      throw wait ?? (refusal.entry.name === 'LOGIN_FAILED' ? new Failure('OLD_PASSWORD_WRONG') : refusal)
    }
    await failures.clear(situation)
    return failures.guardOf(situation)
  }
}
