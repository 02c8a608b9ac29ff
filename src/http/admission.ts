/** How many writes run at once, and which wait for a slot. */
import { Failure } from '../protocol/errors.ts'
import { createSlots, type Slots } from '../protocol/queue.ts'

export type Admission = Slots

export type AdmissionOptions = {
  /** Milliseconds that only ever pass. */
  elapsedMs(): number
  /** So many run, others wait in a queue. */
  maxWritesAtOnce: number
  /** A call that would wait longer than this is refused at once. */
  writeWaitMs: number
}

/** Each waiting call holds the body of its request. */
const longestQueue = 1_000
/** A call that has waited so many times `writeWaitMs` is dropped: its client has probably timed out. */
const dropAfterTimes = 3

/**
 * A machine does not do more by doing everything at the same time; it only makes everything late, refusals too. So few
 * writes run, others wait, and a call that would wait too long is refused before anything is read or opened.
 */
export const createAdmission = ({ elapsedMs, maxWritesAtOnce, writeWaitMs }: AdmissionOptions): Admission => {
  // One for all: it is thrown most when there is no time to make it.
  const full = new Failure('OVERLOADED', { retryAfterSeconds: 1 })
  return createSlots({
    elapsedMs,
    slots: maxWritesAtOnce,
    longest: longestQueue,
    maxWaitMs: writeWaitMs,
    dropAfterMs: dropAfterTimes * writeWaitMs,
    createRefusal: () => full,
  })
}
