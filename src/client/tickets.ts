/** The tickets of this client's login: kept in the storage, refreshed before they end, forgotten when they have. */
import { catalogue } from '../protocol/errors.ts'
import { ClientFailure, isFailure } from './failure.ts'
import { createKeptTickets, type Kept, loginOf } from './kept-tickets.ts'
import type { Lock } from './lock.ts'
import { paths, type ReplyOf } from './operations.ts'
import type { Reply, Send } from './reply.ts'
import type { ClientStorage } from './storage.ts'
import { createTicketLives } from './ticket-lives.ts'

/** `a2` is missing where a login has none: it was made on a weak key, or resumed by its key alone. */
export type Pair = { a2?: string; skey: string }

export type TicketsNeeds = {
  send: Send
  storage: ClientStorage
  key: string
  lock: Lock
  now(): number
  /** The fingerprint of the key under which calls are sealed. */
  findFingerprint(): Promise<string | undefined>
  /** Hello on the key: with `tickets` if somebody is logged in on it. */
  resume(): Promise<Reply>
}

const pairOf = ({ a2, skey }: Kept): Pair => (a2 ? { a2, skey } : { skey })

/** Refused because the ticket has ended, said by the server in answer to this very call. */
const isEnded = (error: unknown): error is ClientFailure =>
  isFailure(error, 'NOT_LOGGED_IN') && error.isAnswer

export const createTickets = (needs: TicketsNeeds) => {
  const { send, storage, key, lock, now } = needs
  const { read, get, write, remove } = createKeptTickets(storage, key)
  const lives = createTicketLives(now)
  const pending = new Map<string, Promise<Kept>>()

  const keep = async (reply: Reply, isResumed = false): Promise<Kept> => {
    const { tickets } = reply as unknown as ReplyOf<typeof paths.exchange>
    const { a2 = '', skey = '' } = tickets ?? {}
    if (!a2 && !skey) throw new ClientFailure('REPLY_UNREADABLE')
    // An SKey from hello belongs to a login whose A2 may be here already; another login's A2 says another user.
    const before = isResumed ? await read() : undefined
    const own = before && loginOf(before) === loginOf({ a2, skey }) ? before.a2 : ''
    const issuedAt = now()
    const fingerprint = (await needs.findFingerprint()) ?? ''
    const kept = { a2: a2 || own, skey, issuedAt, expiresAt: lives.endOf(issuedAt), fingerprint }
    await write(kept)
    lives.use(skey)
    return kept
  }

  /** Only the login that has ended: another tab may have logged in anew meanwhile. */
  const forgetLogin = (ended: Kept): Promise<void> =>
    lock(async () => {
      const kept = await read()
      if (kept && loginOf(kept) === loginOf(ended)) await remove()
    })

  /** Without an A2 the key has to do. */
  const resume = async (): Promise<Kept> => {
    const reply = await needs.resume()
    if (reply.tickets) return keep(reply, true)
    throw new ClientFailure('NOT_LOGGED_IN', { members: reply, isAnswer: true })
  }

  const exchange = (stale: string): Promise<Kept> =>
    lock(async () => {
      const kept = await get()
      if (kept.skey !== stale) return kept
      try {
        if (!kept.a2) return await resume()
        return await keep(await send(paths.exchange, { token: kept.a2, to: 'skey' }))
      } catch (error) {
        if (isEnded(error)) await remove()
        throw error
      }
    })

  /** One exchange for all who hold the same old SKey. */
  const refresh = (stale: string): Promise<Kept> => {
    const running = pending.get(stale)
    if (running) return running
    const started = exchange(stale).finally(() => pending.delete(stale))
    pending.set(stale, started)
    return started
  }

  /** A login from before its key is bound to it by a sealed exchange, and can be resumed on it from then on. */
  const isUnbound = async ({ a2, fingerprint }: Kept) => {
    const current = a2 ? await needs.findFingerprint() : undefined
    return current !== undefined && current !== fingerprint
  }

  /** A pair that should still be good; if it can't be had ahead of time, the old SKey may do. */
  const getFresh = async (): Promise<Kept> => {
    const kept = await get()
    if (kept.skey && !lives.isUsedUp(kept) && !(await isUnbound(kept))) return kept
    return refresh(kept.skey).catch((error) => {
      if (isEnded(error) || !kept.skey) throw error
      return kept
    })
  }

  const end = async (everywhere: boolean, mayResume = true): Promise<void> => {
    const { a2, skey } = await get()
    try {
      await send(paths.logout, { token: a2 || skey, ...(everywhere && { everywhere }) })
    } catch (error) {
      if (!isEnded(error)) throw error
      // An SKey that grew old has a login behind it still, which the key leads to.
      const isOld = !a2 && (error.reason === undefined || error.reason === 'expired')
      if (isOld && mayResume && (await needs.resume().then((reply) => reply.tickets && keep(reply, true)))) {
        return end(everywhere, false)
      }
      await remove()
      if (everywhere) throw error
    }
    await remove()
  }

  return {
    isThere: async () => (await read()) !== undefined,
    /** The tickets of a new login take the place of those before. */
    keep: (reply: Reply) => lock(() => keep(reply)),
    /** Keeps the fresh SKey that a hello may bring. */
    greet: <Greeted extends { reply: Reply }>(hello: () => Promise<Greeted>): Promise<Greeted> =>
      lock(async () => {
        const greeted = await hello()
        if (greeted.reply.tickets) await keep(greeted.reply, true)
        return greeted
      }),
    hasA2: async () => Boolean((await read())?.a2),
    refresh: async (): Promise<Pair> => pairOf(await refresh((await get()).skey)),
    /** Ends the login; one that the server has ended already is as good. */
    logout: (everywhere: boolean): Promise<void> => lock(() => end(everywhere)),

    /** Calls with the SKey, and once more with a new one if the server says that it has ended. */
    withSKey: async (call: (token: string) => Promise<Reply>): Promise<Reply> => {
      const run = async ({ skey }: Kept) => {
        const reply = await call(skey)
        lives.use(skey)
        return reply
      }
      const kept = await getFresh()
      try {
        return await run(kept)
      } catch (error) {
        if (!isEnded(error)) throw error
        // An SKey that was idle or grew old has a login behind it still; any other reason is the login's own.
        if (error.reason !== undefined && error.reason !== 'expired') {
          await forgetLogin(kept)
          throw error
        }
        return run(await refresh(kept.skey))
      }
    },

    learnLives: lives.learn,
  }
}

export type Tickets = ReturnType<typeof createTickets>

/** `/v1/session` answers a dead ticket with a code of its own; to a client it is a refusal like any other. */
export const refuseEnded = (reply: Reply): Reply => {
  if (reply.code !== catalogue.TICKET_ENDED.code) return reply
  const { reason } = reply as unknown as ReplyOf<typeof paths.session>
  throw new ClientFailure('NOT_LOGGED_IN', { reason, members: reply, isAnswer: true })
}
