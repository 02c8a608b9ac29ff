/** The exchange: an A2 or an SKey for a ticket further down, never up, never sideways, never for longer. */
import type { Clock } from '../../adapters/clock.ts'
import type { Random } from '../../adapters/random.ts'
import type { AppCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import { type ParsedTicket, parseTicket } from '../../protocol/tickets.ts'
import type { SignTicket } from '../signed-tickets/api.ts'
import type { A2Rule, Below } from './a2.ts'
import type { Checks } from './check.ts'
import type { LoginTickets } from './logins.ts'
import type { Masks } from './masks.ts'
import { checkStrength, notLoggedIn } from './refusals.ts'
import type { SKeys, TicketRecord } from './skeys.ts'
import { type StoreTier, tierRows } from './tiers.ts'
import type { ExchangeInput, ExchangeReply } from './wire.ts'

/** What a ticket further down has otherwise than its parent. */
type Own = 'business' | 'scopes' | 'openId' | 'consentEpoch' | 'idleMs'
export type Lowered = Pick<TicketRecord, Own> & {
  /** Of an OpenKey: the third-party app. */
  appId?: string
  /** Its life, if its parent lives longer. */
  lifeMs?: number
  /** Makes it a JWT, of which nothing is kept. */
  sign?: SignTicket
}

/** Throws what refuses the ticket that is asked for. */
export type ExchangeTarget = (
  parent: TicketRecord,
  input: ExchangeInput,
  caller: AppCaller,
) => Lowered | Promise<Lowered>

/** The tiers below an SKey. */
type LowTier = 'pskey' | 'openkey'
export type ExchangeTargets = { readonly [Tier in LowTier]?: ExchangeTarget }

export type ExchangeNeeds = {
  clock: Clock
  random: Random
  skeys: SKeys
  masks: Masks
  a2: Pick<A2Rule, 'exchange'>
  useSKey: Checks['useSKey']
  targets: ExchangeTargets
}

/** The ticket below the SKey, and its times: a client cannot know those of a business. */
type Given = { ticket: string; record: TicketRecord }

const secretBytes = 32

/** The one place where a record is made of another: whatever a target says, it lives no longer than its parent. */
export const lowerRecord = (
  parent: TicketRecord,
  { lifeMs = Number.POSITIVE_INFINITY, sign: _, ...own }: Lowered,
  nowMs: number,
): TicketRecord => ({
  ...parent,
  ...own,
  issuedAt: nowMs,
  expiresAt: Math.min(parent.expiresAt, nowMs + lifeMs),
})

const nothingBelow: Below<undefined, undefined> = {
  prepare: async () => undefined,
  issue: async () => undefined,
}

const seconds = (ms: number) => Math.floor(ms / 1_000)

/** Nothing is kept of a JWT, so that it has no idle time. */
const signWith = async (
  sign: SignTicket,
  {
    tier,
    loginId,
    record: { idleMs: _, ...record },
  }: { tier: LowTier; loginId: Uint8Array; record: TicketRecord },
): Promise<Given> => {
  const { ticket, expiresAt } = await sign(tier, loginId, record)
  return { ticket, record: { ...record, expiresAt } }
}

export const createExchange = ({ clock, random, skeys, masks, a2, useSKey, targets }: ExchangeNeeds) => {
  const known = tierRows.a2.exchangesFor.filter((tier) => tier === 'skey' || targets[tier])

  const replyOf = (tier: LowTier, { ticket, record }: Given, pair: LoginTickets): ExchangeReply => ({
    tickets: { ...pair, [tier]: ticket },
    expiresAt: seconds(record.expiresAt),
    idleAt: seconds(Math.min(record.expiresAt, clock.now() + (record.idleMs ?? Number.POSITIVE_INFINITY))),
  })

  /** Of one A2 all exchanges get the same ticket below, as they get the same pair. */
  const belowA2 = (
    tier: LowTier,
    target: ExchangeTarget,
    input: ExchangeInput,
    caller: AppCaller,
  ): Below<Lowered, Given> => ({
    prepare: async (parent) => target(parent, input, caller),
    issue: async ({ parent, pair, loginId }, own) => {
      const record = lowerRecord(parent, own, clock.now())
      if (own.sign) return signWith(own.sign, { tier, loginId, record })
      const name = JSON.stringify([tier, record.appId, record.business, record.scopes])
      const ticket = { tier, loginId, secret: pair.secretOf(name) }
      await skeys.issueBounded(ticket, record, clock.now())
      return { ticket: masks.format(ticket), record }
    },
  })

  const useParent = async (presented: ParsedTicket, caller: AppCaller): Promise<TicketRecord> => {
    const used = await useSKey(presented, caller.app.appId)
    if (used.state === 'unknown') throw notLoggedIn()
    if (used.state === 'ended') throw notLoggedIn(used.reason, used.told)
    checkStrength(used.record, caller)
    return used.record
  }

  const exchangeA2 = async (
    presented: ParsedTicket,
    tier: StoreTier,
    input: ExchangeInput,
    caller: AppCaller,
  ) => {
    const target = tier === 'skey' ? undefined : targets[tier]
    if (tier === 'skey' || !target)
      return { tickets: (await a2.exchange(presented, caller, nothingBelow)).pair }
    const { pair, below } = await a2.exchange(presented, caller, belowA2(tier, target, input, caller))
    return replyOf(tier, below, pair)
  }

  return async function exchange(input: ExchangeInput, caller: AppCaller): Promise<ExchangeReply> {
    const presented = parseTicket(input.token ?? '')
    if (!presented) throw notLoggedIn()
    const tier = known.find((name) => name === input.to)
    if (!tier) throw new Failure('NOT_IN_LIST', { info: `to: ${known.join(', ')}` })
    if (presented.tier === 'a2') return exchangeA2(presented, tier, input, caller)
    const parent = await useParent(presented, caller)
    const target = tier === 'skey' ? undefined : targets[tier]
    if (tier === 'skey' || !target) throw new Failure('TIER_WANTED', { members: { tier: 'a2' } })
    const own = await target(parent, input, caller)
    const loginId = presented.handle
    // Its use says nothing about the A2: no counter is as low.
    const record = { ...lowerRecord(parent, own, clock.now()), counter: 0 }
    if (own.sign) return replyOf(tier, await signWith(own.sign, { tier, loginId, record }), {})
    const ticket = { tier, loginId, secret: random.bytes(secretBytes) }
    await skeys.issueBounded(ticket, record, clock.now())
    return replyOf(tier, { ticket: masks.format(ticket), record }, {})
  }
}
