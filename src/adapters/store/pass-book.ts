import { createSlidingLog, recordPass, type SlidingLog } from './sliding-log.ts'

export type KnownPasses = { key: string; windowMs: number; times: number[] }

/** 40,000 addresses with a pass each, or 4 million passes of one. */
const mostBytes = 32_000_000
/** As measured: what a key costs with its first pass, and each further pass. */
const bytesOf = { key: 800, pass: 8 } as const
const mostOfOneKey = 10_000
const forgetEvery = 1_000

/**
 * What this process let pass and when (microseconds of the store's clock): a server that has lost its logs gets them
 * back from here. Bounded: at the bound the keys that passed longest ago are forgotten.
 */
export function createPassBook() {
  const logs = new Map<string, SlidingLog & { windowMs: number }>()
  let size = 0
  let records = 0

  const sizeOf = ({ times, from }: SlidingLog) => bytesOf.pass * (times.length - from)
  const isOver = ({ times, windowMs }: SlidingLog & { windowMs: number }, now: number) =>
    (times.at(-1) ?? 0) <= now - windowMs * 1_000

  /** The first key is the one that passed longest ago. */
  const forgetOld = (now: number) => {
    for (const [key, log] of logs) {
      if (size + bytesOf.key * logs.size <= mostBytes && !isOver(log, now)) return
      logs.delete(key)
      size -= sizeOf(log)
    }
  }

  return {
    record(key: string, windowMs: number, atMicroseconds: number) {
      const log = logs.get(key) ?? { ...createSlidingLog(), windowMs }
      logs.delete(key)
      logs.set(key, log)
      size -= sizeOf(log)
      recordPass(log, atMicroseconds, windowMs * 1_000)
      size += sizeOf(log)
      if (++records % forgetEvery === 0) forgetOld(atMicroseconds)
    },
    /** Of a key with very many passes the latest. */
    list: (): KnownPasses[] =>
      [...logs].map(([key, { windowMs, times, from }]) => ({
        key,
        windowMs,
        times: times.slice(Math.max(from, times.length - mostOfOneKey)),
      })),
  }
}

export type PassBook = ReturnType<typeof createPassBook>
