/** The whole rule of an A2: the pair that an exchange hands out, what presenting an A2 means, rotation, retry, reuse. */
import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import type { Caller } from '../../http/caller.ts'
import { concatBytes, toHex, utf8 } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { strengths } from '../../protocol/strength.ts'
import { formatTicket, type ParsedTicket, parseTicket } from '../../protocol/tickets.ts'
import type { TellDisabled } from '../accounts/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { Keys } from '../key-exchange/api.ts'
import type { Ends } from './ends.ts'
import { checkStrength, notLoggedIn } from './refusals.ts'
import {
  type Binding,
  bindLogin,
  findLoginByHandle,
  type LoginWithAccount,
  type Names,
  rotateA2,
} from './repo.ts'
import type { EndReason, SKeys, TicketRecord } from './skeys.ts'

export type A2Needs = {
  db: Db
  clock: Clock
  random: Random
  crypto: ServerCrypto
  skeys: SKeys
  ticketKey: Uint8Array
  lives: { retrySeconds: number; a2IdleSeconds: number }
  ends: Pick<Ends, 'endLogin'>
  recordAudit: RecordAudit
  prolongKey: Keys['prolong']
  tellDisabled: TellDisabled
  findNames(login: LoginWithAccount): Promise<Names>
  /** The SKey of the A2 that the login has now, as a record of the store. */
  pairRecord(login: LoginWithAccount, names: Names): TicketRecord
}

export type Pair = {
  a2: string
  skey: string
  a2Secret: Uint8Array
  skeySecret: Uint8Array
  /** Of one more ticket of this step. */
  secretOf(name: string): Uint8Array
}

/**
 * The tickets of a step of the chain, the same for every process that computes them: `HMAC(ticketKey, tier ‖ counter ‖
 * login ‖ nonce ‖ presented A2)`. So a retry gets what its first try got.
 */
export const createPairs =
  ({ crypto, ticketKey }: { crypto: ServerCrypto; ticketKey: Uint8Array }) =>
  (
    login: { loginId: Uint8Array; a2Handle: Uint8Array },
    counter: number,
    nonce: Uint8Array,
    presented: Uint8Array,
  ): Pair => {
    const secretOf = (name: string) =>
      crypto.hmacSha256(
        ticketKey,
        concatBytes(utf8(`${name}\0${counter}\0`), login.loginId, nonce, presented),
      )
    const [a2Secret, skeySecret] = [secretOf('a2'), secretOf('skey')]
    return {
      a2: formatTicket('a2', login.a2Handle, a2Secret),
      skey: formatTicket('skey', login.loginId, skeySecret),
      a2Secret,
      skeySecret,
      secretOf,
    }
  }

/**
 * `retry`: the A2 before the current one, presented again soon. `late-retry`: later, while no use of its successor is
 * on record in the database. `reused`: the A2 was copied, so the login has to end.
 */
export type A2Verdict = 'current' | 'retry' | 'late-retry' | EndReason

const liveVerdicts = ['current', 'retry', 'late-retry'] as const
type LiveVerdict = (typeof liveVerdicts)[number]

export const isLive = (verdict: A2Verdict): verdict is LiveVerdict =>
  (liveVerdicts as readonly A2Verdict[]).includes(verdict)

/** What it means that this A2 is presented now. Changes nothing. */
export const judgeA2 = (
  login: LoginWithAccount,
  presented: ParsedTicket,
  {
    crypto,
    nowMs,
    retryMs,
    idleMs,
  }: { crypto: ServerCrypto; nowMs: number; retryMs: number; idleMs: number },
): A2Verdict => {
  if (login.endedAt !== null) return login.endReason as EndReason
  if (login.status !== 'active') return login.status
  if (login.epoch < login.accountEpoch) return 'logged-out'
  if (login.expiresAt <= nowMs || (idleMs > 0 && login.a2RotatedAt + idleMs <= nowMs)) return 'expired'
  const hash = crypto.sha256(presented.secret)
  if (crypto.isEqual(hash, login.a2Hash)) return 'current'
  const isPrevious = login.a2PreviousHash !== null && crypto.isEqual(hash, login.a2PreviousHash)
  if (!isPrevious) return 'reused'
  if (nowMs - login.a2RotatedAt <= retryMs) return 'retry'
  return login.a2Confirmed < login.a2Counter ? 'late-retry' : 'reused'
}

