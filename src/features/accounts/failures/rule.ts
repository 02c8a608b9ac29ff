/**
 * The rule of failed logins: what slows down guesses, and never closes a login to its user. Failures are counted by
 * place: a device that has logged in to the account before is a place of its own, any other caller's place is its
 * network. So strangers never hold up a known device, and a network waits for its own failures only.
 */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db } from '../../../adapters/db/index.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { LoginSituation } from '../repo.ts'
import { clearFailures, countFailure, countStreak, type FailureGuard } from './repo.ts'

const minuteMs = 60_000

/** Five failures from one place within the window, then a pause until the oldest is over. */
const windowMs = 15 * minuteMs
/** During a streak, more failures in a row from anywhere than this, a network waits after each of its failures. */
const streakMost = 100
/** A streak is forgotten when no failure came for so long. */
const streakKeptMs = 180 * minuteMs
/** How long after its first, second … failure within the hour. */
const waitsMs = [1, 2, 4, 8, 15].map((minutes) => minutes * minuteMs)
const countedMs = 60 * minuteMs

/** No streak is as long. */
const never = Number.MAX_SAFE_INTEGER

export type Failures = Pick<LoginSituation, 'failedAt' | 'streak' | 'isKnownDevice'>

export const isStreak = ({ failures, lastFailedAt }: Failures['streak'], nowMs: number): boolean =>
  failures > streakMost && lastFailedAt > nowMs - streakKeptMs

/** How long this place has to wait for its next try, in milliseconds; 0: not at all. Changes nothing. */
export const judgeWait = ({ failedAt, streak, isKnownDevice }: Failures, nowMs: number): number => {
  const pauseMs = (failedAt[4] ?? 0) + windowMs - nowMs
  if (isKnownDevice || !isStreak(streak, nowMs)) return Math.max(0, pauseMs)
  const recent = failedAt.filter((at) => at > nowMs - countedMs)
  const waitMs = recent.length === 0 ? 0 : (recent[0] ?? 0) + (waitsMs[recent.length - 1] ?? 0) - nowMs
  return Math.max(0, pauseMs, waitMs)
}

/** The same rule for a statement that judges and writes in one step. */
const guardOf = (
  { failureKey, place, isKnownDevice }: Pick<LoginSituation, 'failureKey' | 'place' | 'isKnownDevice'>,
  nowMs: number,
): FailureGuard => {
  const [waited1 = 0, waited2 = 0, waited3 = 0, waited4 = 0, waited5 = 0] = waitsMs.map((ms) => nowMs - ms)
  return {
    failureKey,
    place,
    pausedAfter: nowMs - windowMs,
    streakMost: isKnownDevice ? never : streakMost,
    streakAfter: nowMs - streakKeptMs,
    countedAfter: nowMs - countedMs,
    waited1,
    waited2,
    waited3,
    waited4,
    waited5,
  }
}

/** For a login without a password: only the account's state and epoch count. No place is called so. */
export const guardWithoutFailures = (tag: Buffer): FailureGuard =>
  guardOf({ failureKey: tag, place: 'code', isKnownDevice: true }, 0)

export const createFailures = ({ db, clock }: { db: Db; clock: Clock }) => ({
  isStreak: ({ streak }: LoginSituation) => isStreak(streak, clock.now()),
  guardOf: (situation: LoginSituation) => guardOf(situation, clock.now()),
  /** Throws TOO_OFTEN. */
  check: (situation: LoginSituation): void => {
    const waitMs = judgeWait(situation, clock.now())
    if (waitMs > 0) throw new Failure('TOO_OFTEN', { retryAfterSeconds: waitMs / 1_000 })
  },
  /**
   * Counts a wrong login and returns its refusal. The streak comes first: in a burst, each guess then meets a streak that
   * has all guesses before it. A guess that its guard stops is answered like one that was not judged.
   */
  count: async (situation: LoginSituation): Promise<Failure> => {
    const nowMs = clock.now()
    await countStreak(db.write, situation.failureKey, { nowMs, keptSince: nowMs - streakKeptMs })
    const isCounted = await countFailure(db, guardOf(situation, nowMs), nowMs)
    if (isCounted) return new Failure('LOGIN_FAILED')
    return new Failure('TOO_OFTEN', { retryAfterSeconds: windowMs / 1_000 })
  },
  /** After a good login. */
  clear: async ({ failureKey, place, failedAt, streak }: LoginSituation): Promise<void> => {
    if ((failedAt[0] ?? 0) > 0 || streak.failures > 0) await clearFailures(db.write, failureKey, place)
  },
})

export type FailuresService = ReturnType<typeof createFailures>
