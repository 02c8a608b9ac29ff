import { createHashSlots, type HashLimits } from '../hash-slots.ts'
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

/** A cheap hash, which makes a thread load what it needs. */
const firstWork = { text: '', setting: `$2b$04$${'.'.repeat(22)}` }
/** What a hash of cost 10 takes, until one was measured. */
const firstGuessMs = 100

/**
 * bcrypt in threads, off the event loop. A password that is let into the queue is hashed within `maxWaitMs`, as far as the
 * time of the last hashes tells; others are refused at once.
 */
export const createBcryptPool = (limits: HashLimits): BcryptPool => {
  const { workers } = limits
  let starting: ReturnType<typeof start> | undefined
  // Piscina's own queue is not fair: some passwords waited ten times as long as others.
  const slots = createHashSlots(limits)

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
    hash: (text, salt, cost) =>
      slots.run(
        async () => {
          const pool = await getPool()
          const setting = `$2b$${String(cost).padStart(2, '0')}$${salt}`
          const { hash, ms } = await pool.run({ text, setting })
          return { result: hash.slice(-31), ms }
        },
        firstGuessMs * 2 ** (cost - 10),
      ),
    start: async () => {
      const pool = await getPool()
      await Promise.all(Array.from({ length: workers }, () => pool.run(firstWork)))
    },
    waiting: slots.waiting,
    close: async () => {
      await (await starting)?.close()
    },
  }
}