/** A sealed exchange lifts a login to where it can be resumed from its key, and to nothing weaker. */
const bindingOf = (
  { minStrength, strengthRaisedAt, keyPrint }: LoginWithAccount,
  { strength, key }: Caller,
  nowMs: number,
): Binding => {
  const isRaised = strength === strengths.sealed && minStrength < strength
  return {
    minStrength: isRaised ? strength : minStrength,
    strengthRaisedAt: isRaised ? nowMs : strengthRaisedAt,
    keyPrint: key?.fingerprint ?? keyPrint,
  }
}

const isBoundElsewhere = (before: LoginWithAccount, after: Binding) =>
  before.minStrength !== after.minStrength || before.keyPrint !== after.keyPrint

const mostTries = 3

/** An A2 that was found: its login, and what presenting it means. */
export type JudgedA2 = { login: LoginWithAccount; verdict: A2Verdict }
/** One more ticket that an exchange hands out, below the SKey. */
export type Below<Prepared, Extra> = {
  /** Throws what refuses it, before the A2 is spent. */
  prepare(parent: TicketRecord): Promise<Prepared>
  issue(issued: { parent: TicketRecord; pair: Pair; loginId: Buffer }, prepared: Prepared): Promise<Extra>
}
type Step = (
  login: LoginWithAccount,
  presented: ParsedTicket,
  caller: Caller,
) => Promise<LoginWithAccount | undefined>

