import { stepAt } from '../protocol/totp.ts'

/** The server accepts codes of about half a minute to either side; a clock farther off than this is corrected. */
const tolerableMs = 20_000

/** The farthest that a time moves the clock if it came over a line on which it could be forged. */
const maxForgeableMs = 10 * 60_000

/** The clock of this device, corrected only when the server shows that it is wrong. */
export const createClock = (now: () => number) => {
  let offsetMs = 0

  const correctTo = (serverMs: number): boolean => {
    if (Math.abs(serverMs - now() - offsetMs) <= tolerableMs) return false
    offsetMs = serverMs - now()
    return true
  }

  return {
    /** Whole milliseconds since 1970, as the server counts them. */
    now: () => Math.round(now() + offsetMs),
    step: () => stepAt(now() + offsetMs),
    /**
     * Adopts the server's time (unix seconds) if this clock is far from it; true when it was. A time that could be forged
     * moves the clock by ten minutes at most: an attacker could otherwise collect envelopes for tomorrow.
     */
    correct: (timestamp: unknown, { isForgeable }: { isForgeable: boolean }): boolean => {
      if (typeof timestamp !== 'number' || !Number.isSafeInteger(timestamp)) return false
      // The server cuts off the fraction of a second; half a second is the best guess.
      const serverMs = timestamp * 1_000 + 500
      if (isForgeable && Math.abs(serverMs - now()) > maxForgeableMs) return false
      return correctTo(serverMs)
    },
    /** The same for `tm`, decimal milliseconds. */
    correctByTm: (tm: unknown): boolean =>
      typeof tm === 'string' && /^\d{13}$/.test(tm) && correctTo(Number(tm)),
  }
}

export type ClientClock = ReturnType<typeof createClock>
