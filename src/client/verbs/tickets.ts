import type { ReplyOf } from '../call.ts'
import type { Core } from '../core.ts'
import { ClientFailure } from '../failure.ts'
import type { TicketPair } from '../tickets.ts'

/** The login of this client, and until when its SKey lives (unix seconds). */
export type Session = Required<Omit<ReplyOf<'/v1/session'>, 'reason' | 'rid' | 'business'>>

export type TicketVerbs = {
  /**
   * The login of this client, as the server sees it now. Throws NOT_LOGGED_IN, with the `reason` of a login that has
   * ended.
   *
   * ```ts
   * const { user, expiresAt } = await client.session()
   * ```
   */
  session(): Promise<Session>
  /**
   * The SKey of this client's login, for calls to your own backend; traded for a new one when it is old. Sends nothing
   * while it is good. If your backend refuses it, call `session()`, which trades an SKey that has ended. Throws
   * NOT_LOGGED_IN.
   *
   * ```ts
   * await fetch('/me', { headers: { authorization: `Bearer ${await client.skey()}` } })
   * ```
   */
  skey(): Promise<string>
  /**
   * A pSKey of this client's login: the ticket for one service of yours, which takes no other. Sends nothing while it is
   * good, and gets a new one in time. With `renew` a new one in any case: for a service that has just refused it. Throws
   * NOT_LOGGED_IN, or BUSINESS_UNKNOWN.
   *
   * ```ts
   * await fetch('/pay', { headers: { authorization: `Bearer ${await client.pskey('pay')}` } })
   * ```
   */
  pskey(business: string, options?: { renew?: boolean }): Promise<string>
  /**
   * Trades the A2 for a new pair of A2 and SKey now. Calls do so by themselves when the SKey is old or has ended. Throws
   * NOT_LOGGED_IN.
   *
   * ```ts
   * const { a2 } = await client.exchange()
   * ```
   */
  exchange(): Promise<TicketPair>
  /**
   * Ends this login, or every login of its user. If it throws, the tickets are kept and the call can be repeated.
   *
   * ```ts
   * await client.logout({ everywhere: true })
   * ```
   */
  logout(options?: { everywhere?: boolean }): Promise<void>
}

type SessionReply = ReplyOf<'/v1/session'>

const isSession = (reply: SessionReply): reply is SessionReply & Session => {
  const { user, tier, issuedAt, expiresAt, idleAt } = reply
  return [user, tier, issuedAt, expiresAt, idleAt].every((member) => member !== undefined)
}

export const getSession = async ({ tickets, send }: Core): Promise<Session> => {
  const reply = await tickets.withSKey((token) => send('/v1/session', { token }))
  if (!isSession(reply)) throw new ClientFailure('REPLY_UNREADABLE')
  tickets.learnLives(reply)
  return reply
}

export const createTicketVerbs = (core: Core): TicketVerbs => ({
  session: () => getSession(core),
  pskey: (business, { renew = false } = {}) => core.pskeys(business, renew),
  skey: () => core.tickets.withSKey(async (token) => token),
  exchange: core.tickets.refresh,
  logout: ({ everywhere = false } = {}) => core.tickets.logout(everywhere),
})
