/** Judges presented tickets: those of the store in one trip, an A2 by its row on the primary. */
import type { CreateBatch } from '../../adapters/batch.ts'
import type { Clock } from '../../adapters/clock.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { Caller, CallerTicket } from '../../http/caller.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'
import { strengths } from '../../protocol/strength.ts'
import { type ParsedTicket, parseTicket, type Tier } from '../../protocol/tickets.ts'
import type { TellDisabled } from '../accounts/api.ts'
import type { Businesses } from '../businesses/api.ts'
import { type A2Rule, isLive } from './a2.ts'
import type { Masks } from './masks.ts'
import { checkStrength } from './refusals.ts'
import { getUserNames, noteSeen, type Seen } from './repo.ts'
import type { EndReason, PresentedTicket, SKeys, TicketRecord, TicketUse, Told } from './skeys.ts'
import type { StoreTier } from './tiers.ts'

export type CheckNeeds = {
  db: Db
  clock: Clock
  skeys: SKeys
  masks: Masks
  businesses: Pick<Businesses, 'find' | 'serves'>
  a2: Pick<A2Rule, 'find' | 'enforce' | 'isCurrent'>
  tellDisabled: TellDisabled
  skeyIdleSeconds: number
  replicaLagBudgetMs: number
  createBatch: CreateBatch
}

const hourMs = 3_600_000
const mostConfirmed = 50_000

export type TicketState =
  | { state: 'unknown' }
  | { state: 'ended'; reason: EndReason; told?: Told | undefined }
  | { state: 'live'; ticket: CallerTicket }

const ticketOf = (
  tier: Tier,
  loginId: Uint8Array,
  record: Omit<TicketRecord, 'counter' | 'epoch'>,
  idleAt: number,
): CallerTicket => ({
  tier,
  loginId: toHex(loginId),
  userId: record.userId,
  user: { userName: record.userName, nickName: record.nickName },
  appId: record.appId,
  issuedAt: record.issuedAt,
  expiresAt: record.expiresAt,
  idleAt: Math.min(idleAt, record.expiresAt),
  authenticatedAt: record.authenticatedAt ?? 0,
  writtenUntil: record.writtenUntil,
  minStrength: record.minStrength ?? strengths.clear,
  ...(record.business !== undefined && { business: record.business }),
  ...(record.scopes !== undefined && { scopes: record.scopes }),
  ...(record.openId !== undefined && { openId: record.openId }),
})

/** Whether the last use before was in an earlier hour: a login that is in use costs the row one write in each. */
const isNewHour = (at: number, sinceUseMs: number) =>
  Math.floor(at / hourMs) > Math.floor((at - sinceUseMs) / hourMs)

