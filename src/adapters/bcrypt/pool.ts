import { Failure } from '../../protocol/errors.ts'
import type { hashInThread } from './worker.ts'

export type BcryptPool = {
  /** The last 31 characters of bcrypt. Throws OVERLOADED when it would not be done in time. */
  hash(text: string, salt: string, cost: number): Promise<string>
  /** Passwords that wait for a thread. */
  waiting(): number
  close(): Promise<void>
}

type Work = Parameters<typeof hashInThread>[0]
type Done = ReturnType<typeof hashInThread>

/** The share of the newest figure in the mean, and in how far figures lie from it on average. */
const newest = 0.2
/** So many of those above the mean: on a busy machine one hash takes far longer than another. */
const caution = 2
/** Of cost 10, until one was measured. */
const firstGuessMs = 100

/**
 * bcrypt in threads, off the event loop. Who is let into the queue is done within `maxWaitMs`, as far as the time that
 * the last hashes took tells; others are refused at once. The threads start with the first password.
 */
export const createBcryptPool = (config: {
  workers: number
  queueLimit: number
  maxWaitMs: number
}): BcryptPool => {
  const { workers, queueLimit, maxWaitMs } = config
  let starting: ReturnType<typeof start> | undefined
  let running = 0
  // First come, first served: among those that piscina queues itself some waited ten times as long as others.
  const line: (() => void)[] = []
  let hashMs: number | undefined
  let spreadMs = 0

  const start = async () => {
    const { Piscina } = await import('piscina')
    return new Piscina<Work, Done>({
      filename: new URL(`./worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url).href,
      name: 'hashInThread',
      minThreads: workers,
      maxThreads: workers,
    })
  }

  const checkRoom = (cost: number) => {
    hashMs ??= firstGuessMs * 2 ** (cost - 10)
    const doneInMs = (Math.floor((running + line.length) / workers) + 1) * (hashMs + caution * spreadMs)
    if (running < workers || (line.length < queueLimit && doneInMs <= maxWaitMs)) return
    throw new Failure('OVERLOADED', { retryAfterSeconds: Math.ceil(doneInMs / 1_000) })
  }

  const learn = (ms: number) => {
    hashMs ??= ms
    spreadMs += newest * (Math.abs(ms - hashMs) - spreadMs)
    hashMs += newest * (ms - hashMs)
  }

  const takeTurn = (): Promise<void> => {
    if (running >= workers) return new Promise((resolve) => line.push(resolve))
    running++
    return Promise.resolve()
  }
  const endTurn = () => {
    const next = line.shift()
    if (next) next()
    else running--
  }

  return {
    hash: async (text, salt, cost) => {
      checkRoom(cost)
      await takeTurn()
      try {
        starting ??= start()
        const pool = await starting
        const { hash, ms } = await pool.run({ text, setting: `$2b$${String(cost).padStart(2, '0')}$${salt}` })
        learn(ms)
        return hash.slice(-31)
      } finally {
        endTurn()
      }
    },
    waiting: () => line.length,
    close: async () => {
      await (await starting)?.close()
    },
  }
}
