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
import { createSlidingLog, passLog, type SlidingLog } from './sliding-log.ts'
import { wholeMs } from './whole-ms.ts'

type Touchable = { value: string; usedAt: number; used: boolean }
type Ring = readonly string[]
type Content = string | SlidingLog | Touchable | Ledger | Ring

/**
 * The store of one process. It holds at most `maxKeys` keys, where what is in a ledger or ring counts like keys: at
 * the bound it drops those whose life is over, and refuses more with `Failure('OVERLOADED')` rather than forget what
 * it has promised.
 */
export function createMemoryStore({ maxKeys, clock }: { maxKeys: number; clock: Clock }): Store {
  const entries = createExpiringMap<Content>({ most: maxKeys, clock, sizeOf })
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
      if (typeof content === 'string' || !('used' in content)) throw otherKind(key)
      const { value, used } = content
      const sinceUseMs = Math.floor(clock.elapsed() - content.usedAt)
      const idle = sinceUseMs >= idleMs
      if (!idle) Object.assign(content, { usedAt: clock.elapsed(), used: true })
      return { value, sinceUseMs, used, idle, gates: found }
    },

    async beginLedger({ key, expected, value, ledger, marks, ttlMs }) {
      trips++
      if (findText(key) !== expected) return false
      // First what may find no room: the value replaces one.
      put(ledger, createLedger(marks), ttlMs)
      put(key, value, ttlMs)
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
      const ring = find(key)?.content ?? []
      if (!isRing(ring)) throw otherKind(key)
      const all = [...ring, entry]
      put(key, all.slice(-most), ttlMs)
      return all.length > most ? all[0] : undefined
    },

    async remove(keys) {
      trips++
      for (const key of keys) {
        const entry = find(key)
        if (entry) drop(entry)
      }
    },

    async ping() {
      trips++
      return clock.now()
    },

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
