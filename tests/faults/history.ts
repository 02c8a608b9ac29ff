/** What was called and what came back: written to a file while it happens, judged when it is over. */
import { randomInt } from 'node:crypto'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

export type Entry = {
  /** When it was sent, in ms since 1970. */
  time: number
  tookMs: number
  /** Who was called. */
  process: string
  operation: string
  /** What it is about: a user, a login. Retries have the same. */
  input: string
  /** The code of the reply, or why there was none. */
  reply: number | string
}

type What = Pick<Entry, 'process' | 'operation' | 'input'>

export const createHistory = (file: string) => {
  const descriptor = openSync(file, 'a')
  const record = (entry: Entry) => {
    writeSync(descriptor, `${JSON.stringify(entry)}\n`)
    return entry
  }
  return {
    record,
    /** Makes a call and writes down how it went. Undefined: there was no reply. */
    call: async <R extends { code: number }>(what: What, send: () => Promise<R>): Promise<R | undefined> => {
      const [time, started] = [Date.now(), performance.now()]
      const end = (reply: number | string) =>
        record({ time, tookMs: Math.round(performance.now() - started), ...what, reply })
      try {
        const reply = await send()
        end(reply.code)
        return reply
      } catch (error) {
        end(String((error as { code?: unknown }).code ?? error))
        return undefined
      }
    },
    read: (): Entry[] =>
      readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
    close: () => closeSync(descriptor),
  }
}

export type History = ReturnType<typeof createHistory>

const endOf = ({ time, tookMs }: Entry) => time + tookMs

/** Inputs that were acknowledged with this code. */
export const acknowledged = (entries: readonly Entry[], code: number): Set<string> =>
  new Set(entries.filter(({ reply }) => reply === code).map(({ input }) => input))

/** Judges what was made: `found` has, for each input, how often it is there afterwards. */
export const judgeMade = (entries: readonly Entry[], code: number, found: ReadonlyMap<string, number>) => {
  const known = acknowledged(entries, code)
  const asked = new Set(entries.map(({ input }) => input))
  return {
    acknowledged: known.size,
    missing: [...known].filter((input) => !found.has(input)),
    duplicates: [...found].filter(([, count]) => count > 1).map(([input]) => input),
    unasked: [...found.keys()].filter((input) => !asked.has(input)),
  }
}

/**
 * Uses that were sent after the end of what they use was acknowledged (and `graceMs` later), and were accepted.
 * Both name it by their input.
 */
export const acceptedAfterEnd = (
  entries: readonly Entry[],
  { ended, accepted, graceMs = 0 }: { ended: number; accepted: readonly number[]; graceMs?: number },
): Entry[] => {
  const ends = new Map<string, number>()
  for (const entry of entries)
    if (entry.reply === ended && !ends.has(entry.input)) ends.set(entry.input, endOf(entry))
  return entries.filter(
    ({ input, time, reply }) =>
      accepted.includes(Number(reply)) && time > (ends.get(input) ?? Number.POSITIVE_INFINITY) + graceMs,
  )
}

/** How often each reply came. */
export const countReplies = (entries: readonly Entry[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { reply } of entries) counts[reply] = (counts[reply] ?? 0) + 1
  return counts
}

/** `p99Ms(entries)`: the time within which 99 % were answered. */
export const quantileMs = (entries: readonly Entry[], share: number): number => {
  const times = entries.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
  return times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
}

/** Of the environment, or a new one; printed, so that a run that failed can be had again. */
export const takeSeed = (t: { comment(text: string): void }): number => {
  const seed = Number(process.env.SEED ?? randomInt(2 ** 31))
  t.comment(`seed ${seed}`)
  return seed
}
