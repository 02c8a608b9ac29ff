/** The tickets of this client's login: kept in the storage, traded before they end, forgotten when they have ended. */
import type { ReplyOf, Send } from './call.ts'
import { ClientFailure, isFailure } from './failure.ts'
import { createTicketLives, createTicketRecord, type KeptTickets, loginOf } from './kept-tickets.ts'
import type { ClientStorage, Lock } from './storage.ts'

/** `a2` is missing where a login has none: it was made on a weak key, or resumed by its key alone. */
export type TicketPair = { a2?: string; skey: string }

/** A reply that brings tickets, or none. */
export type TicketReply = { tickets?: { a2?: string; skey?: string } }

export type TicketsNeeds = {
  send: Send
  storage: ClientStorage
  key: string
  lock: Lock
  now(): number
  /** The fingerprint of the key under which calls are sealed. */
  findFingerprint(): Promise<string | undefined>
  /** Hello on the key: with `tickets` if its login is alive. */
  sayHello(): Promise<ReplyOf<'/v1/hello'>>
}

const pairOf = ({ a2, skey }: KeptTickets): TicketPair => (a2 ? { a2, skey } : { skey })

/** Refused because the ticket has ended, said by the server in answer to this very call. */
const isEnded = (error: unknown): error is ClientFailure =>
  isFailure(error, 'NOT_LOGGED_IN') && error.isAnswer

/** An SKey that was idle or grew old has a login behind it still; any other reason is the login's own. */
const isExpired = ({ reason }: ClientFailure) => reason === undefined || reason === 'expired'

/** Keeps the tickets that replies bring. */
const createKeeper = (needs: TicketsNeeds) => {
  const record = createTicketRecord(needs.storage, needs.key)
  const lives = createTicketLives(needs.now)

  const keep = async (
    { tickets = {} }: TicketReply,
    { isResumed = false, isUnbound = false } = {},
  ): Promise<KeptTickets> => {
    const { a2 = '', skey = '' } = tickets
    if (!a2 && !skey) throw new ClientFailure('REPLY_UNREADABLE')
    // An SKey from hello may belong to the login whose A2 is kept; the A2 of another login names another user.
    const before = isResumed ? await record.read() : undefined
    const own = before && loginOf(before) === loginOf({ a2, skey }) ? before.a2 : ''
    const issuedAt = needs.now()
    const fingerprint = (isUnbound ? before?.fingerprint : await needs.findFingerprint()) ?? ''
    const kept = { a2: a2 || own, skey, issuedAt, expiresAt: lives.endOf(issuedAt), fingerprint }
    await record.write(kept)
    lives.use(skey)
    return kept
  }

  return { record, lives, keep }
}

type Keeper = ReturnType<typeof createKeeper>

/** Trades the kept tickets for new ones: one trade at a time, shared by every caller with the same old SKey. */
const createTrade = ({ send, lock, sayHello }: TicketsNeeds, { record, keep }: Keeper) => {
  const pending = new Map<string, Promise<KeptTickets>>()

  /** Without an A2, a hello on the key brings an SKey. */
  const resume = async (): Promise<KeptTickets> => {
    const reply = await sayHello()
    if (reply.tickets) return keep(reply, { isResumed: true })
    throw new ClientFailure('NOT_LOGGED_IN', { members: reply, isAnswer: true })
  }

  const exchange = (stale: string): Promise<KeptTickets> =>
    lock(async () => {
      const kept = await record.get()
      if (kept.skey !== stale) return kept
      try {
        if (!kept.a2) return await resume()
        return await keep(await send('/v1/ticket/exchange', { token: kept.a2, to: 'skey' }))
      } catch (error) {
        if (isEnded(error)) await record.remove()
        throw error
      }
    })

  return function trade(stale: string): Promise<KeptTickets> {
    const running = pending.get(stale)
    if (running) return running
    const started = exchange(stale).finally(() => pending.delete(stale))
    pending.set(stale, started)
    return started
  }
}

