/** The queue before everything of which there are few: places for writes, connections, threads, the SQLite writer. */

export type QueueNeeds = {
  /** Milliseconds that only ever pass. */
  elapsedMs(): number
  /** Calls that may wait at once. */
  longest: number
  /** A call that would wait longer than this is refused at once. */
  maxWaitMs: number
  /** A call that has waited this long is refused: its client has probably timed out. */
  dropAfterMs: number
  /** What a call at this place (from 1) has to expect; without it, as long as the last places took. */
  expectMs?(place: number): number
  /**
   * The error for a refused call. `sinceMs`: when it came; of a call that may not wait, when the oldest one came that has
   * kept the queue from becoming empty.
   */
  createRefusal(refused: { sinceMs: number; expectedMs: number }): Error
}

type Waiter = {
  sinceMs: number
  place: number
  needs: unknown
  take(): boolean
  refuse(error: unknown): void
}

/** The share of the newest figure in a mean. */
const newest = 0.2
/** What one place of a queue takes, until it was measured. */
const firstGuessMs = 2
/** An estimate older than this says nothing: a burst after a quiet hour must not suffer from the last disturbance. */
const estimateLifeMs = 10_000

/** A mean that follows what it is given, and how far single figures lie from it on average. */
export const createMean = (firstMs: number | undefined) => {
  let mean = firstMs
  let spread = 0
  return {
    learn(ms: number): void {
      mean ??= ms
      spread += newest * (Math.abs(ms - mean) - spread)
      mean += newest * (ms - mean)
    },
    /** `fallback` until something was learned. */
    mean: (fallback: number) => (mean ??= fallback),
    spread: () => spread,
  }
}

/**
 * Calls wait in the order in which they came. A queue that only grows helps no caller: a call is refused at once when the
 * queue is full, or when the call would wait too long.
 */
export const createQueue = (needs: QueueNeeds) => {
  const { elapsedMs, longest, maxWaitMs, dropAfterMs, createRefusal } = needs
  let placeMs = createMean(firstGuessMs)
  let learnedAtMs = 0
  // One call may always wait: otherwise a queue that has become slow would never learn that it is quick again.
  const learnedMs = (place: number) => (place === 1 ? 0 : place * placeMs.mean(firstGuessMs))
  const expectMs = needs.expectMs ?? learnedMs
  const waiters: Waiter[] = []
  let withNeeds = 0
  let busySinceMs = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const learn = (ms: number) => {
    placeMs.learn(ms)
    learnedAtMs = elapsedMs()
  }

  const remove = (at: number) => {
    const [waiter] = waiters.splice(at, 1)
    if (waiter?.needs !== undefined) withNeeds--
    if (waiters.length > 0) return
    clearTimeout(timer)
    timer = undefined
  }

  const findRefusal = (): Error | undefined => {
    const expectedMs = expectMs(waiters.length + 1)
    if (waiters.length < longest && expectedMs <= maxWaitMs) return undefined
    return createRefusal({ sinceMs: waiters.length > 0 ? busySinceMs : elapsedMs(), expectedMs })
  }

  /** Refuses the calls that have waited too long. */
  const dropLate = () => {
    const oldestMs = elapsedMs() - dropAfterMs
    for (let first = waiters[0]; first && first.sinceMs < oldestMs; first = waiters[0]) {
      remove(0)
      learn(dropAfterMs / first.place)
      first.refuse(createRefusal({ sinceMs: first.sinceMs, expectedMs: dropAfterMs }))
    }
  }

  const watch = () => {
    const [first] = waiters
    if (timer !== undefined || !first || dropAfterMs === Number.POSITIVE_INFINITY) return
    const leftMs = Math.max(0, first.sinceMs + dropAfterMs - elapsedMs()) + 1
    timer = setTimeout(() => {
      timer = undefined
      dropLate()
      watch()
    }, leftMs)
  }

  const wait = <T>(take: () => T | undefined, waiterNeeds: unknown): Promise<T> => {
    const refusal = findRefusal()
    if (refusal) return Promise.reject(refusal)
    return new Promise<T>((resolve, refuse) => {
      const sinceMs = elapsedMs()
      if (waiters.length === 0) {
        busySinceMs = sinceMs
        if (sinceMs - learnedAtMs > estimateLifeMs) placeMs = createMean(firstGuessMs)
      }
      if (waiterNeeds !== undefined) withNeeds++
      waiters.push({
        sinceMs,
        place: waiters.length + 1,
        needs: waiterNeeds,
        take() {
          const got = take()
          if (got !== undefined) resolve(got)
          return got !== undefined
        },
        refuse,
      })
      watch()
    })
  }

  /** True: served or refused, and no longer in the queue. */
  const serve = (waiter: Waiter, at: number): boolean => {
    try {
      if (!waiter.take()) return false
      learn((elapsedMs() - waiter.sinceMs) / waiter.place)
    } catch (error) {
      waiter.refuse(error)
    }
    remove(at)
    return true
  }

  return {
    get length() {
      return waiters.length
    },
    /** The error that a call would be refused with if it had to wait now. */
    findRefusal,
    dropLate,
    /**
     * Resolves with what `take` returns once it is not undefined; rejects with a refusal, or as `take` throws. Calls with the
     * same `needs` can only be served in turn.
     */
    async enter<T>(take: () => T | undefined, waiterNeeds?: unknown): Promise<T> {
      return take() ?? wait(take, waiterNeeds)
    },
    /** Something became free, or can't become free any more: serves the calls that can be served. */
    move(): void {
      if (waiters.length === 0) return
      dropLate()
      const unserved = new Set<unknown>()
      for (let at = 0; at < waiters.length; ) {
        const waiter = waiters[at]
        if (!waiter) return
        if (unserved.has(waiter.needs) || !serve(waiter, at)) {
          if (withNeeds === 0) return
          unserved.add(waiter.needs)
          at++
        }
      }
    },
  }
}

export type Slots = ReturnType<typeof createSlots>

/** A queue before `slots` equal places: so many calls run at once, others wait. */
export const createSlots = ({ slots, ...needs }: QueueNeeds & { slots: number }) => {
  const queue = createQueue(needs)
  let running = 0
  const take = () => {
    if (running >= slots) return undefined
    running++
    return true
  }
  const enter = (): Promise<true> => queue.enter(take)
  const leave = () => {
    running--
    queue.move()
  }

  return {
    enter,
    leave,
    dropLate: queue.dropLate,
    /** Throws what a call would be refused with now. */
    check(): void {
      const refusal = running < slots ? undefined : queue.findRefusal()
      if (refusal) throw refusal
    },
    /** Runs `work` in a slot. */
    async run<T>(work: () => Promise<T>): Promise<T> {
      await enter()
      try {
        return await work()
      } finally {
        leave()
      }
    },
    /** For the holder of a slot: work that has a queue of its own, or waits for another call, gives the slot back meanwhile. */
    async runWithoutSlot<T>(work: () => Promise<T>): Promise<T> {
      leave()
      try {
        return await work()
      } finally {
        running++
      }
    },
    facts: () => ({ running, waiting: queue.length }),
  }
}
