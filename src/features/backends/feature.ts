/** Backends: services that check the tickets of the users of several apps. */
import type { Store } from '../../adapters/store/index.ts'
import type { AppCaller, CallerTicket } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import { feature, operation, type World } from '../feature.ts'
import type { TicketState, Tickets } from '../tickets/api.ts'
import { type VerifiedTicket, type VerifyInput, verifyShape } from './wire.ts'

export type BackendsNeeds = { tickets: Pick<Tickets, 'checkFor'> }

const seconds = (ms: number) => Math.floor(ms / 1_000)

const describe = (ticket: CallerTicket): VerifiedTicket => ({
  active: true,
  tier: ticket.tier,
  user: { userId: String(ticket.userId), ...ticket.user },
  appid: ticket.appId,
  issuedAt: seconds(ticket.issuedAt),
  expiresAt: seconds(ticket.expiresAt),
  idleAt: seconds(ticket.idleAt),
})

const toVerified = (result: TicketState): VerifiedTicket => {
  if (result.state === 'live') return describe(result.ticket)
  return { active: false, reason: result.state === 'ended' ? result.reason : 'unknown' }
}

/** One or many, never both: an answer to the wrong one would be taken for a login. */
const readTokens = ({ token, tokens }: VerifyInput): readonly string[] => {
  if (token === undefined && tokens === undefined) throw new Failure('PARAMETER_MISSING', { info: 'token' })
  if (token !== undefined && tokens !== undefined) throw new Failure('PARAMETER_INVALID', { info: 'tokens' })
  return tokens ?? [token ?? '']
}

/** A backend calls from few addresses and may have many apps in front, so its share is counted by its app id too. */
const createAppLimit =
  (store: Store, [windowSeconds, count]: readonly [number, number]) =>
  async (appId: string): Promise<void> => {
    const waitMs = await store.pass(`limit:verify:app:${appId}`, windowSeconds * 1_000, count)
    if (waitMs > 0) throw new Failure('TOO_OFTEN', { retryAfterSeconds: waitMs / 1_000 })
  }

export const backends = feature({
  create: ({ store, config }: World, { tickets }: BackendsNeeds) => {
    const checkAppLimit = createAppLimit(store, config.limits.ticketVerify)
    const verify = async (input: VerifyInput, { app }: AppCaller) => {
      const tokens = readTokens(input)
      // An app without a secret is everybody's: it may not ask about tickets.
      if (app.checks.length === 0) throw new Failure('APP_REFUSED')
      await checkAppLimit(app.appId)
      const checked = await Promise.all(tokens.map((token) => tickets.checkFor(token, app.checks)))
      return checked.map(toVerified)
    }
    return {
      api: {},
      operations: [
        operation(verifyShape)(async (input, caller) => {
          const tickets = await verify(input, caller)
          if (input.tokens) return { code: 'OK', tickets }
          const [ticket = { active: false }] = tickets
          return { code: ticket.active ? 'TICKET_VALID' : 'TICKET_ENDED', ...ticket }
        }),
      ],
    }
  },
})
