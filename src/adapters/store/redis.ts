import type { StoreConfig } from '../../config.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Store } from './index.ts'
import { openRedisConnection, type StoreLogger } from './redis-connection.ts'
import { type Script, scripts } from './redis-scripts.ts'
import { wholeMs } from './whole-ms.ts'

/**
 * The store on one Redis (6.2 or newer), or on a Redis Cluster when `clusterNodes` names some.
 * Throws `Failure('STORE_UNREACHABLE')` if it is not ready in time.
 */
export async function openRedisStore(needs: {
  config: StoreConfig
  logger?: StoreLogger | undefined
}): Promise<Store> {
  const { commandTimeoutMs } = needs.config
  const { commands, isCluster, refresh, close } = await openRedisConnection(needs)
  let trips = 0

  /** One trip, which fails in time and in one way. */
  const ask = async <T>(send: () => Promise<T>): Promise<T> => {
    trips++
    try {
      return await within(commandTimeoutMs, send())
    } catch (error) {
      // Only the text: the error of the client also carries the command with its values.
      const text = error instanceof Error ? error.message : 'unknown'
      if (/^(MOVED|CLUSTERDOWN)/.test(text)) refresh()
      throw new Failure('STORE_UNREACHABLE', { cause: new Error(text) })
    }
  }

  const run = <T>(script: Script, keys: readonly string[], ...values: (string | number)[]) =>
    ask(async () => {
      const rest = [keys.length, ...keys, ...values] as const
      try {
        return (await commands.evalsha(script.sha, ...rest)) as T
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
        return (await commands.eval(script.lua, ...rest)) as T
      }
    })

  return {
    get trips() {
      return trips
    },

    async get(key) {
      return (await ask(() => commands.get(key))) ?? undefined
    },

    async set(key, value, ttlMs) {
      const ttl = wholeMs(ttlMs)
      await ask(() => commands.set(key, value, 'PX', ttl))
    },

    async take(key) {
      return (await ask(() => commands.getdel(key))) ?? undefined
    },

    async increment(key, ttlMs) {
      return run<number>(scripts.increment, [key], wholeMs(ttlMs))
    },

    async compareAndSet(key, expected, value, ttlMs) {
      const wanted = [expected === undefined ? 0 : 1, expected ?? ''] as const
      const put = [value === undefined ? 0 : 1, value ?? ''] as const
      return (await run<number>(scripts.compareAndSet, [key], ...wanted, ...put, wholeMs(ttlMs))) === 1
    },

    async claim(key, value, ttlMs) {
      return (await run<string | null>(scripts.claim, [key], value, wholeMs(ttlMs))) ?? undefined
    },

    async pass(key, windowMs, max) {
      return run<number>(scripts.pass, [key], wholeMs(windowMs), max)
    },

    async setTouched(key, value, ttlMs) {
      await run(scripts.setTouched, [key], value, wholeMs(ttlMs))
    },

    async touch(key, idleMs, gates) {
      const keys = [key, ...gates]
      // Sent to a cluster, this would make all commands fail that happen to travel with it.
      if (isCluster && new Set(keys.map(hashTag)).size > 1) throw new RangeError('the keys share no hash tag')
      type Reply = [string | null, number, number, number, ...(string | null)[]]
      const [value, sinceUseMs, used, idle, ...found] = await run<Reply>(scripts.touch, keys, idleMs)
      return {
        value: value ?? undefined,
        sinceUseMs,
        used: used === 1,
        idle: idle === 1,
        gates: found.map((gate) => gate ?? undefined),
      }
    },

    async ping() {
      // A server that still loads its data tells the time, but refuses a ping. Both travel together.
      const [, [seconds, microseconds]] = await ask(() => Promise.all([commands.ping(), commands.time()]))
      return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000)
    },

    async close() {
      close()
    },
  }
}

const hashTag = (key: string) => /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key

/**
 * Counts from the call: ioredis counts from the sending, and what it gathers for the next sending waits for
 * the answers to the last.
 */
function within<T>(ms: number, answer: Promise<T>) {
  return new Promise<T>((resolve, reject) => {
    const fail = () => reject(new Error(`no answer within ${ms} ms`))
    // Not before what has arrived is read: if this process was busy for that long, the store was not late.
    const timer = setTimeout(setImmediate, ms, fail)
    const settle = () => clearTimeout(timer)
    answer.then(settle, settle)
    answer.then(resolve, reject)
  })
}
