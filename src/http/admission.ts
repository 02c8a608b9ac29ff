/** How many changing operations run at once, and who waits for his turn. */
import { Failure } from '../protocol/errors.ts'

type CrowdNeeds = {
  /** Milliseconds that only ever pass. */
  elapsedMs(): number
  /** So many run, others wait in a line. */
  maxChangesAtOnce: number
  /** Who would wait longer than this is refused at once. */
  changeWaitMs: number
}

export type Admission = ReturnType<typeof createAdmission>

type Waiting = { since: number; place: number; start(): void; refuse(failure: Failure): void }

/** The share of the newest figure in the mean. */
const newest = 0.2
/** What one place of the line takes, until it was measured. */
const firstGuessMs = 2
/** Each holds the body of its request. */
const longestLine = 1_000
/** Who has waited so many times as long as he should have is not served any more: he may have given up. */
const patience = 3

/**
 * A machine does not do more by doing all at the same time, it only makes everything late, refusals too. So few run,
 * others wait, and nobody joins a line that is longer than what is served in good time, as far as the time that the
 * last places took tells.
 */
export const createAdmission = ({ elapsedMs, maxChangesAtOnce, changeWaitMs }: CrowdNeeds) => {
  // One for all: it is thrown most when there is no time to make it.
  const full = new Failure('OVERLOADED', { retryAfterSeconds: 1 })
  const line: Waiting[] = []
  let running = 0
  let placeMs = firstGuessMs

  const isFull = () =>
    line.length >= longestLine || (line.length > 0 && (line.length + 1) * placeMs > changeWaitMs)

  const take = (): Waiting | undefined => {
    const first = line.shift()
    if (first) placeMs += newest * ((elapsedMs() - first.since) / first.place - placeMs)
    return first
  }
  const dropLate = () => {
    const oldest = elapsedMs() - patience * changeWaitMs
    while ((line[0]?.since ?? oldest) < oldest) take()?.refuse(full)
  }
  const callNext = () => {
    dropLate()
    while (line.length > 0 && running < maxChangesAtOnce) {
      running++
      take()?.start()
    }
  }
  const leave = () => {
    running--
    callNext()
  }

  return {
    /** Throws OVERLOADED when who came now would wait for too long. */
    check: () => {
      if (isFull()) throw full
    },
    /** Resolves when it is one's turn; throws OVERLOADED. */
    enter: (): Promise<void> => {
      if (running < maxChangesAtOnce) {
        running++
        return Promise.resolve()
      }
      if (isFull()) return Promise.reject(full)
      return new Promise((start, refuse) => {
        line.push({ since: elapsedMs(), place: line.length + 1, start, refuse })
      })
    },
    leave,
    /** Refuses who has waited in vain; by itself this is noticed when somebody leaves. */
    dropLate,
    /** Work that has a line of its own, or waits for another: it takes no place meanwhile. */
    runOutside: async <T>(work: () => Promise<T>): Promise<T> => {
      leave()
      try {
        return await work()
      } finally {
        running++
      }
    },
    facts: () => ({ running, waiting: line.length }),
  }
}
