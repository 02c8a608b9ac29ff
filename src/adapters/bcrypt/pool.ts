import { Failure } from '../../protocol/errors.ts'

export type BcryptPool = {
  /** The last 31 characters of bcrypt. Throws OVERLOADED when too many wait. */
  hash(text: string, salt: string, cost: number): Promise<string>
  /** Passwords that wait for a thread. */
  waiting(): number
  close(): Promise<void>
}

/** bcrypt in threads, off the event loop, with a bounded queue. The threads start with the first password. */
export const createBcryptPool = (config: { workers: number; queueLimit: number }): BcryptPool => {
  let starting: ReturnType<typeof start> | undefined
  let pending = 0

  const start = async () => {
    const { Piscina } = await import('piscina')
    return new Piscina<{ text: string; setting: string }, string>({
      filename: new URL(`./worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url).href,
      name: 'hashInThread',
      minThreads: config.workers,
      maxThreads: config.workers,
      maxQueue: config.queueLimit,
    })
  }

  return {
    hash: async (text, salt, cost) => {
      if (pending >= config.workers + config.queueLimit)
        throw new Failure('OVERLOADED', { retryAfterSeconds: 2 })
      pending++
      try {
        starting ??= start()
        const pool = await starting
        return (await pool.run({ text, setting: `$2b$${String(cost).padStart(2, '0')}$${salt}` })).slice(-31)
      } finally {
        pending--
      }
    },
    waiting: () => Math.max(0, pending - config.workers),
    close: async () => {
      await (await starting)?.close()
    },
  }
}
