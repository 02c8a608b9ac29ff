/** scrypt 2^15/8/3 in Node's own threads, few at once: each takes 32 MB and about a third of a second. */
import { scrypt } from 'node:crypto'
import { createHashSlots, type HashLimits } from './hash-slots.ts'

const rules = { N: 2 ** 15, r: 8, p: 3, maxmem: 128 * 2 ** 20 } as const
const keyBytes = 32
/** Of the time of a bcrypt of cost 10, by which the limits are chosen. */
const asLongAs = 4
const firstGuessMs = 350

const slowDown = (secret: Uint8Array, salt: Uint8Array): Promise<{ result: Buffer; ms: number }> => {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, keyBytes, rules, (error, result) =>
      error ? reject(error) : resolve({ result, ms: performance.now() - started }),
    )
  })
}

export const createScryptPool = (limits: HashLimits) => {
  const slots = createHashSlots({ ...limits, maxWaitMs: asLongAs * limits.maxWaitMs })
  return {
    /** 32 bytes. Throws OVERLOADED when it would not be done in time. */
    slowDown: (secret: Uint8Array, salt: Uint8Array): Promise<Uint8Array> =>
      slots.run(() => slowDown(secret, salt), firstGuessMs),
    waiting: slots.waiting,
  }
}
