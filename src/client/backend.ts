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
import { createJsonTransport, type InputOf, type ReplyOf, type Send } from './call.ts'
import { ClientFailure, toFailure } from './failure.ts'
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

type VerifyInput = InputOf<'/v1/ticket/verify'>
type VerifiedTicket = NonNullable<ReplyOf<'/v1/ticket/verify'>['tickets']>[number]
type Always = 'tier' | 'appid' | 'issuedAt' | 'expiresAt' | 'idleAt'
type Known = Required<Pick<VerifiedTicket, Always>> & Pick<VerifiedTicket, 'authenticatedAt'>

/** Of an SKey or a pSKey; `roles` and `withheld` where the demands want them. */
export type ActiveTicket = Known &
  Required<Pick<VerifiedTicket, 'user'>> &
  Pick<VerifiedTicket, 'business' | 'roles' | 'withheld'>
/** Of an OpenKey: the user as its app knows them. */
export type OpenTicket = Known & Required<Pick<VerifiedTicket, 'openId'>> & Pick<VerifiedTicket, 'scopes'>

/**
 * What to ask of a ticket beyond being good; `wants` asks to be told more of its user. Without `tier` an SKey is asked for.
 */
export type Demands = Pick<VerifyInput, 'tier' | 'business' | 'scopes' | 'route' | 'maxAuthAge' | 'wants'>

export type Verifier = {
  /**
   * Whose ticket this is. Throws NOT_LOGGED_IN (with `reason`), or UNREACHABLE when the server does not answer. A ticket that
   * is good and not enough: TIER_WANTED, BUSINESS_UNKNOWN, SCOPE_MISSING or FRESH_LOGIN_NEEDED, whose `members` tell
   * how to get what is missing.
   *
   * ```ts
   * const { user } = await verifier.check(token, { tier: 'pskey', business: 'pay', maxAuthAge: 300 })
   * ```
   */
  check(token: string, demands: Demands & { tier: 'openkey' }): Promise<OpenTicket>
  check(token: string, demands?: Demands): Promise<ActiveTicket>
  /**
   * Drops the answers that were kept of a user (`cacheSeconds`): for the webhooks `login.ended`, `user.disabled` and
   * `user.deleted`. The next check asks the server.
   */
  forget(userId: string): void
}

/** As many as one call may carry. */
const mostTokens = 100
const mostCached = 10_000

type Good = ActiveTicket & OpenTicket
type Waiting = { token: string; resolve(ticket: Good): void; reject(error: unknown): void }

const isActive = (ticket: VerifiedTicket | undefined): ticket is VerifiedTicket & Good =>
  ticket?.active === true && (ticket.user ?? ticket.openId) !== undefined

/** A dead ticket, or a good one that is not enough. */
const refusalOf = (ticket: VerifiedTicket | undefined): ClientFailure => {
  const { reason, needs } = ticket ?? {}
  return needs ? toFailure(needs, {}) : new ClientFailure('NOT_LOGGED_IN', { reason })
}

/** Checks of one moment with the same demands go to the server in one call. */
const createBatch = (send: Send, demands: Demands) => {
  let waiting: Waiting[] = []

  const settle = ({ resolve, reject }: Waiting, ticket: VerifiedTicket | undefined) => {
    if (isActive(ticket)) resolve(ticket)
    else reject(refusalOf(ticket))
  }

  const sendWaiting = async () => {
    const sent = waiting.splice(0, mostTokens)
    if (waiting.length > 0) queueMicrotask(sendWaiting)
    try {
      const tokens = sent.map(({ token }) => token)
      const { tickets = [] } = await send('/v1/ticket/verify', { tokens, ...demands })
      for (const [place, one] of sent.entries()) settle(one, tickets[place])
    } catch (error) {
      for (const { reject } of sent) reject(error)
    }
  }

  return (token: string): Promise<Good> =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) queueMicrotask(sendWaiting)
      waiting = [...waiting, { token, resolve, reject }]
    })
}

/** Kinds of demands that are remembered: a program has few, and one that makes them up must not fill the memory. */
const mostKinds = 100

const createBatches = (send: Send) => {
  const kinds = new Map<string, ReturnType<typeof createBatch>>()
  return (token: string, demands: Demands, kind: string): Promise<Good> => {
    const known = kinds.get(kind) ?? createBatch(send, demands)
    if (kinds.size >= mostKinds) kinds.clear()
    kinds.set(kind, known)
    return known(token)
  }
}

/** Good answers for a while, the oldest given up first. */
const createCache = (lifeMs: number, now: () => number) => {
  const answers = new Map<string, { ticket: Good; until: number }>()
  let forgets = 0
  return {
    /** An answer that was asked for before a login ended may come after it. */
    forgets: () => forgets,
    forget: (userId: string) => {
      forgets++
      for (const [key, { ticket }] of answers)
        if ('user' in ticket && ticket.user.userId === userId) answers.delete(key)
    },
    find: (token: string) => {
      const known = answers.get(token)
      return known && known.until > now() ? known.ticket : undefined
    },
    keep: (token: string, ticket: Good) => {
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
    async check(token: string, demands: Demands = {}): Promise<Good> {
      const kind = JSON.stringify(demands)
      // What is true of a ticket for one demand says nothing of another.
      const key = `${token} ${kind}`
      const known = cache.find(key)
      if (known) return known
      // Nothing else can be a ticket, so the server need not be asked.
      if (!isTicket(token)) throw new ClientFailure('NOT_LOGGED_IN', { reason: 'unknown' })
      const before = cache.forgets()
      const ticket = await ask(token, demands, kind)
      if (cache.forgets() === before) cache.keep(key, ticket)
      return ticket
    },
    forget: cache.forget,
  }
}

const isTicket = (text: string) => /^(sk|ps|ok)_[A-Za-z0-9_-]{64}$/.test(text)

/** The ticket of an `Authorization: Bearer` header; empty when there is none. */
export const bearerOf = (authorization: string | null | undefined): string =>
  /^Bearer ([\x21-\x7e]+)$/i.exec(authorization ?? '')?.[1] ?? ''
