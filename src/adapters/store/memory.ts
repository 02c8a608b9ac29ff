import { randomUUID } from 'node:crypto'
import { Failure } from '../../protocol/errors.ts'
import type { Clock } from '../clock.ts'
import { createExpiringMap, type Entry } from './expiring-map.ts'
import type { Store } from './index.ts'
import {
  checkSlide,
  createLedger,
  enterNumber,
  judgeMarks,
  judgeNumber,
  type Ledger,
  sizeOfLedger,
} from './ledger.ts'
import { createSlidingLog, recordPass, type SlidingLog, waitOfLog } from './sliding-log.ts'
import { wholeMs } from './whole-ms.ts'

type Touchable = { value: string; usedAt: number; used: boolean; ownIdleMs: number }
type Ring = string[]
type Content = string | SlidingLog | Touchable | Ledger | Ring

export type MemoryStoreNeeds = {
  maxKeys: number
  clock: Clock
  /** Beginnings of keys that may use the last tenth: others must not be able to keep them out. */
  reserved?: readonly string[]
}

const sharedPart = 0.9

/**
 * The store of one process. It holds at most `maxKeys` keys, where what is in a ledger or ring counts like keys: at
 * the bound it drops those whose life is over, then what yields (see `beginLedger`), and refuses more with `Failure('OVERLOADED')` rather than forget what it has promised.
 */
