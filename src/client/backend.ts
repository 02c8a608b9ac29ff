/**
 * For backends: checks the tickets that users present, by the app id and secret of a backend (`torii app add NAME --backend
 * --checks ID,ID`) or of one app.
 *
 * ```ts
 * import { createVerifier } from '@torii/client/backend'
 * const verifier = createVerifier({ url: 'https://login.example.com', appId, appSecret })
 * const { user } = await verifier.check(token)   // throws NOT_LOGGED_IN
 * ```
 */
import { createJsonTransport, type ReplyOf, type Send } from './call.ts'
import { ClientFailure } from './failure.ts'
import { createPost, type Fetch } from './post.ts'
import { readBase } from './server-location.ts'

export { ClientFailure, type FailureName, isFailure } from './failure.ts'

export type VerifierOptions = {
  /** The base URL of the server. Without TLS it has to be an inner address (`server.backendNetworks`). */
  url: string
  appId: string
  appSecret: string
  /**
   * For so long a good answer is used again, and a user who has logged out is still let in. 0 asks each time; that is the
   * default.
   */
  cacheSeconds?: number
  /** Milliseconds for one call; 10,000 by default. */
  timeoutMs?: number
  fetch?: Fetch
}

type VerifiedTicket = NonNullable<ReplyOf<'/v1/ticket/verify'>['tickets']>[number]
export type ActiveTicket = Required<Omit<VerifiedTicket, 'active' | 'reason'>>

export type Verifier = {
  /** Whose ticket this is. Throws NOT_LOGGED_IN (with `reason`), or UNREACHABLE when the server does not answer. */
  check(token: string): Promise<ActiveTicket>
}

/** As many as one call may carry. */
const mostTokens = 100
const mostCached = 10_000

type Waiting = { token: string; resolve(ticket: ActiveTicket): void; reject(error: unknown): void }

const isActive = (ticket: VerifiedTicket | undefined): ticket is VerifiedTicket & ActiveTicket =>
  ticket?.active === true && ticket.user !== undefined

/** Checks of one moment go to the server in one call. */
const createBatches = (send: Send) => {
  let waiting: Waiting[] = []

  const settle = ({ resolve, reject }: Waiting, ticket: VerifiedTicket | undefined) => {
    if (isActive(ticket)) resolve(ticket)
    else reject(new ClientFailure('NOT_LOGGED_IN', { reason: ticket?.reason }))
  }

  const sendWaiting = async () => {
    const sent = waiting.splice(0, mostTokens)
    if (waiting.length > 0) queueMicrotask(sendWaiting)
    try {
      const { tickets = [] } = await send('/v1/ticket/verify', { tokens: sent.map(({ token }) => token) })
      for (const [place, one] of sent.entries()) settle(one, tickets[place])
    } catch (error) {
      for (const { reject } of sent) reject(error)
    }
  }

  return (token: string): Promise<ActiveTicket> =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) queueMicrotask(sendWaiting)
      waiting = [...waiting, { token, resolve, reject }]
    })
}

/** Good answers for a while, the oldest given up first. */
const createCache = (lifeMs: number, now: () => number) => {
  const answers = new Map<string, { ticket: ActiveTicket; until: number }>()
  return {
    find: (token: string) => {
      const known = answers.get(token)
      return known && known.until > now() ? known.ticket : undefined
    },
    keep: (token: string, ticket: ActiveTicket) => {
      if (lifeMs === 0) return
      answers.delete(token)
      const [oldest] = answers.keys()
      if (answers.size >= mostCached && oldest !== undefined) answers.delete(oldest)
      answers.set(token, { ticket, until: Math.min(now() + lifeMs, ticket.expiresAt * 1_000) })
    },
  }
}

/** Sends nothing yet. */
export const createVerifier = (options: VerifierOptions): Verifier => {
  const { appId, appSecret, cacheSeconds = 0, timeoutMs = 10_000, fetch = globalThis.fetch } = options
  const base = readBase(options.url, 'url')
  const post = createPost({ findBase: async () => base, fetch, timeoutMs, language: undefined })
  const ask = createBatches(createJsonTransport({ post, appId, appSecret }))
  const cache = createCache(cacheSeconds * 1_000, () => Date.now())
  return {
    async check(token) {
      const known = cache.find(token)
      if (known) return known
      // Nothing else can be a ticket, so the server need not be asked.
      if (!/^sk_[A-Za-z0-9_-]{64}$/.test(token))
        throw new ClientFailure('NOT_LOGGED_IN', { reason: 'unknown' })
      const ticket = await ask(token)
      cache.keep(token, ticket)
      return ticket
    },
  }
}

/** The ticket of an `Authorization: Bearer` header; empty when there is none. */
export const bearerOf = (authorization: string | null | undefined): string =>
  /^Bearer ([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1] ?? ''
