import { Failure } from '../../protocol/errors.ts'
import type { Clock } from '../clock.ts'
import { createExpiryHeap, type Expiring } from './expiry-heap.ts'
import { wholeMs } from './whole-ms.ts'

/** `size`: for how many keys it counts. */
export type Entry<Content> = Expiring & { key: string; content: Content; size: number }

const dropEveryMs = 1_000
/** About a millisecond of work, so that many lifetimes that end at once delay no call. */
const dropAtOnce = 1_000

/**
 * Contents with a life. All together they count for so many keys at most: at the bound those whose life is over are
 * dropped, and more is refused with `Failure('OVERLOADED')`.
 */
export function createExpiringMap<Content>(needs: {
  /** How much there may be where this key finds room. */
  mostFor(key: string): number
  clock: Clock
  sizeOf(content: Content): number
}) {
  const { mostFor, clock, sizeOf } = needs
  const entries = new Map<string, Entry<Content>>()
  const byExpiry = createExpiryHeap<Entry<Content>>()
  /** Entries that give way when there is no room, oldest first, each with all that goes with it. */
  const yielding = new Map<Entry<Content>, readonly Entry<Content>[]>()
  let held = 0

  const drop = (entry: Entry<Content>) => {
    entries.delete(entry.key)
    yielding.delete(entry)
    byExpiry.remove(entry)
    held -= entry.size
  }

  /** Returns how many it dropped. */
  const dropExpired = (atMost: number) => {
    const now = clock.elapsed()
    for (let dropped = 0; dropped < atMost; dropped++) {
      const first = byExpiry.first()
      if (!first || first.expiresAt > now) return dropped
      drop(first)
    }
    return atMost
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

  const dropYielding = (): boolean => {
    const [oldest] = yielding.values()
    for (const entry of oldest ?? []) drop(entry)
    return oldest !== undefined
  }

  const makeRoom = (key: string, more: number) => {
    const most = mostFor(key)
    while (more > 0 && held + more > most) {
      if (dropExpired(1) === 0 && !dropYielding()) throw new Failure('OVERLOADED')
    }
  }

  return {
    find,
    drop,

    put(key: string, content: Content, ttlMs: number) {
      const expiresAt = clock.elapsed() + wholeMs(ttlMs)
      const size = sizeOf(content)
      makeRoom(key, size - (find(key)?.size ?? 0))
      // Not what was found before: making room may have dropped it.
      const entry = entries.get(key)
      held += size - (entry?.size ?? 0)
      if (entry) return byExpiry.move(Object.assign(entry, { content, expiresAt, size }))
      const added = { key, content, expiresAt, size, place: 0 }
      entries.set(key, added)
      byExpiry.add(added)
    },

    /** Lets an entry that was found hold so much more; `change` changes its content. */
    grow(entry: Entry<Content>, more: number, change: () => void) {
      makeRoom(entry.key, more)
      change()
      if (entries.get(entry.key) !== entry) return
      const size = sizeOf(entry.content)
      held += size - entry.size
      entry.size = size
    },

    /** From now on these give way together, if room is needed, until one of them is extended. */
    letYield(keys: readonly string[]) {
      const together = keys.flatMap((key) => entries.get(key) ?? [])
      for (const entry of together) yielding.set(entry, together)
    },

    /** Until it is let yield again, as the newest. */
    keep(key: string) {
      const entry = entries.get(key)
      if (entry) yielding.delete(entry)
    },

    /** Gives an entry that was found a new life; it gives way no more. */
    extend(entry: Entry<Content>, ttlMs: number) {
      for (const other of yielding.get(entry) ?? []) yielding.delete(other)
      entry.expiresAt = clock.elapsed() + wholeMs(ttlMs)
      byExpiry.move(entry)
    },

    close() {
      clearTimeout(timer)
      entries.clear()
      yielding.clear()
      byExpiry.clear()
      held = 0
    },
  }
}