export function createMemoryStore({ maxKeys, clock, reserved = [] }: MemoryStoreNeeds): Store {
  const shared = reserved.length > 0 ? Math.floor(maxKeys * sharedPart) : maxKeys
  const mostFor = (key: string) => (reserved.some((start) => key.startsWith(start)) ? maxKeys : shared)
  const entries = createExpiringMap<Content>({ mostFor, clock, sizeOf })
  const { find, put, drop } = entries
  const epoch = randomUUID()
  let trips = 0

  const findLedger = (key: string) => {
    const entry = find(key)
    if (!entry) return undefined
    const { content } = entry
    if (!isLedger(content)) throw otherKind(key)
    return { entry, content, lifeMs: Math.ceil(entry.expiresAt - clock.elapsed()) }
  }

  const findText = (key: string) => textOf(find(key))

  const findLog = (key: string) => {
    const log = find(key)?.content ?? createSlidingLog()
    if (typeof log === 'string' || !('times' in log)) throw otherKind(key)
    return log
  }

  const push = (key: string, entry: string, most: number, ttlMs: number) => {
    const ring = find(key)?.content ?? []
    if (!isRing(ring)) throw otherKind(key)
    // In place: to copy a ring of many thousands would take longer than all the rest.
    ring.push(entry)
    const fallen = ring.length > most ? ring.splice(0, ring.length - most) : []
    try {
      put(key, ring, ttlMs)
    } catch (error) {
      ring.pop()
      throw error
    }
    return fallen
  }

  const putTouched = (key: string, value: string, ttlMs: number, ownIdleMs = Number.POSITIVE_INFINITY) => {
    const found = find(key)?.content
    if (typeof found === 'object' && 'used' in found && found.used) return
    put(key, { value, usedAt: clock.elapsed(), used: false, ownIdleMs }, ttlMs)
  }

  const remove = (keys: readonly string[]) => {
    for (const key of keys) {
      const entry = find(key)
      if (entry) drop(entry)
    }
  }

  return {
    get trips() {
      return trips
    },
    epoch,

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
      const entry = find(key)
      const text = textOf(entry)
      if (entry) drop(entry)
      return text
    },

    async increment(key, ttlMs) {
      trips++
      const entry = find(key)
      const sum = Number(textOf(entry) ?? 0) + 1
      if (!Number.isSafeInteger(sum)) throw otherKind(key)
      if (entry) entry.content = String(sum)
      else put(key, String(sum), ttlMs)
      return sum
    },

    async compareAndSet(key, expected, value, ttlMs) {
      trips++
      const entry = find(key)
      if (textOf(entry) !== expected) return false
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

    async pass(key, windowMs, max, wider = []) {
      trips++
      const now = clock.elapsed()
      const window = wholeMs(windowMs)
      const logs = [{ key, max }, ...wider].map((row) => ({ ...row, log: findLog(row.key) }))
      const waitMs = Math.max(...logs.map(({ log, max: most }) => waitOfLog(log, now, window, most)))
      if (waitMs > 0) return Math.ceil(waitMs)
      // First what may find no room; what one log has remembered too much ends with its window.
      for (const { key: place, log } of logs) put(place, log, windowMs)
      for (const { log } of logs) recordPass(log, now, window)
      return 0
    },

    async setTouched(key, value, ttlMs, ownIdleMs) {
      trips++
      putTouched(key, value, ttlMs, ownIdleMs)
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
      if (typeof content === 'string' || !('used' in content)) throw otherKind(key)
      const { value, used } = content
      const sinceUseMs = Math.floor(clock.elapsed() - content.usedAt)
      const idle = sinceUseMs >= Math.min(idleMs, content.ownIdleMs)
      if (!idle) Object.assign(content, { usedAt: clock.elapsed(), used: true })
      return { value, sinceUseMs, used, idle, gates: found }
    },

    async beginLedger({ key, expected, value, ledger, marks, ttlMs, yields = false }) {
      trips++
      if (findText(key) !== expected) return false
      // First what may find no room: the value replaces one.
      put(ledger, createLedger(marks), ttlMs)
      put(key, value, ttlMs)
      if (yields) entries.letYield([key, ledger])
      return true
    },

    async consume(ledger, marks, most) {
      trips++
      const found = findLedger(ledger)
      if (!found) return { outcome: 'missing', lifeMs: 0 }
      const { entry, content, lifeMs } = found
      const each = [...new Set(marks)]
      const outcome = judgeMarks(content, each, most)
      if (outcome === 'consumed') {
        entries.grow(entry, each.length, () => {
          for (const mark of each) content.marks.add(mark)
        })
      }
      return { outcome, lifeMs }
    },

    async slide(ledger, number, width, jump) {
      checkSlide(number, width, jump)
      trips++
      const found = findLedger(ledger)
      if (!found) return { outcome: 'missing', lifeMs: 0 }
      const { entry, content, lifeMs } = found
      const outcome = judgeNumber(content, number, width, jump)
      if (outcome === 'fresh') {
        entries.grow(entry, 1, () => enterNumber(content, number, width))
      }
      return { outcome, lifeMs }
    },

    async extend(keys, ttlMs) {
      trips++
      const whole = wholeMs(ttlMs)
      for (const key of keys) {
        const entry = find(key)
        if (entry) entries.extend(entry, whole)
      }
    },

    async pushBounded(key, entry, most, ttlMs) {
      trips++
      return push(key, entry, most, ttlMs)[0]
    },

    async pushEach(rings, entry, ttlMs) {
      trips++
      return rings.flatMap(({ key, most }) => {
        entries.keep(key)
        const [fallen] = push(key, entry, most, ttlMs)
        entries.letYield([key])
        return fallen ?? []
      })
    },

    async setInRing({ key, value, ttlMs, ownIdleMs, ring }) {
      trips++
      const isNew = find(key) === undefined
      putTouched(key, value, ttlMs, ownIdleMs)
      try {
        const keys = find(ring.key)?.content
        if (keys && isRing(keys) && keys.includes(key)) put(ring.key, keys, ring.ttlMs)
        else remove(push(ring.key, key, ring.most, ring.ttlMs))
      } catch (error) {
        if (isNew) remove([key])
        throw error
      }
    },

    async remove(keys) {
      trips++
      remove(keys)
    },

    async ping() {
      trips++
      return clock.now()
    },

    findWarnings: async () => [],

    async close() {
      entries.close()
    },
  }
}

const textOf = (entry: Entry<Content> | undefined) => {
  if (!entry) return undefined
  if (typeof entry.content === 'string') return entry.content
  throw otherKind(entry.key)
}

const isLedger = (content: Content): content is Ledger => typeof content === 'object' && 'marks' in content
const isRing = (content: Content): content is Ring => Array.isArray(content)

const sizeOf = (content: Content) => {
  if (isRing(content)) return content.length
  return isLedger(content) ? 1 + sizeOfLedger(content) : 1
}

/** As Redis refuses it: a key belongs to one group of verbs. */
const otherKind = (key: string) =>
  new Failure('STORE_UNREACHABLE', { cause: new Error(`the key ${key} holds another kind of value`) })
