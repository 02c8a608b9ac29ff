/** What a backend may ask of a ticket beyond being good, and what a ticket that is not enough lacks. */
import type { CallerApp, CallerTicket } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Businesses } from '../businesses/api.ts'
import type { Tickets } from '../tickets/api.ts'
import type { CheckedTier, Wanted } from './wire.ts'

export type Asked = {
  tier?: CheckedTier | undefined
  business?: string | undefined
  scopes?: readonly string[] | undefined
  route?: string | undefined
  /** Seconds. */
  maxAuthAge?: number | undefined
  /** What to tell of the user too; it decides nothing. */
  wants?: readonly Wanted[] | undefined
}

export type Demands = Asked & {
  tier: CheckedTier
  wants: readonly Wanted[]
  /** Whether the caller asked for anything at all: old callers do not. */
  isAsking: boolean
}

/** Throws for demands that contradict each other: a backend that believes to have asked must have. */
export const readDemands = (asked: Asked, { isThirdParty }: CallerApp): Demands => {
  const { business, scopes, route, maxAuthAge, wants = [] } = asked
  const tier = asked.tier ?? (isThirdParty ? 'openkey' : 'skey')
  if (isThirdParty && tier !== 'openkey') throw new Failure('APP_REFUSED')
  if (tier === 'pskey' && business === undefined) throw new Failure('PARAMETER_MISSING', { info: 'business' })
  if (tier !== 'pskey' && (business ?? route) !== undefined)
    throw new Failure('PARAMETER_INVALID', { info: 'tier: pskey' })
  if (tier !== 'openkey' && scopes !== undefined)
    throw new Failure('PARAMETER_INVALID', { info: 'tier: openkey' })
  // The user of an OpenKey is to stay unknown.
  if (tier === 'openkey' && wants.length > 0) throw new Failure('PARAMETER_INVALID', { info: 'wants' })
  const isAsking = Object.values({ tier: asked.tier, maxAuthAge }).some((member) => member !== undefined)
  return { tier, business, scopes, route, maxAuthAge, wants, isAsking }
}

export type JudgeNeeds = {
  businesses: Pick<Businesses, 'serves'>
  freshLoginNeeded: Tickets['freshLoginNeeded']
  now(): number
}

type Check = (ticket: CallerTicket, demands: Demands, needs: JudgeNeeds) => Failure | undefined

/** Asked in this order; the first that is not met is told. */
const checks: readonly Check[] = [
  function hasTier(ticket, { tier, business }) {
    if (ticket.tier === tier && ticket.business === business) return undefined
    return new Failure('TIER_WANTED', { members: { tier, ...(business !== undefined && { business }) } })
  },
  function isOnRoute({ appId }, { business, route }, { businesses }) {
    const isServed =
      business === undefined || route === undefined || businesses.serves(business, appId, route)
    return isServed ? undefined : new Failure('BUSINESS_UNKNOWN')
  },
  function hasScopes({ scopes: given = [] }, { scopes = [] }) {
    const missing = scopes.filter((scope) => !given.includes(scope))
    return missing.length === 0 ? undefined : new Failure('SCOPE_MISSING', { members: { scopes: missing } })
  },
  function isFresh({ authenticatedAt }, { maxAuthAge }, { now, freshLoginNeeded }) {
    if (maxAuthAge === undefined || authenticatedAt > now() - maxAuthAge * 1_000) return undefined
    return freshLoginNeeded(maxAuthAge)
  },
]

/** What a live ticket lacks, as the refusal that tells its user how to get it. */
export const findUnmet = (ticket: CallerTicket, demands: Demands, needs: JudgeNeeds): Failure | undefined => {
  for (const check of checks) {
    const unmet = check(ticket, demands, needs)
    if (unmet) return unmet
  }
  return undefined
}
