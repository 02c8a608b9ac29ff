/** The tickets in the storage, and when an SKey is old enough to be traded. */
import { toHex } from '../protocol/bytes.ts'
import { parseTicket } from '../protocol/tickets.ts'
import type { ReplyOf } from './call.ts'
import { ClientFailure } from './failure.ts'
import { type ClientStorage, readRecord } from './storage.ts'

/** Either ticket may be '', not both. `fingerprint` names the key that the login is bound to, if it is. */
export type KeptTickets = {
  a2: string
  skey: string
  issuedAt: number
  expiresAt: number
  fingerprint: string
}

const handleOf = (ticket: string) => toHex(parseTicket(ticket)?.handle ?? new Uint8Array())

/** Identifies the login: all its SKeys share one handle. */
export const loginOf = ({ a2, skey }: Pick<KeptTickets, 'a2' | 'skey'>) => handleOf(skey || a2)

export const createTicketRecord = (storage: ClientStorage, key: string) => {
  const read = async (): Promise<KeptTickets | undefined> => {
    const { a2 = '', skey = '', fingerprint = '', ...times } = (await readRecord(storage, key)) ?? {}
    if (typeof a2 !== 'string' || typeof skey !== 'string' || (!a2 && !skey)) return undefined
    const [issuedAt, expiresAt] = [Number(times.issuedAt) || 0, Number(times.expiresAt) || 0]
    return { a2, skey, issuedAt, expiresAt, fingerprint: String(fingerprint) }
  }
  return {
    read,
    get: async (): Promise<KeptTickets> => {
      const kept = await read()
      if (!kept) throw new ClientFailure('NOT_LOGGED_IN')
      return kept
    },
    // One write replaces the pair. Until it is done the old A2 is kept, and the server treats that one as a retry.
    write: (kept: KeptTickets): Promise<void> => storage.set(key, JSON.stringify(kept)),
    remove: (): Promise<void> => storage.remove(key),
  }
}

/** What a server grants unless it was configured otherwise; `/v1/session` tells what this one grants. */
const usualLives = { wholeMs: 48 * 3_600_000, idleMs: 50 * 60_000 }
/** The client trades an SKey when this share of its life is over. */
const usedUp = 0.9

export const createTicketLives = (now: () => number) => {
  const lives = { ...usualLives }
  let used = { skey: '', at: 0 }
  return {
    /** When an SKey issued now ends at the latest. */
    endOf: (issuedAt: number) => issuedAt + lives.wholeMs,
    use: (skey: string): void => {
      used = { skey, at: now() }
    },
    isUsedUp: ({ skey, issuedAt, expiresAt }: KeptTickets): boolean => {
      const usedAt = used.skey === skey ? used.at : issuedAt
      const whole = Math.min(expiresAt - issuedAt, lives.wholeMs)
      return now() - issuedAt >= whole * usedUp || now() - usedAt >= lives.idleMs * usedUp
    },
    /** Learns from `/v1/session` how long this server's tickets live. */
    learn: ({ issuedAt, expiresAt, idleAt, timestamp }: ReplyOf<'/v1/session'>): void => {
      if (issuedAt === undefined || expiresAt === undefined || idleAt === undefined) return
      lives.wholeMs = Math.max(1, expiresAt - issuedAt) * 1_000
      // Close to the end of a ticket its idle time is cut short, and says nothing about the next ticket.
      if (idleAt < expiresAt) lives.idleMs = Math.max(1, idleAt - timestamp) * 1_000
    },
  }
}