export const createChecks = (needs: CheckNeeds) => {
  const { db, clock, skeys, masks, businesses, a2 } = needs
  // First uses of tickets, and one in each hour, written in batches: the store knows them at once, the row within seconds.
  const seen = needs.createBatch<Seen>({
    most: mostConfirmed,
    write: (entries) =>
      db.transaction(async (trx) => {
        for (const [id, use] of entries) await noteSeen(trx, Buffer.from(fromHex(id) ?? []), use)
      }),
  })

  /** The record of a live ticket of one of these apps; a first use goes to its login's row. */
  const use = async (presented: PresentedTicket, appIds: readonly string[]): Promise<TicketUse> => {
    const result = await skeys.use(presented)
    if (result.state === 'unknown' || !appIds.includes(result.record.appId)) return { state: 'unknown' }
    const { counter, business, appId } = result.record
    if (business !== undefined && !businesses.serves(business, appId)) return { state: 'unknown' }
    const at = clock.now()
    if (result.state === 'live' && (result.isFirstUse || isNewHour(at, result.sinceUseMs))) {
      seen.gather(toHex(presented.loginId), (before) => ({
        counter: Math.max(counter, before?.counter ?? 0),
        at,
      }))
    }
    return result
  }

  const checkStored = async (presented: ParsedTicket, appIds: readonly string[]): Promise<TicketState> => {
    const ticket = masks.open(presented)
    const result = ticket ? await use(ticket, appIds) : undefined
    if (!ticket || !result || result.state === 'unknown') return { state: 'unknown' }
    if (result.state === 'ended') return { state: 'ended', reason: result.reason, told: result.told }
    // Only SKeys have an idle time without having one of their own.
    const commonIdleMs = ticket.tier === 'skey' ? needs.skeyIdleSeconds * 1_000 : Number.POSITIVE_INFINITY
    const idleAt = clock.now() + (result.record.idleMs ?? commonIdleMs)
    return { state: 'live', ticket: ticketOf(ticket.tier, ticket.loginId, result.record, idleAt) }
  }

  const checkA2 = async (presented: ParsedTicket, [appId = '']: readonly string[]): Promise<TicketState> => {
    const found = await a2.find(presented, appId)
    if (!found) return { state: 'unknown' }
    await a2.enforce(found)
    const { login, verdict } = found
    if (!isLive(verdict))
      return {
        state: 'ended',
        reason: verdict,
        told: verdict === 'disabled' ? needs.tellDisabled(login) : {},
      }
    if (verdict === 'current' && login.a2Confirmed < login.a2Counter) {
      await noteSeen(db.write, login.loginId, { counter: login.a2Counter, at: clock.now() })
    }
    const writtenUntil = login.authenticatedAt + needs.replicaLagBudgetMs
    const names = await getUserNames(db, login.userId, writtenUntil)
    const authenticatedAt = login.reauthenticatedAt ?? login.authenticatedAt
    const record = { ...login, ...names, authenticatedAt, issuedAt: login.a2RotatedAt, writtenUntil }
    return { state: 'live', ticket: ticketOf('a2', login.loginId, record, login.expiresAt) }
  }

  const checksOfTier = { skey: checkStored, a2: checkA2, pskey: checkStored, openkey: undefined } as const

  return {
    /** Throws ENCRYPTION_REQUIRED for a live ticket whose login needs a stronger envelope. */
    check: async (token: unknown, caller: Caller): Promise<TicketState> => {
      const presented = typeof token === 'string' ? parseTicket(token) : undefined
      const appIds = caller.app ? [caller.app.appId] : []
      const result = presented && (await checksOfTier[presented.tier]?.(presented, appIds))
      if (result?.state === 'live') checkStrength(result.ticket, caller)
      return result ?? { state: 'unknown' }
    },
    /**
     * For a backend: a ticket of one of these apps and tiers. Its own channel is trusted, so the login's minimum
     * strength is not asked for. An A2 never goes to a backend, so it is unknown there.
     */
    checkFor: async (
      token: string,
      appIds: readonly string[],
      tiers: readonly StoreTier[] = ['skey'],
    ): Promise<TicketState> => {
      const presented = parseTicket(token)
      const isAccepted = presented && (tiers as readonly Tier[]).includes(presented.tier)
      return isAccepted ? checkStored(presented, appIds) : { state: 'unknown' }
    },
    /** The record of an SKey that is to be exchanged. */
    useSKey: (presented: ParsedTicket, appId: string): Promise<TicketUse> =>
      use({ tier: 'skey', loginId: presented.handle, secret: presented.secret }, [appId]),
    /** Whether both tickets of an earlier reply are still good, for a copy of its login. */
    isPairCurrent: async (tickets: { a2?: string; skey?: string }): Promise<boolean> => {
      const skey = parseTicket(tickets.skey ?? '')
      if (!skey) return false
      // A login on a weak key has no A2; its proof is used up, so it could not run again.
      if (tickets.a2 !== undefined && !(await a2.isCurrent(tickets.a2))) return false
      const ticket = { tier: 'skey', loginId: skey.handle, secret: skey.secret } as const
      return (await skeys.use(ticket, 'only a look')).state === 'live'
    },
    /** Writes the first uses gathered since the last call. */
    flush: seen.flush,
  }
}

export type Checks = ReturnType<typeof createChecks>
