import type { Clock } from '../../adapters/clock.ts'
import type { Random } from '../../adapters/random.ts'
import type { Caller, CallerTicket, OperationShape, TicketCaller } from '../../http/caller.ts'
import { fromHex } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { type ParsedTicket, parseTicket } from '../../protocol/tickets.ts'
import type { RecordChange } from '../change-log/change-log.ts'
import type { Keys, ProvenKey } from '../key-exchange/keys.ts'
import { createPairs, type Pair } from './a2.ts'
import { type CheckNeeds, checkStrength, createChecks } from './check.ts'
import { createIssuer, type IssueNeeds } from './issue.ts'
import { closeAccountOf } from './recovery.ts'
import {
  type Binding,
  bindLogin,
  endLogin,
  endLoginsOfUser,
  findAccountGate,
  findLoginOnKey,
  type LoginWithAccount,
  rotateA2,
} from './repo.ts'
import type { EndReason } from './skeys.ts'

export type TicketsNeeds = CheckNeeds &
  Omit<IssueNeeds, 'pairOf'> & {
    clock: Clock
    random: Random
    ticketKey: Uint8Array
    recordChange: RecordChange
    prolongKey: Keys['prolong']
  }

const notLoggedIn = (reason?: EndReason) =>
  new Failure('NOT_LOGGED_IN', reason ? { members: { reason } } : {})