const createLogout = ({ send, lock, sayHello }: TicketsNeeds, { record, keep }: Keeper) => {
  /** An SKey that grew old has a login behind it still, to which the key leads. */
  const canResume = async (): Promise<boolean> => {
    const reply = await sayHello()
    if (!reply.tickets) return false
    await keep(reply, { isResumed: true })
    return true
  }

  const end = async (everywhere: boolean, mayResume = true): Promise<void> => {
    const { a2, skey } = await record.get()
    const token = a2 || skey
    try {
      await send('/v1/logout', everywhere ? { token, everywhere } : { token })
    } catch (error) {
      if (!isEnded(error)) throw error
      if (!a2 && isExpired(error) && mayResume && (await canResume())) return end(everywhere, false)
      await record.remove()
      if (everywhere) throw error
    }
    await record.remove()
  }

  /** Ends the login; one that the server has ended already counts as ended. */
  return (everywhere: boolean): Promise<void> => lock(() => end(everywhere))
}

export const createTickets = (needs: TicketsNeeds) => {
  const { lock, findFingerprint } = needs
  const keeper = createKeeper(needs)
  const { record, lives, keep } = keeper
  const trade = createTrade(needs, keeper)

  /** Forgets the login that has ended, and no other: another tab may have logged in meanwhile. */
  const forgetLogin = (ended: KeptTickets): Promise<void> =>
    lock(async () => {
      const kept = await record.read()
      if (kept && loginOf(kept) === loginOf(ended)) await record.remove()
    })

  /** A login from before its key: a sealed exchange binds it to the key, on which it can be resumed then. */
  const isUnbound = async ({ a2, fingerprint }: KeptTickets) => {
    const current = a2 ? await findFingerprint() : undefined
    return current !== undefined && current !== fingerprint
  }

  /** A pair that should still be good. If it can't be traded ahead of time, the old SKey may do. */
  const getFresh = async (): Promise<KeptTickets> => {
    const kept = await record.get()
    if (kept.skey && !lives.isUsedUp(kept) && !(await isUnbound(kept))) return kept
    return trade(kept.skey).catch((error) => {
      if (isEnded(error) || !kept.skey) throw error
      return kept
    })
  }

  return {
    hasLogin: async () => (await record.read()) !== undefined,
    hasA2: async () => Boolean((await record.read())?.a2),
    /** Keeps the tickets of a new login in the place of those before. */
    keep: (reply: TicketReply) => lock(() => keep(reply)),
    /** Keeps one more SKey of the login, with the A2 that belongs to it; the call that brought it bound the login to no key. */
    renew: (reply: TicketReply) => lock(() => keep(reply, { isResumed: true, isUnbound: true })),
    /** Says hello and keeps the fresh SKey that it may bring. */
    greet: <Greeted extends { reply: TicketReply }>(hello: () => Promise<Greeted>): Promise<Greeted> =>
      lock(async () => {
        const greeted = await hello()
        if (greeted.reply.tickets) await keep(greeted.reply, { isResumed: true })
        return greeted
      }),
    refresh: async (): Promise<TicketPair> => pairOf(await trade((await record.get()).skey)),
    logout: createLogout(needs, keeper),
    /** Calls with the SKey, and once more with a new one if the server says that it has ended. */
    withSKey: async <Reply>(call: (token: string) => Promise<Reply>): Promise<Reply> => {
      const run = async ({ skey }: KeptTickets) => {
        const reply = await call(skey)
        lives.use(skey)
        return reply
      }
      const kept = await getFresh()
      try {
        return await run(kept)
      } catch (error) {
        if (!isEnded(error)) throw error
        if (isExpired(error)) return run(await trade(kept.skey))
        await forgetLogin(kept)
        throw error
      }
    },
    learnLives: lives.learn,
  }
}

export type Tickets = ReturnType<typeof createTickets>
