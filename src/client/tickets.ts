/** The tickets of this client's login: kept in the storage, refreshed before they end, forgotten when they have. */
import { toHex } from '../protocol/bytes.ts'
import { catalogue } from '../protocol/errors.ts'
import { parseTicket } from '../protocol/tickets.ts'
import { ClientFailure, isFailure } from './failure.ts'
import type { Lock } from './lock.ts'
import { paths, type ReplyOf } from './operations.ts'
import type { Reply, Send } from './reply.ts'
import { type ClientStorage, readRecord } from './storage.ts'

export type Pair = { a2: string; skey: string }
type Kept = Pair & { issuedAt: number; expiresAt: number }

export type TicketsNeeds = { send: Send; storage: ClientStorage; key: string; lock: Lock; now(): number }

/** What a server grants unless it was configured otherwise; `/v1/session` tells what it really grants. */
const usualLives = { wholeMs: 48 * 3_600_000, idleMs: 50 * 60_000 }
/** An SKey is traded when so much of its life is over. */
const usedUp = 0.9

const handleOf = (ticket: string) => toHex(parseTicket(ticket)?.handle ?? new Uint8Array())

/** Refused because the ticket has ended, said by the server in answer to this very call. */
const isEnded = (error: unknown): error is ClientFailure =>
  isFailure(error, 'NOT_LOGGED_IN') && error.isAnswer

export const createTickets = ({ send, storage, key, lock, now }: TicketsNeeds) => {
  const lives = { ...usualLives }
  const pending = new Map<string, Promise<Kept>>()
  let used = { skey: '', at: 0 }

  const read = async (): Promise<Kept | undefined> => {
    const { a2, skey, issuedAt, expiresAt } = (await readRecord(storage, key)) ?? {}
    if (typeof a2 !== 'string' || typeof skey !== 'string') return undefined
    return { a2, skey, issuedAt: Number(issuedAt) || 0, expiresAt: Number(expiresAt) || 0 }
  }

  const get = async (): Promise<Kept> => {
    const kept = await read()
    if (!kept) throw new ClientFailure('NOT_LOGGED_IN')
    return kept
  }

  const keep = async (reply: Reply): Promise<Kept> => {
    const { a2, skey } = (reply as unknown as ReplyOf<typeof paths.exchange>).tickets
    if (!a2 || !skey) throw new ClientFailure('REPLY_UNREADABLE')
    const issuedAt = now()
    const kept = { a2, skey, issuedAt, expiresAt: issuedAt + lives.wholeMs }
    // One write replaces the pair: until it is done the old A2 is there, and the server takes it for a retry.
    await storage.set(key, JSON.stringify(kept))
    used = { skey, at: issuedAt }
    return kept
  }

  /** Only the login that has ended: another tab may have logged in anew meanwhile. */
  const forgetLogin = (ended: Pair): Promise<void> =>
    lock(async () => {
      const kept = await read()
      if (kept && handleOf(kept.a2) === handleOf(ended.a2)) await storage.remove(key)
    })

  const exchange = (stale: string): Promise<Kept> =>
    lock(async () => {
      const kept = await get()
      if (kept.skey !== stale) return kept
      try {
        return await keep(await send(paths.exchange, { token: kept.a2, to: 'skey' }))
      } catch (error) {
        if (isEnded(error)) await storage.remove(key)
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

  const isUsedUp = ({ skey, issuedAt, expiresAt }: Kept) => {
    const usedAt = used.skey === skey ? used.at : issuedAt
    const whole = Math.min(expiresAt - issuedAt, lives.wholeMs)
    return now() - issuedAt >= whole * usedUp || now() - usedAt >= lives.idleMs * usedUp
  }

  /** A pair that should still be good; if it can't be had ahead of time, the old SKey may do. */
  const getFresh = async (): Promise<Kept> => {
    const kept = await get()
    if (!isUsedUp(kept)) return kept
    return refresh(kept.skey).catch((error) => {
      if (isEnded(error)) throw error
      return kept
    })
  }

  return {
    isThere: async () => (await read()) !== undefined,
    /** The tickets of a new login take the place of those before. */
    keep: (reply: Reply) => lock(() => keep(reply)),
    refresh: async (): Promise<Pair> => {
      const { a2, skey } = await refresh((await get()).skey)
      return { a2, skey }
    },
    /** Ends the login; one that the server has ended already is as good. */
    logout: (everywhere: boolean): Promise<void> =>
      lock(async () => {
        const { a2 } = await get()
        try {
          await send(paths.logout, { token: a2, ...(everywhere && { everywhere }) })
        } catch (error) {
          if (!isEnded(error)) throw error
          await storage.remove(key)
          if (everywhere) throw error
        }
        await storage.remove(key)
      }),

    /** Calls with the SKey, and once more with a new one if the server says that it has ended. */
    withSKey: async (call: (token: string) => Promise<Reply>): Promise<Reply> => {
      const run = async ({ skey }: Kept) => {
        const reply = await call(skey)
        used = { skey, at: now() }
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

    /** Learns from `/v1/session` how long this server's tickets live. */
    learnLives: ({ issuedAt, expiresAt, idleAt, timestamp }: ReplyOf<typeof paths.session>): void => {
      if (issuedAt === undefined || expiresAt === undefined || idleAt === undefined) return
      lives.wholeMs = Math.max(1, expiresAt - issuedAt) * 1_000
      // Close to its end the idle time is cut short, and says nothing about the next ticket.
      if (idleAt < expiresAt) lives.idleMs = Math.max(1, idleAt - timestamp) * 1_000
    },
  }
}

/** `/v1/session` answers a dead ticket with a code of its own; to a client it is a refusal like any other. */
export const refuseEnded = (reply: Reply): Reply => {
  if (reply.code !== catalogue.TICKET_ENDED.code) return reply
  const { reason } = reply as unknown as ReplyOf<typeof paths.session>
  throw new ClientFailure('NOT_LOGGED_IN', { reason, members: reply, isAnswer: true })
}
