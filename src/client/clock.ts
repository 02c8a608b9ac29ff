import { stepAt } from '../protocol/totp.ts'

/** Codes open for about half a minute to either side; a clock farther off than this is worth correcting. */
const tolerableMs = 20_000

/** The device's clock, put right only when the server shows that it is wrong. */
export const createClock = (now: () => number) => {
  let offsetMs = 0
  return {
    step: () => stepAt(now() + offsetMs),
    /** Takes over the server's time (unix seconds) if ours is far from it; true: it was. */
    correct: (timestamp: unknown): boolean => {
      if (typeof timestamp !== 'number' || !Number.isSafeInteger(timestamp)) return false
      // Whole seconds were cut off: half a second is the best guess.
      const serverMs = timestamp * 1_000 + 500
      if (Math.abs(serverMs - now() - offsetMs) <= tolerableMs) return false
      offsetMs = serverMs - now()
      return true
    },
  }
}

export type ClientClock = ReturnType<typeof createClock>
