/** Which account a login means, by its password; the login itself begins among the tickets. */
import type { Clock } from '../../adapters/clock.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { AppCaller, CallerKey } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Keys, ProvenKey } from '../key-exchange/api.ts'
import type { Tickets } from '../tickets/api.ts'
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
  logins: Pick<Tickets, 'begin' | 'isKnownDevice'>
  keys: Pick<Keys, 'prove'>
  /** Where a caller belongs, if that is not here. */
  findRedirect(caller: AppCaller, key: CallerKey): string | undefined
}

/** Five failures of a login from one network, then a pause; from a hundred in a row, known devices only. */
export const failureRules = { windowMs: 15 * 60_000, streak: 100 } as const
const mostTries = 3

export const createLogin = (needs: LoginNeeds) => {
  const { db, clock, passwords, verifiers, logins } = needs

  const checkFailures = async (situation: LoginSituation, caller: AppCaller) => {
    const waitMs = situation.failed5 + failureRules.windowMs - clock.now()
    if (waitMs > 0) throw new Failure('TOO_OFTEN', { retryAfterSeconds: waitMs / 1_000 })
    if (situation.streak < failureRules.streak) return
    const { account } = situation
    const device = caller.device && Buffer.from(caller.device.knownAs, 'hex')
    if (account && device && (await logins.isKnownDevice(account.userId, device))) return
    throw new Failure('CAPTCHA_NEEDED', {
      info: 'Too many failures: use a device that has logged in before.',
    })
  }

  /** Counts a wrong login, unless it is a byte-equal copy; the refusal to answer with. */
  const countWrong = async ({ loginKey }: LoginSituation, caller: AppCaller): Promise<Failure> => {
    if (caller.isRepeat) return new Failure('LOGIN_FAILED')
    const nowMs = clock.now()
    const failedBefore = nowMs - failureRules.windowMs
    const counted = await countFailure(db, { loginKey, network: caller.address.network, nowMs, failedBefore })
    if (!counted) return new Failure('TOO_OFTEN', { retryAfterSeconds: failureRules.windowMs / 1_000 })
    await countStreak(db.write, loginKey, nowMs)
    return new Failure('LOGIN_FAILED')
  }

  /** The account, if the password is right and it may log in. Throws every refusal of a login. */
  const authenticate = async (situation: LoginSituation, hashes: Hashes, caller: AppCaller) => {
    const { account } = situation
    const isRight = await verifiers.verify(hashes.hash, account?.verifier, passwords.form)
    if (!isRight || !account) throw await countWrong(situation, caller)
    if (account.status !== 'active') {
      throw new Failure('ACCOUNT_DISABLED', { members: { reason: account.status } })
    }
    return account
  }

  const keepNextHash = async (account: AccountFound, { nextHash }: Hashes) => {
    if (nextHash === undefined || account.nextVerifier !== null) return
    const next = await verifiers.create(nextHash, passwords.form)
    await updateNextVerifier(db.write, account.loginKey, next, clock.now())
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
    const account = await authenticate(situation, hashes, caller)
    const { loginKey } = situation
    const failedBefore = clock.now() - failureRules.windowMs
    const begun = await logins.begin(account, caller, {
      device: input.device,
      proof: key,
      guard: { loginKey, network, failedBefore },
    })
    if (!begun) return undefined
    if (situation.hasFailures) await clearFailures(db.write, loginKey, network)
    await keepNextHash(account, hashes)
    const redirect = key && needs.findRedirect(caller, key)
    const tickets = await begun.finish()
    if (redirect !== undefined) throw new Failure('KX_REDIRECT', { members: { redirect } })
    return welcome(account, tickets)
  }

  return async function login(input: LoginInput, caller: AppCaller): Promise<WelcomeReply> {
    // Before the password: a proof that was shown can be made into another one, so it is used up first.
    const key = await needs.keys.prove(input, caller)
    for (let tries = 0; tries < mostTries; tries++) {
      const reply = await attempt(input, caller, key)
      if (reply) return reply
    }
    throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
  }
}
