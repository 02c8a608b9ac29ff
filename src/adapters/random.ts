import { randomBytes } from 'node:crypto'

/** Where randomness comes from: `bytes(n)` are n unpredictable bytes. */
export type Random = { bytes(length: number): Buffer }

export const systemRandom: Random = { bytes: (length) => randomBytes(length) }
