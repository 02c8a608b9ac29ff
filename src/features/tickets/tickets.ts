/** The life of tickets: a login begins, its tickets are checked, exchanged and resumed, and it ends. */
import type { Executor } from '../../adapters/db/index.ts'
import type { Caller, CallerTicket, OperationShape, TicketCaller } from '../../http/caller.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import type { JsonObject } from '../../protocol/json.ts'
import { parseTicket } from '../../protocol/tickets.ts'
import type { RaiseEpoch } from '../accounts/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import type { Roles } from '../roles/api.ts'
import { type A2Needs, createA2Rule, createPairs } from './a2.ts'
import { type CheckNeeds, createChecks } from './check.ts'
import type { CloseConsent } from './consent-gates.ts'
import type { Ends } from './ends.ts'
import { createExchange, type ExchangeTargets } from './exchange.ts'
import { createLogins, type LoginsNeeds } from './logins.ts'
import { createMasks } from './masks.ts'
import { createLoginsOfUser } from './of-user/logins-of-user.ts'
import { createProveAgain } from './of-user/prove-again.ts'
import { closeAccountOf, closeLoginOf } from './recovery.ts'
import { freshLoginNeeded, notLoggedIn } from './refusals.ts'
import { findAccountGate, findKeysOfUser, findLoginStart } from './repo.ts'
import type { EndReason } from './skeys.ts'
import { createTakeOver } from './take-over/take-over.ts'

export type TicketsNeeds = Omit<A2Needs, 'lives' | 'findNames' | 'pairRecord'> &
  Omit<LoginsNeeds, 'pairOf' | 'lives'> &
  Omit<CheckNeeds, 'a2' | 'masks' | 'skeyIdleSeconds'> & {
    lives: LoginsNeeds['lives'] & A2Needs['lives'] & { skeyIdleSeconds: number }
    targets: ExchangeTargets
    ends: Ends
    recordChange: RecordChange
    closeConsent: CloseConsent
    raiseEpoch: RaiseEpoch
    checkRole: Roles['check']
  }