export const createA2Rule = (needs: A2Needs) => {
  const { db, clock, random, crypto, skeys } = needs
  const pairOf = createPairs(needs)
  const retryMs = needs.lives.retrySeconds * 1_000
  const idleMs = needs.lives.a2IdleSeconds * 1_000

  const pairFor = (login: LoginWithAccount, presented: ParsedTicket): Pair =>
    pairOf(login, login.a2Counter, login.a2Nonce, presented.secret)

  const isSuccessorUsed = (login: LoginWithAccount, presented: ParsedTicket): Promise<boolean> =>
    skeys.wasUsed({ tier: 'skey', loginId: login.loginId, secret: pairFor(login, presented).skeySecret })

  /** Undefined for an A2 that no login of this app has. */
  const find = async (presented: ParsedTicket, appId: string): Promise<JudgedA2 | undefined> => {
    const login = await findLoginByHandle(db.write, Buffer.from(presented.handle))
    if (login?.appId !== appId) return undefined
    return { login, verdict: judgeA2(login, presented, { crypto, nowMs: clock.now(), retryMs, idleMs }) }
  }

  /** Ends the login of a copied A2, in the database first. */
  const endReused = async (login: LoginWithAccount): Promise<void> => {
    await db.transaction(async (trx) => {
      const hasEnded = await needs.ends.endLogin(trx, login, { endedAt: clock.now(), endReason: 'reused' })
      if (hasEnded) {
        const { userId, appId, loginId } = login
        const detail = { by: 'ticket', login: toHex(loginId) }
        await needs.recordAudit(trx, { kind: 'ticket.reused', userId, appId, detail })
      }
    })
    await skeys.closeLogin(login.loginId, 'reused')
  }

  /** Carries out what a verdict demands before it is told to the caller. */
  const enforce = async ({ login, verdict }: JudgedA2): Promise<void> => {
    // Again, in case the store was away when the login ended: no caller hears of an end while an SKey still works.
    if (login.endedAt !== null) await skeys.closeLogin(login.loginId, login.endReason as EndReason)
    else if (verdict === 'reused') await endReused(login)
  }

  /** The rotated login; undefined if another exchange was faster. */
  const rotate: Step = async (login, presented, caller) => {
    const rotated: LoginWithAccount = {
      ...login,
      ...bindingOf(login, caller, clock.now()),
      a2Counter: login.a2Counter + 1,
      a2Nonce: random.bytes(16),
      a2RotatedAt: clock.now(),
    }
    const a2Hash = Buffer.from(crypto.sha256(pairFor(rotated, presented).a2Secret))
    return (await rotateA2(db.write, login, { ...rotated, a2Hash })) ? rotated : undefined
  }

  /**
   * The login of a retry. Its first try may have come unsealed, or under another key, so it is bound anew; but not once
   * the successor is in use: then this A2 may be a copy, and a copy takes no login from the holder of the new pair.
   */
  const retry: Step = async (login, presented, caller) => {
    const binding = bindingOf(login, caller, clock.now())
    if (!isBoundElsewhere(login, binding)) return login
    if (login.a2Confirmed >= login.a2Counter || (await isSuccessorUsed(login, presented))) return login
    return (await bindLogin(db.write, login, binding)) ? { ...login, ...binding } : undefined
  }

  /** The database may not know yet that the successor was used; the store does. */
  const retryLate: Step = async (login, presented, caller) => {
    if (!(await isSuccessorUsed(login, presented))) return retry(login, presented, caller)
    await endReused(login)
    throw notLoggedIn('reused')
  }

  const steps = { current: rotate, retry, 'late-retry': retryLate } as const satisfies Record<
    LiveVerdict,
    Step
  >

  /**
   * What the row promises of a login that is bound to the caller's key: its older SKeys are good in sealed calls only,
   * and the key lives as long as it is used. A retry does it again, in case its first try could not.
   */
  const keepBinding = async ({ loginId, keyPrint }: LoginWithAccount, { key }: Caller): Promise<void> => {
    if (!key || key.fingerprint !== keyPrint) return
    await Promise.all([skeys.raiseMinStrength(loginId), needs.prolongKey(key)])
  }

  return {
    find,
    enforce,
    isCurrent: async (token: string): Promise<boolean> => {
      const presented = parseTicket(token)
      const login = presented && (await findLoginByHandle(db.write, Buffer.from(presented.handle)))
      if (!presented || !login) return false
      return judgeA2(login, presented, { crypto, nowMs: clock.now(), retryMs, idleMs }) === 'current'
    },
    /** A2 to A2 and SKey, and what lies below. All exchanges of one A2 get the same tickets. */
    exchange: async <Prepared, Extra>(
      presented: ParsedTicket,
      caller: Caller,
      below: Below<Prepared, Extra>,
    ): Promise<{ pair: { a2: string; skey: string }; below: Extra }> => {
      // An exchange that loses the race finds the winner's rotation on its second try, and is its retry.
      for (let tries = 0; tries < mostTries; tries++) {
        const found = await find(presented, caller.app?.appId ?? '')
        if (!found) throw notLoggedIn()
        await enforce(found)
        const { login, verdict } = found
        if (!isLive(verdict))
          throw notLoggedIn(verdict, verdict === 'disabled' ? needs.tellDisabled(login) : {})
        checkStrength(login, caller)
        const names = await needs.findNames(login)
        const prepared = await below.prepare(needs.pairRecord(login, names))
        const next = await steps[verdict](login, presented, caller)
        if (!next) continue
        const pair = pairFor(next, presented)
        const parent = needs.pairRecord(next, names)
        const { loginId } = next
        const isRetry = verdict !== 'current'
        const [given] = await Promise.all([
          below.issue({ parent, pair, loginId }, prepared),
          skeys.issue({ tier: 'skey', loginId, secret: pair.skeySecret }, parent, clock.now()),
          (isRetry || isBoundElsewhere(login, next)) && keepBinding(next, caller),
        ])
        return { pair: { a2: pair.a2, skey: pair.skey }, below: given }
      }
      throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
    },
  }
}

export type A2Rule = ReturnType<typeof createA2Rule>