/** The life of tickets: made with a login, exchanged, checked, ended. */
export const createTickets = (needs: TicketsNeeds) => {
  const { db, clock, random, crypto, skeys, recordChange } = needs
  const pairOf = createPairs({ crypto, ticketKey: needs.ticketKey })
  const issuer = createIssuer({ ...needs, pairOf })
  const { judge, check, endReused, isPairCurrent, isLateRetry, flush } = createChecks(needs)

  const pairFor = (login: LoginWithAccount, presented: ParsedTicket): Pair =>
    pairOf(login, login.a2Counter, login.a2Nonce, presented.secret)

  /** A sealed exchange lifts the login to where it can be resumed from its key, and to nothing weaker. */
  const bindingOf = (
    { minStrength, strengthRaisedAt, keyPrint }: LoginWithAccount,
    { strength, key }: Caller,
  ): Binding => {
    const isRaised = strength === 2 && minStrength < strength
    return {
      minStrength: isRaised ? strength : minStrength,
      strengthRaisedAt: isRaised ? clock.now() : strengthRaisedAt,
      keyPrint: key?.fingerprint ?? keyPrint,
    }
  }

  /** The rotated login, or undefined for whoever loses the race. */
  const rotate = async (
    login: LoginWithAccount,
    presented: ParsedTicket,
    caller: Caller,
  ): Promise<LoginWithAccount | undefined> => {
    const rotated: LoginWithAccount = {
      ...login,
      ...bindingOf(login, caller),
      a2Counter: login.a2Counter + 1,
      a2Nonce: random.bytes(16),
      a2RotatedAt: clock.now(),
    }
    const a2Hash = Buffer.from(crypto.sha256(pairFor(rotated, presented).a2Secret))
    return (await rotateA2(db.write, login, { ...rotated, a2Hash })) ? rotated : undefined
  }

  const isSuccessorUsed = (login: LoginWithAccount, presented: ParsedTicket): Promise<boolean> =>
    skeys.wasUsed(login.loginId, pairFor(login, presented).skeySecret)

  /**
   * The login of a retry. The first try may have come unsealed, or under another key. Not where the successor is in
   * use: then this A2 may be a copy, and nobody takes a login with it from whoever has the pair.
   */
  const rebind = async (
    login: LoginWithAccount,
    presented: ParsedTicket,
    caller: Caller,
  ): Promise<LoginWithAccount | undefined> => {
    const binding = bindingOf(login, caller)
    if (binding.minStrength === login.minStrength && binding.keyPrint === login.keyPrint) return login
    if (login.a2Confirmed >= login.a2Counter || (await isSuccessorUsed(login, presented))) return login
    return (await bindLogin(db.write, login, binding)) ? { ...login, ...binding } : undefined
  }

  /**
   * What the row of a login promises that is bound to the caller's key: its older SKeys are good in sealed calls
   * only, and the key lives for as long as it is used. A retry does it again, in case its first try could not.
   */
  const keepBinding = async ({ loginId, keyPrint }: LoginWithAccount, { key }: Caller): Promise<void> => {
    if (!key || key.fingerprint !== keyPrint) return
    await Promise.all([skeys.raiseMinStrength(loginId), needs.prolongKey(key)])
  }

  return {
    prepareLogin: issuer.prepareLogin,
    check,
    isPairCurrent,
    /** Each writes what was gathered since its last call. */
    flushes: [flush, skeys.flush],
    /** For routes that name their tiers: the live ticket, or the refusal that says why. */
    authenticate: async (
      token: unknown,
      shape: OperationShape,
      caller: Caller,
    ): Promise<CallerTicket | undefined> => {
      const presented = typeof token === 'string' ? parseTicket(token) : undefined
      if (!presented) throw notLoggedIn()
      const wanted = shape.tiers ?? []
      const isWanted = wanted.includes(presented.tier)
      if (isWanted && shape.consumesTicket) return undefined
      const result = await check(token, caller)
      if (result.state === 'unknown') throw notLoggedIn()
      if (result.state === 'ended') throw notLoggedIn(result.reason)
      if (!isWanted) throw new Failure('TIER_WANTED', { members: { tier: wanted[0] } })
      return result.ticket
    },
    /** A2 to A2 and SKey. Of many exchanges of one A2 all get the same pair. */
    exchange: async (token: string, caller: Caller): Promise<{ a2: string; skey: string }> => {
      const presented = parseTicket(token)
      if (!presented) throw notLoggedIn()
      // Whoever loses the race finds the winner's rotation the second time, and is its retry.
      for (let tries = 0; tries < 3; tries++) {
        const judged = await judge(presented, caller.app?.appId ?? '')
        if (!judged) throw notLoggedIn()
        const { login, verdict } = judged
        if (verdict !== 'current' && verdict !== 'retry') throw notLoggedIn(verdict)
        checkStrength(login, caller)
        const isRetry = verdict === 'retry'
        if (isRetry && isLateRetry(login) && (await isSuccessorUsed(login, presented))) {
          await endReused(login)
          throw notLoggedIn('reused')
        }
        const next = await (isRetry ? rebind : rotate)(login, presented, caller)
        if (!next) continue
        const pair = pairFor(next, presented)
        const isBoundAnew =
          isRetry || next.minStrength > login.minStrength || next.keyPrint !== login.keyPrint
        await Promise.all([issuer.issueRotated(next, pair), isBoundAnew && keepBinding(next, caller)])
        return { a2: pair.a2, skey: pair.skey }
      }
      throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
    },
    /**
     * The newest login on a key that its caller has proven: its user and a fresh SKey. Undefined if nobody is logged
     * in on it (any more); throws ACCOUNT_DISABLED.
     */
    resume: async (key: ProvenKey, caller: Caller) => {
      const onKey = { keyPrint: key.fingerprint, sinceMs: key.loginsSinceMs, appId: caller.app?.appId ?? '' }
      const login = await findLoginOnKey(db.write, onKey)
      if (!login) return undefined
      const { status, userId, userName, nickName, endReason } = login
      // Who has logged out has left the key, whatever became of the account.
      const wasLeft = login.endedAt !== null && endReason !== 'disabled' && endReason !== 'deleted'
      if (wasLeft || login.expiresAt <= clock.now()) return undefined
      if (status !== 'active') throw new Failure('ACCOUNT_DISABLED', { members: { reason: status } })
      if (login.endedAt !== null || login.epoch < login.accountEpoch) return undefined
      checkStrength(login, caller)
      const skey = await issuer.issueResumed(login)
      return { user: { userId: String(userId), userName, nickName }, tickets: { skey } }
    },
    /** Final in every process when it returns: the row first, then the gate that every use of an SKey reads. */
    logout: async ({ ticket }: TicketCaller, everywhere: boolean): Promise<void> => {
      const loginId = Buffer.from(fromHex(ticket.loginId) ?? [])
      const ending = { endedAt: clock.now(), endReason: 'logged-out' as const }
      if (!everywhere) {
        await endLogin(db.write, loginId, ending)
        await skeys.closeLogin(loginId, ending.endReason)
        return
      }
      const gate = await db.transaction(async (trx) => {
        await endLoginsOfUser(trx, ticket.userId, ending)
        // So that every process closes the account's gate, should the store be away now.
        await recordChange(trx, 'account', String(ticket.userId))
        return findAccountGate(trx, ticket.userId)
      })
      if (gate) await skeys.closeAccount(gate.tag, gate.epoch, ending.endReason)
    },
    /** Brings the store up to what was changed in an account: called in every process, harmless if repeated. */
    applyAccountChange: (userId: number): Promise<void> => closeAccountOf(db.write, skeys, userId),
  }
}

export type TicketsService = ReturnType<typeof createTickets>