export const createTickets = (needs: TicketsNeeds) => {
  const { db, clock, skeys, lives } = needs
  const logins = createLogins({ ...needs, pairOf: createPairs(needs) })
  const { findNames, pairRecord, recordOf } = logins
  const a2 = createA2Rule({ ...needs, findNames, pairRecord })
  const takeOver = createTakeOver({ ...needs, recordOf })
  const masks = createMasks(needs)
  const { skeyIdleSeconds } = lives
  const { check, checkFor, useSKey, isPairCurrent, flush } = createChecks({
    ...needs,
    a2,
    masks,
    skeyIdleSeconds,
  })
  const exchange = createExchange({ ...needs, a2, masks, useSKey })

  const ofUser = createLoginsOfUser({ db, clock, skeys, ends: needs.ends })

  /**
   * When the user of a ticket proved who they are: at the beginning of its login. 0 for another device than that of the
   * login: backends see SKeys, and must not do with one what its user alone may do.
   */
  const findAuthenticatedAt = async (ticket: CallerTicket, { device }: Caller): Promise<number> => {
    const login = await findLoginStart(db.write, Buffer.from(fromHex(ticket.loginId) ?? []))
    const isElsewhere = login?.deviceId && toHex(login.deviceId) !== device?.knownAs
    // A ticket from before tickets knew it has the time of its login.
    return !login || isElsewhere ? 0 : ticket.authenticatedAt || login.authenticatedAt
  }

  /** A business opens the operations under its routes. */
  const checkBusiness = ({ path }: OperationShape, { business, appId }: CallerTicket) => {
    if (business === undefined || needs.businesses.serves(business, appId, path)) return
    throw new Failure('BUSINESS_UNKNOWN')
  }

  /** Only operations that ask for an age cost the look at the login. */
  const checkAge = async (input: JsonObject, shape: OperationShape, ticket: CallerTicket, caller: Caller) => {
    const { maxAuthAgeSeconds, freshFor, provesAnew = [] } = shape
    const isSent = (member: string) => input[member] !== undefined
    if (maxAuthAgeSeconds === undefined || provesAnew.some(isSent)) return
    if (freshFor && !freshFor.some(isSent)) return
    const authenticatedAt = await findAuthenticatedAt(ticket, caller)
    if (authenticatedAt <= clock.now() - maxAuthAgeSeconds * 1_000) throw freshLoginNeeded(maxAuthAgeSeconds)
  }

  /** The live ticket of a call whose operation names its tiers, or the refusal that says why. */
  const authenticate = async (
    input: JsonObject,
    shape: OperationShape,
    caller: Caller,
  ): Promise<CallerTicket | undefined> => {
    const { token } = input
    const presented = typeof token === 'string' ? parseTicket(token) : undefined
    if (!presented) throw notLoggedIn()
    const wanted = shape.tiers ?? []
    const isWanted = wanted.includes(presented.tier)
    if (isWanted && shape.consumesTicket) return undefined
    const result = await check(token, caller)
    if (result.state === 'unknown') throw notLoggedIn()
    if (result.state === 'ended') throw notLoggedIn(result.reason, result.told)
    if (!isWanted) throw new Failure('TIER_WANTED', { members: { tier: wanted[0] } })
    checkBusiness(shape, result.ticket)
    // Only operations for a role cost the look at the roles.
    if (shape.role) await needs.checkRole(db.write, result.ticket, shape.role)
    await checkAge(input, shape, result.ticket, caller)
    return result.ticket
  }

  /** Ends every login of a user whose epoch this transaction has raised. `close` is for after the commit. */
  const endAll = async (trx: Executor, userId: number, endReason: EndReason) => {
    await needs.ends.endAll(trx, userId, { endedAt: clock.now(), endReason })
    // So that every process closes the account's gate, should the store be away then.
    await needs.recordChange(trx, 'account', String(userId))
    const gate = await findAccountGate(trx, userId)
    return {
      close: async () => {
        if (gate) await skeys.closeAccount(gate.tag, { epoch: gate.epoch, reason: endReason })
      },
    }
  }

  const logoutEverywhere = async ({ userId }: CallerTicket) => {
    const { close } = await db.transaction(async (trx) => {
      await needs.raiseEpoch(trx, userId, clock.now())
      return endAll(trx, userId, 'logged-out')
    })
    await close()
  }

  /** Whether a login has not ended, as part of a transaction that acts for it. */
  const isLive = async (trx: Executor, loginId: string): Promise<boolean> =>
    (await findLoginStart(trx, Buffer.from(fromHex(loginId) ?? []))) !== undefined

  /** In every process final when it returns: the row first, then the gate that every use of an SKey reads. */
  const logout = async ({ ticket }: TicketCaller, everywhere: boolean): Promise<void> => {
    if (everywhere) return logoutEverywhere(ticket)
    await ofUser.end({ userId: ticket.userId, loginId: fromHex(ticket.loginId) ?? new Uint8Array() })
  }

  return {
    begin: logins.begin,
    resume: logins.resume,
    takeOver,
    check,
    checkFor,
    isPairCurrent,
    authenticate,
    exchange,
    logout,
    ...ofUser,
    proveAgain: createProveAgain({ ...needs, recordOf: logins.recordOf }),
    endAll,
    findKeys: findKeysOfUser,
    isLive,
    /** Ends the OpenKeys of an app for an account that were made under an older epoch of their consent. */
    closeConsent: needs.closeConsent,
    freshLoginNeeded,
    /** Each writes what was gathered since its last call. */
    flushes: [flush, skeys.flush],
    /** The same for one login. */
    applyLoginChange: (loginId: string): Promise<void> =>
      closeLoginOf(db.write, skeys, Buffer.from(fromHex(loginId) ?? [])),
    /** Brings the store up to what was changed in an account: called in every process, harmless if repeated. */
    applyAccountChange: (userId: number): Promise<void> => closeAccountOf({ ...needs, db: db.write }, userId),
  }
}

export type TicketsService = ReturnType<typeof createTickets>
