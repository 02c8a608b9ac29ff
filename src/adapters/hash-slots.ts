/** A bounded, fair queue before slow hashes: what would not be done in time is refused at once. */
import { Failure } from '../protocol/errors.ts'
import { createMean, createSlots } from '../protocol/queue.ts'

export type HashLimits = { workers: number; queueLimit: number; maxWaitMs: number }

/** On a busy machine one hash takes far longer than another: this many times their spread is added to the mean. */
const caution = 2

export const createHashSlots = ({ workers, queueLimit, maxWaitMs }: HashLimits) => {
  const hashMs = createMean(undefined)
  let guessMs = 0
  const slots = createSlots({
    slots: workers,
    elapsedMs: () => performance.now(),
    longest: queueLimit,
    maxWaitMs,
    dropAfterMs: Number.POSITIVE_INFINITY,
    // All threads are busy, so the time of its own hash comes on top.
    expectMs: (place) =>
      (Math.floor((place - 1) / workers) + 2) * (hashMs.mean(guessMs) + caution * hashMs.spread()),
    createRefusal: ({ expectedMs }) =>
      new Failure('OVERLOADED', { retryAfterSeconds: Math.ceil(expectedMs / 1_000) }),
  })
  return {
    /** @param firstGuessMs what this work takes, until some was measured. Throws OVERLOADED. */
    run: <Result>(
      work: () => Promise<{ result: Result; ms: number }>,
      firstGuessMs: number,
    ): Promise<Result> => {
      guessMs = firstGuessMs
      return slots.run(async () => {
        const { result, ms } = await work()
        hashMs.learn(ms)
        return result
      })
    },
    waiting: (): number => slots.facts().waiting,
  }
}
