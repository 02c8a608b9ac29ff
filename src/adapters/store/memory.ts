import { Failure } from '../../protocol/errors.ts'
import type { Clock } from '../clock.ts'
import { createExpiryHeap, type Expiring } from './expiry-heap.ts'
import type { Store } from './index.ts'
import { createSlidingLog, passLog, type SlidingLog } from './sliding-log.ts'
import { wholeMs } from './whole-ms.ts'

type Touchable = { value: string; usedAt: number; used: boolean }
type Content = string | SlidingLog | Touchable
type Entry = Expiring & { key: string; content: Content }

const dropEveryMs = 1_000
/** About a millisecond of work, so that many lives that end at once hold up nobody. */
const dropAtOnce = 1_000

/**
 * The store of one process. It holds at most `maxKeys` keys: at the bound it drops those whose life is over,
 * and refuses new ones with `Failure('OVERLOADED')` rather than forget what it has promised.
 */
export function createMemoryStore({ maxKeys, clock }: { maxKeys: number; clock: Clock }): Store {
  const entries = new Map<string, Entry>()
  const byExpiry = createExpiryHeap<Entry>()
  let trips = 0

  const drop = (entry: Entry) => {
    entries.delete(entry.key)
    byExpiry.remove(entry)
  }

  /** Returns how many it dropped. */
  const dropExpired = (most: number) => {
    const now = clock.elapsed()
    for (let dropped = 0; dropped < most; dropped++) {
      const first = byExpiry.first()
      if (!first || first.expiresAt > now) return dropped
      drop(first)
    }
    return most
  }

  const sweep = () => {
    const isMoreLeft = dropExpired(dropAtOnce) === dropAtOnce
    timer = setTimeout(sweep, isMoreLeft ? 0 : dropEveryMs).unref()
  }
  let timer = setTimeout(sweep, dropEveryMs).unref()

  const find = (key: string) => {
    const entry = entries.get(key)
    if (!entry || entry.expiresAt > clock.elapsed()) return entry
    drop(entry)
    return undefined
  }

  const put = (key: string, content: Content, ttlMs: number) => {
    const expiresAt = clock.elapsed() + wholeMs(ttlMs)
    const entry = find(key)
    if (entry) return byExpiry.move(Object.assign(entry, { content, expiresAt }))
    if (entries.size >= maxKeys && dropExpired(1) === 0) throw new Failure('OVERLOADED')
    const added = { key, content, expiresAt, place: 0 }
    entries.set(key, added)
    byExpiry.add(added)
  }

  const findText = (key: string) => {
    const content = find(key)?.content
    if (content === undefined || typeof content === 'string') return content
    throw otherKind(key)
  }

  return {
    get trips() {
      return trips
    },

    async get(key) {
      trips++
      return findText(key)
    },

    async set(key, value, ttlMs) {
      trips++
      put(key, value, ttlMs)
    },

    async take(key) {
      trips++
      const text = findText(key)
      const entry = entries.get(key)
      if (entry) drop(entry)
      return text
    },

    async increment(key, ttlMs) {
      trips++
      const sum = Number(findText(key) ?? 0) + 1
      if (!Number.isSafeInteger(sum)) throw otherKind(key)
      const entry = entries.get(key)
      if (entry) entry.content = String(sum)
      else put(key, String(sum), ttlMs)
      return sum
    },

    async compareAndSet(key, expected, value, ttlMs) {
      trips++
      if (findText(key) !== expected) return false
      const entry = entries.get(key)
      if (value !== undefined) put(key, value, ttlMs)
      else if (entry) drop(entry)
      return true
    },

    async claim(key, value, ttlMs) {
      trips++
      const text = findText(key)
      if (text === undefined) put(key, value, ttlMs)
      return text
    },

    async pass(key, windowMs, max) {
      trips++
      const log = find(key)?.content ?? createSlidingLog()
      if (typeof log === 'string' || !('times' in log)) throw otherKind(key)
      const waitMs = passLog(log, clock.elapsed(), wholeMs(windowMs), max)
      if (waitMs === 0) put(key, log, windowMs)
      return Math.ceil(waitMs)
    },

    async setTouched(key, value, ttlMs) {
      trips++
      const found = find(key)?.content
      if (typeof found === 'object' && 'used' in found && found.used) return
      put(key, { value, usedAt: clock.elapsed(), used: false }, ttlMs)
    },

    async touch(key, idleMs, gates) {
      trips++
      const found = gates.map((gate) => {
        const content = find(gate)?.content
        return typeof content === 'string' ? content : undefined
      })
      const content = find(key)?.content
      if (content === undefined)
        return { value: undefined, sinceUseMs: 0, used: false, idle: false, gates: found }
      if (typeof content === 'string' || 'times' in content) throw otherKind(key)
      const { value, used } = content
      const sinceUseMs = Math.floor(clock.elapsed() - content.usedAt)
      const idle = sinceUseMs >= idleMs
      if (!idle) Object.assign(content, { usedAt: clock.elapsed(), used: true })
      return { value, sinceUseMs, used, idle, gates: found }
    },

    async ping() {
      trips++
      return clock.now()
    },

    async close() {
      clearTimeout(timer)
      entries.clear()
      byExpiry.clear()
    },
  }
}

/** As Redis refuses it: a key belongs to one group of verbs. */
const otherKind = (key: string) =>
  new Failure('STORE_UNREACHABLE', { cause: new Error(`the key ${key} holds another kind of value`) })
