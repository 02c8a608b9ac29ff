/** Which account a login means, by its password; the login itself begins among the tickets. */
import type { Clock } from '../../adapters/clock.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { AppCaller, CallerKey } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Captcha } from '../captcha/api.ts'
import type { Keys, ProvenKey } from '../key-exchange/api.ts'
import type { Move } from './costs/move.ts'
import { hasNewPassword } from './credentials/new-password.ts'
import type { Replacement } from './credentials/replace.ts'
import type { CredentialsService } from './credentials/service.ts'
import type { NetworkFailures } from './failures/networks.ts'
import type { FailuresService } from './failures/rule.ts'
import type { FindKey } from './find-key.ts'
import type { Hashes } from './hashes.ts'
import type { ComeBack } from './leaving/come-back.ts'
import type { NewDevice } from './new-device/notice.ts'
import type { Passwords } from './passwords.ts'
import { type AccountFound, findLoginSituation, type LoginSituation } from './repo.ts'
import type { CheckActive } from './status/rule.ts'
import { welcome, withRecovered, withReplaced } from './welcome.ts'
import type { LoginInput, LoginReply } from './wire.ts'

export type LoginNeeds = {
  db: Db
  clock: Clock
  passwords: Passwords
  move: Move
  findKey: FindKey
  findSalt(typed: string): Promise<string>
  failures: FailuresService
  networks: NetworkFailures
  checkActive: CheckActive
  comeBack: ComeBack
  credentials: CredentialsService
  newDevice: Pick<NewDevice, 'begin'>
  keys: Pick<Keys, 'prove'>
  captcha: Pick<Captcha, 'checkLogin' | 'countFailure'>
  /** How long a password that an administrator has set works. */
  oneTimeMs: number
  /** Where a caller belongs, if that is not here. */
  findRedirect(caller: AppCaller, key: CallerKey): string | undefined
}

const mostTries = 3

const oneTimeOver = () =>
  new Failure('LOGIN_FAILED', {
    info: 'The one-time password is over: ask for another one, or reset the password by a code.',
    cause: new Error('the one-time password is over; see accounts.oneTimePasswordHours'),
  })

export const createLogin = (needs: LoginNeeds) => {
  const { db, clock, passwords, failures, networks, newDevice, captcha, credentials } = needs

  /** The account, if the password is right and it may log in. Throws every refusal of a login. */
  const authenticate = async (situation: LoginSituation, hashes: Hashes, caller: AppCaller) => {
    const { account } = situation
    const fitting = await credentials.findFit(hashes, account)
    if (!fitting || !account) {
      // A byte-equal copy of a wrong login counts once.
      if (caller.isRepeat) throw new Failure('LOGIN_FAILED')
      const refusal = await failures.count(situation)
      const [wait] = await Promise.all([networks.count(caller.address), captcha.countFailure(caller)])
      throw wait ?? refusal
    }
    if (!needs.comeBack.isLeaving(account)) await needs.checkActive(db.write, account)
    return { account, fitting }
  }

  /**
   * Asks for a captcha where failures demand one; a right one stands for the waits of a streak. The pause of this place
   * comes first, so that no device works for nothing.
   */
  const judge = async (situation: LoginSituation, input: LoginInput, caller: AppCaller) => {
    const withoutStreak = { ...situation, isKnownDevice: true }
    failures.check(withoutStreak)
    if (!situation.isKnownDevice) networks.check(caller.address)
    const { failedAt, isKnownDevice } = situation
    const facts = { failedAt, isKnownDevice, isStreak: failures.isStreak(situation) }
    if (await captcha.checkLogin(input.captcha, caller, facts)) return withoutStreak
    failures.check(situation)
    return situation
  }

  /** The password was right, and a new one takes its place: also the way on where an administrator has set it. */
  const changePassword = async (
    { userId, epoch }: AccountFound,
    input: LoginInput,
    caller: AppCaller,
    { proof, guard }: Pick<Replacement, 'proof' | 'guard'>,
  ): Promise<LoginReply | undefined> => {
    const found = await credentials.find(userId)
    // Changed since it was judged.
    if (found?.account.epoch !== epoch) return undefined
    if (found.account.mustChange === 1 && found.setAt <= clock.now() - needs.oneTimeMs) throw oneTimeOver()
    if (!hasNewPassword(input)) {
      throw new Failure('PASSWORD_MUST_CHANGE', { members: credentials.describe(found) })
    }
    const kept = await credentials.create(input, found)
    const { device } = input
    return credentials.replace({
      credentials: found,
      verifiers: kept,
      kind: 'password.changed',
      caller,
      device,
      proof,
      guard,
    })
  }

  /** Undefined: the situation changed while it was judged (failures of a burst, or the account's state). */
  const attempt = async (
    input: LoginInput,
    typed: string,
    caller: AppCaller,
    key: ProvenKey | undefined,
    so: { hasSolved: boolean; isBack: boolean },
  ): Promise<LoginReply | undefined> => {
    const found = await findLoginSituation(db.write, {
      nowMs: clock.now(),
      givenKey: await needs.findKey(typed),
      network: caller.address.network,
      deviceId: caller.device?.knownAs,
    })
    // A captcha is used up by the first of several tries.
    const situation = so.hasSolved ? { ...found, isKnownDevice: true } : await judge(found, input, caller)
    so.hasSolved = situation !== found
    const hashes = await passwords.hashesOf(input, () => needs.findSalt(typed))
    const { account, fitting } = await authenticate(situation, hashes, caller)
    const guard = failures.guardOf(situation)
    if (needs.comeBack.isLeaving(account)) {
      so.isBack = await db.transaction((trx) => needs.comeBack.take(trx, account, caller, guard))
      if (!so.isBack) return undefined
    }
    if (account.mustChange === 1 || hasNewPassword(input)) {
      const changed = await changePassword(account, input, caller, { proof: key, guard })
      if (changed) await failures.clear(situation)
      return changed && withRecovered(changed, so.isBack)
    }
    const { liveLogins } = situation
    const { device, giveUp } = input
    const options = { device, giveUp, proof: key, guard, liveLogins }
    const { isKnownDevice } = found
    const begun = await newDevice.begin(account, caller, options, { mail: account.mail, isKnownDevice })
    if (!begun) return undefined
    await failures.clear(situation)
    await needs.move(account, fitting)
    const redirect = key && needs.findRedirect(caller, key)
    const tickets = await begun.finish()
    if (redirect !== undefined) throw new Failure('KX_REDIRECT', { members: { redirect } })
    return withRecovered(withReplaced(welcome(account, tickets), begun.replaced), so.isBack)
  }

  return async function logIn(input: LoginInput, caller: AppCaller): Promise<LoginReply> {
    const { login } = input
    if (login === undefined) throw new Failure('PARAMETER_MISSING', { info: 'login, or flow and code' })
    // Before the password: a proof that was shown can be made into another one, so it is used up first.
    const key = await needs.keys.prove(input, caller)
    const so = { hasSolved: false, isBack: false }
    for (let tries = 0; tries < mostTries; tries++) {
      const reply = await attempt(input, String(login), caller, key, so)
      if (reply) return reply
    }
    throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
  }
}
