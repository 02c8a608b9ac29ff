import type { Clock } from '../../adapters/clock.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { AppCaller, CallerKey } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Keys, ProvenKey } from '../key-exchange/keys.ts'
import type { TicketsService } from '../tickets/tickets.ts'
import { canonicalLogin, loginKeyOf } from './names.ts'
import type { Hashes, Passwords } from './passwords.ts'
import {
  type AccountFound,
  clearFailures,
  countFailure,
  countStreak,
  findLoginSituation,
  type LoginSituation,
  updateNextVerifier,
} from './repo.ts'
import type { Verifiers } from './verifier.ts'
import { welcome } from './welcome.ts'
import type { LoginInput, WelcomeReply } from './wire.ts'

export type LoginNeeds = {
  db: Db
  clock: Clock
  passwords: Passwords
  verifiers: Verifiers
  findSalt(typed: string): Promise<string>
  tickets: Pick<TicketsService, 'prepareLogin'>
  insertGuardedLogin: typeof import('../tickets/repo.ts').insertGuardedLogin
  isKnownDevice: typeof import('../tickets/repo.ts').isKnownDevice
  keys: Pick<Keys, 'prove' | 'prolong'>
  /** Where a caller belongs, if that is not here. */
  findRedirect(caller: AppCaller, key: CallerKey): string | undefined
}

/** Five failures of a login from one network, then a pause; from a hundred in a row, known devices only. */
export const failureRules = { windowMs: 15 * 60_000, streak: 100 } as const

export const createLogin = (needs: LoginNeeds) => {
  const { db, clock, passwords, verifiers } = needs

  const checkFailures = async (situation: LoginSituation, caller: AppCaller) => {
    const waitMs = situation.failed5 + failureRules.windowMs - clock.now()
    if (waitMs > 0) throw new Failure('TOO_OFTEN', { retryAfterSeconds: waitMs / 1_000 })
    if (situation.streak < failureRules.streak) return
    const { account } = situation
    const device = caller.device && Buffer.from(caller.device.knownAs, 'hex')
    if (account && device && (await needs.isKnownDevice(db.write, account.userId, device))) return
    throw new Failure('CAPTCHA_NEEDED', {
      info: 'Too many failures: use a device that has logged in before.',
    })
  }

  const failed = async (situation: LoginSituation, caller: AppCaller): Promise<Failure> => {
    const { loginKey } = situation
    if (caller.isRepeat) return new Failure('LOGIN_FAILED')
    const nowMs = clock.now()
    const failedBefore = nowMs - failureRules.windowMs
    const counted = await countFailure(db, { loginKey, network: caller.address.network, nowMs, failedBefore })
    if (!counted) return new Failure('TOO_OFTEN', { retryAfterSeconds: failureRules.windowMs / 1_000 })
    await countStreak(db.write, loginKey, nowMs)
    return new Failure('LOGIN_FAILED')
  }

  const verify = async (account: AccountFound | undefined, hashes: Hashes): Promise<boolean> => {
    const isGood = await verifiers.verify(hashes.hash, account?.verifier, passwords.form)
    return isGood && account !== undefined
  }

  /** Undefined: the situation changed while it was judged (failures of a burst, or the account's state). */
  const attempt = async (
    input: LoginInput,
    caller: AppCaller,
    key: ProvenKey | undefined,
  ): Promise<WelcomeReply | undefined> => {
    const login = canonicalLogin(String(input.login))
    const { network } = caller.address
    const situation = await findLoginSituation(db.write, login, loginKeyOf(login), network)
    await checkFailures(situation, caller)
    const hashes = await passwords.hashesOf(input, () => needs.findSalt(String(input.login)))
    const { account, loginKey } = situation
    if (!(await verify(account, hashes)) || !account) throw await failed(situation, caller)
    if (account.status !== 'active') {
      throw new Failure('ACCOUNT_DISABLED', { members: { reason: account.status } })
    }
    const prepared = needs.tickets.prepareLogin(account, caller, input.device, key)
    const failedBefore = clock.now() - failureRules.windowMs
    if (!(await needs.insertGuardedLogin(db.write, prepared.row, { loginKey, network, failedBefore })))
      return undefined
    if (situation.hasFailures) await clearFailures(db.write, loginKey, network)
    if (hashes.nextHash !== undefined && account.nextVerifier === null) {
      const next = await verifiers.create(hashes.nextHash, passwords.form)
      await updateNextVerifier(db.write, loginKey, next, clock.now())
    }
    // The row binds the key already; if the store is away now, the key lives its first day.
    if (key) await needs.keys.prolong(key).catch(() => {})
    const redirect = key && needs.findRedirect(caller, key)
    if (redirect !== undefined) throw new Failure('KX_REDIRECT', { members: { redirect } })
    return welcome(account, await prepared.issue())
  }

  return async (input: LoginInput, caller: AppCaller): Promise<WelcomeReply> => {
    // Before the password: whoever was shown a proof could make another from it.
    const key = await needs.keys.prove(input, caller)
    for (let tries = 0; tries < 3; tries++) {
      const reply = await attempt(input, caller, key)
      if (reply) return reply
    }
    throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
  }
}
