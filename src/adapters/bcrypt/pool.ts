import { Failure } from '../../protocol/errors.ts'
import { createMean, createSlots } from '../../protocol/queue.ts'
import type { hashInThread } from './worker.ts'

export type BcryptPool = {
  /** The last 31 characters of bcrypt. Throws OVERLOADED when it would not be done in time. */
  hash(text: string, salt: string, cost: number): Promise<string>
  /** Starts the threads; the first password does so otherwise. */
  start(): Promise<unknown>
  /** Passwords that wait for a thread. */
  waiting(): number
  close(): Promise<void>
}

type Work = Parameters<typeof hashInThread>[0]
type Done = ReturnType<typeof hashInThread>

/** On a busy machine one hash takes far longer than another: this many times their spread is added to the mean. */
const caution = 2
/** A cheap hash, which makes a thread load what it needs. */
const firstWork = { text: '', setting: `$2b$04$${'.'.repeat(22)}` }
/** What a hash of cost 10 takes, until one was measured. */
const firstGuessMs = 100

/**
 * bcrypt in threads, off the event loop. A password that is let into the queue is hashed within `maxWaitMs`, as far as the
 * time of the last hashes tells; others are refused at once.
 */
export const createBcryptPool = (config: {
  workers: number
  queueLimit: number
  maxWaitMs: number
}): BcryptPool => {
  const { workers, queueLimit, maxWaitMs } = config
  let starting: ReturnType<typeof start> | undefined
  const hashMs = createMean(undefined)

  // Piscina's own queue is not fair: some passwords waited ten times as long as others.
  const slots = createSlots({
    slots: workers,
    elapsedMs: () => performance.now(),
    longest: queueLimit,
    maxWaitMs,
    dropAfterMs: Number.POSITIVE_INFINITY,
    // All threads are busy, so the time of its own hash comes on top.
    expectMs: (place) =>
      (Math.floor((place - 1) / workers) + 2) * (hashMs.mean(firstGuessMs) + caution * hashMs.spread()),
    createRefusal: ({ expectedMs }) =>
      new Failure('OVERLOADED', { retryAfterSeconds: Math.ceil(expectedMs / 1_000) }),
  })

  const start = async () => {
    const { Piscina } = await import('piscina')
    return new Piscina<Work, Done>({
      filename: new URL(`./worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url).href,
      name: 'hashInThread',
      minThreads: workers,
      maxThreads: workers,
    })
  }

  const getPool = () => {
    starting ??= start().catch((error) => {
      // A failure is not kept: the next password tries again.
      starting = undefined
      throw error
    })
    return starting
  }

  return {
    hash: (text, salt, cost) => {
      hashMs.mean(firstGuessMs * 2 ** (cost - 10))
      return slots.run(async () => {
        const pool = await getPool()
        const { hash, ms } = await pool.run({ text, setting: `$2b$${String(cost).padStart(2, '0')}$${salt}` })
        hashMs.learn(ms)
        return hash.slice(-31)
      })
    },
    start: async () => {
      const pool = await getPool()
      await Promise.all(Array.from({ length: workers }, () => pool.run(firstWork)))
    },
    waiting: () => slots.facts().waiting,
    close: async () => {
      await (await starting)?.close()
    },
  }
}
