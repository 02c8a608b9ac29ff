/** When an SKey is old enough to be traded. */
import type { paths, ReplyOf } from './operations.ts'

type Aged = { skey: string; issuedAt: number; expiresAt: number }

/** What a server grants unless it was configured otherwise; `/v1/session` tells what it really grants. */
const usualLives = { wholeMs: 48 * 3_600_000, idleMs: 50 * 60_000 }
/** An SKey is traded when so much of its life is over. */
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
    isUsedUp: ({ skey, issuedAt, expiresAt }: Aged): boolean => {
      const usedAt = used.skey === skey ? used.at : issuedAt
      const whole = Math.min(expiresAt - issuedAt, lives.wholeMs)
      return now() - issuedAt >= whole * usedUp || now() - usedAt >= lives.idleMs * usedUp
    },
    /** Learns from `/v1/session` how long this server's tickets live. */
    learn: ({ issuedAt, expiresAt, idleAt, timestamp }: ReplyOf<typeof paths.session>): void => {
      if (issuedAt === undefined || expiresAt === undefined || idleAt === undefined) return
      lives.wholeMs = Math.max(1, expiresAt - issuedAt) * 1_000
      // Close to its end the idle time is cut short, and says nothing about the next ticket.
      if (idleAt < expiresAt) lives.idleMs = Math.max(1, idleAt - timestamp) * 1_000
    },
  }
}
