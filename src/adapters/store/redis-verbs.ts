import { Failure } from '../../protocol/errors.ts'
import type { Consumed, Slid, Store } from './index.ts'
import { checkSlide } from './ledger.ts'
import type { PassBook } from './pass-book.ts'
import type { RedisConnection, Turn } from './redis-connection.ts'
import { type Script, scripts } from './redis-scripts.ts'
import { wholeMs } from './whole-ms.ts'

export type VerbsNeeds = {
  connection: RedisConnection
  commandTimeoutMs: number
  passBook: PassBook
  /** The life of the server that was brought up to date last. */
  life: { readonly epoch: string }
  /** Throws while the server must not be asked. */
  checkOpen(): void
}

/** So that none of them waits for long behind the others. */
const atOnce = 100

/** The verbs of the store as commands of Redis: each one trip, which fails in time and in one way. */
export function createVerbs({ connection, commandTimeoutMs, passBook, life, checkOpen }: VerbsNeeds) {
  const { commands, isCluster, gather, refresh } = connection
  let trips = 0

  const ask = async <T>(send: () => Promise<T>): Promise<T> => {
    trips++
    try {
      checkOpen()
      const turn = gather()
      return await within(commandTimeoutMs, turn, send())
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

  /** Sent to a cluster, they would make all commands fail that happen to travel with them. */
  const checkTags = (keys: readonly string[]) => {
    if (isCluster && new Set(keys.map(hashTag)).size > 1) throw new RangeError('the keys share no hash tag')
  }

  return {
    get trips() {
      return trips
    },

    get epoch() {
      return life.epoch
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

    async pass(key, windowMs, max, wider = []) {
      const whole = wholeMs(windowMs)
      const keys = [key, ...wider.map((log) => log.key)]
      checkTags(keys)
      const answer = await run<number>(scripts.pass, keys, whole, max, ...wider.map((log) => log.max))
      if (answer > 0) return answer
      for (const passed of keys) passBook.record(passed, whole, -answer)
      return 0
    },

    async setTouched(key, value, ttlMs, ownIdleMs) {
      const idle = ownIdleMs === undefined ? [] : [wholeMs(ownIdleMs)]
      await run(scripts.setTouched, [key], value, wholeMs(ttlMs), ...idle)
    },

    async touch(key, idleMs, gates) {
      const keys = [key, ...gates]
      checkTags(keys)
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

    async beginLedger({ key, expected, value, ledger, marks, ttlMs }) {
      const keys = [key, ledger]
      checkTags(keys)
      return (await run(scripts.beginLedger, keys, expected, value, wholeMs(ttlMs), ...marks)) === 1
    },

    async consume(ledger, marks, most) {
      type Reply = [Consumed['outcome'], number]
      const [outcome, lifeMs] = await run<Reply>(scripts.consume, [ledger], most, ...new Set(marks))
      return { outcome, lifeMs }
    },

    async slide(ledger, number, width, jump) {
      checkSlide(number, width, jump)
      type Reply = [Slid['outcome'], number]
      const [outcome, lifeMs] = await run<Reply>(scripts.slide, [ledger], number, width, jump)
      return { outcome, lifeMs }
    },

    async extend(keys, ttlMs) {
      checkTags(keys)
      await run(scripts.extend, keys, wholeMs(ttlMs))
    },

    async pushBounded(key, entry, most, ttlMs) {
      return (await run<string | null>(scripts.pushBounded, [key], entry, most, wholeMs(ttlMs))) ?? undefined
    },

    async pushEach(rings, entry, ttlMs) {
      const keys = rings.map(({ key }) => key)
      checkTags(keys)
      return run<string[]>(scripts.pushEach, keys, entry, wholeMs(ttlMs), ...rings.map(({ most }) => most))
    },

    async setInRing({ key, value, ttlMs, ownIdleMs, ring }) {
      const keys = [key, ring.key]
      checkTags(keys)
      const idle = ownIdleMs === undefined ? '' : wholeMs(ownIdleMs)
      await run(scripts.setInRing, keys, key, value, wholeMs(ttlMs), idle, ring.most, wholeMs(ring.ttlMs))
    },

    async remove(keys) {
      checkTags(keys)
      // DEL takes no empty list.
      if (keys.length > 0) await ask(() => commands.del(...keys))
    },

    async ping() {
      // A server that still loads its data tells the time, but refuses a ping. Both travel together.
      const [, [seconds, microseconds]] = await ask(() => Promise.all([commands.ping(), commands.time()]))
      return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000)
    },

    async findWarnings() {
      const policy =
        /^maxmemory_policy:(\S+)/m.exec(await ask(() => commands.info('memory')))?.[1] ?? 'noeviction'
      if (policy === 'noeviction') return []
      return [`maxmemory-policy is ${policy}, so limits and ends of logins may be lost: set it to noeviction`]
    },

    async close() {
      connection.close()
    },

    /** The database that the URL names. The client goes on in database 0 when the server refuses to select it. */
    async select() {
      await ask(() => connection.select())
    },

    /** Names the life of the server; '' on a cluster, which has many. */
    async findEpoch() {
      if (isCluster) return ''
      return /^run_id:(\S+)/m.exec(await ask(() => commands.info('server')))?.[1] ?? ''
    },

    /** Adds what the pass book has to the logs of the store. */
    async restorePasses(passes = passBook.list()) {
      while (passes.length > 0) {
        const some = passes.splice(0, atOnce)
        await Promise.all(
          some.map(({ key, windowMs, times }) => run(scripts.restorePasses, [key], windowMs, ...times)),
        )
      }
    },
  } satisfies Store & Record<string, unknown>
}

const hashTag = (key: string) => /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key

/**
 * Counts from the end of the turn of the call: ioredis counts from the sending, and to a cluster what it gathers for
 * the next sending waits for the answers to the last.
 */
function within<T>(ms: number, turn: Turn, answer: Promise<T>) {
  return new Promise<T>((resolve, reject) => {
    const fail = () => reject(new Error(`no answer within ${ms} ms`))
    const judge = () => {
      const now = performance.now()
      const restMs = (turn.sentAt ?? now) + ms - now
      // A long turn has used up the time of what it had not even sent.
      if (restMs > 0) timer = setTimeout(judge, restMs)
      // Not before what has arrived is read: if this process was busy for that long, the store was not late.
      else setImmediate(fail)
    }
    let timer = setTimeout(judge, ms)
    const settle = () => clearTimeout(timer)
    answer.then(settle, settle)
    answer.then(resolve, reject)
  })
}
