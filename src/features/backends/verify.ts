/** Whose tickets these are: the one rule of verification, introspection and the gateway. */
import type { Store } from '../../adapters/store/index.ts'
import type { CallerApp, CallerTicket } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { TicketState, Tickets } from '../tickets/api.ts'
import { type Demands, findUnmet, type JudgeNeeds } from './demands.ts'
import type { FindTold, Told } from './told.ts'
import { checkedTiers } from './wire.ts'

export type LiveVerdict = { state: 'live'; ticket: CallerTicket; told?: Told }
export type Verdict =
  | LiveVerdict
  | { state: 'ended'; reason: string }
  /** Live, and not enough: the refusal says what is missing. */
  | { state: 'unmet'; failure: Failure }

export type VerifyNeeds = JudgeNeeds & {
  store: Pick<Store, 'pass'>
  limit: readonly [number, number]
  tickets: Pick<Tickets, 'checkFor'>
  findTold: FindTold
}

/** A backend calls from few addresses and may have many apps in front, so its share is counted by its app id too. */
const createAppLimit =
  ({ store, limit: [windowSeconds, count] }: VerifyNeeds) =>
  async (appId: string): Promise<void> => {
    const waitMs = await store.pass(`limit:verify:app:${appId}`, windowSeconds * 1_000, count)
    if (waitMs > 0) throw new Failure('TOO_OFTEN', { retryAfterSeconds: waitMs / 1_000 })
  }

export const createVerify = (needs: VerifyNeeds) => {
  const checkAppLimit = createAppLimit(needs)

  const judge = (result: TicketState, demands: Demands): Verdict => {
    if (result.state !== 'live') {
      return { state: 'ended', reason: result.state === 'ended' ? result.reason : 'unknown' }
    }
    const failure = findUnmet(result.ticket, demands, needs)
    return failure ? { state: 'unmet', failure } : result
  }

  /** Throws APP_REFUSED for an app without a secret: it is everybody's, and may not ask about tickets. */
  return async (tokens: readonly string[], demands: Demands, app: CallerApp): Promise<Verdict[]> => {
    if (app.checks.length === 0) throw new Failure('APP_REFUSED')
    await checkAppLimit(app.appId)
    // Without a demand, a ticket of another tier is as unknown as one of another app.
    const taken = demands.isAsking ? checkedTiers : [demands.tier]
    const checked = await Promise.all(tokens.map((token) => needs.tickets.checkFor(token, app.checks, taken)))
    const verdicts = checked.map((result) => judge(result, demands))
    if (demands.wants.length === 0) return verdicts
    const told = await needs.findTold(
      verdicts.flatMap((verdict) => (verdict.state === 'live' ? [verdict.ticket] : [])),
      demands.wants,
    )
    return verdicts.map((verdict) =>
      verdict.state === 'live' ? { ...verdict, told: told.get(verdict.ticket) ?? {} } : verdict,
    )
  }
}

export type Verify = ReturnType<typeof createVerify>
