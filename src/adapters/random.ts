import { randomFillSync } from 'node:crypto'

/** Where randomness comes from: `bytes(n)` are n unpredictable bytes. */
export type Random = { bytes(length: number): Buffer }

/** Asking the generator of the process costs the same for a few bytes as for many: it is asked for many. */
const createRandom = (): Random => {
  const pool = Buffer.alloc(4_096)
  let used = pool.length
  return {
    bytes: (length) => {
      if (length > pool.length) return randomFillSync(Buffer.alloc(length))
      if (length > pool.length - used) {
        randomFillSync(pool)
        used = 0
      }
      const bytes = Buffer.from(pool.subarray(used, used + length))
      // What was handed out is erased from the pool, and never handed out again.
      pool.fill(0, used, used + length)
      used += length
      return bytes
    },
  }
}

export const systemRandom = createRandom()
