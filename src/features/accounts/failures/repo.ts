import type { Db, Executor } from '../../../adapters/db/index.ts'
import type { ExpressionBuilder } from '../../../adapters/db/kysely.ts'
import { createStatement } from '../../../adapters/db/statement.ts'
import type { Tables } from '../../../adapters/db/tables.ts'

/** The rule of failures as numbers for a statement; `rule.ts` has the rule. Times are milliseconds. */
export type FailureGuard = {
  failureKey: Buffer
  place: string
  /** A fifth last failure after this is a pause. */
  pausedAfter: number
  /** It is a streak with more failures than this, the last one after `streakAfter`. */
  streakMost: number
  streakAfter: number
  /** During a streak the failures after this count, and the place waits if its last one is after `waited` + count. */
  countedAfter: number
  waited1: number
  waited2: number
  waited3: number
  waited4: number
  waited5: number
}

const numbers = [1, 2, 3, 4, 5] as const

/** Whether a row of failures holds up its place. */
export const isHeldUp = (eb: ExpressionBuilder<Tables, 'loginFailures'>, guard: FailureGuard) => {
  const streak = eb
    .selectFrom('loginStreaks')
    .select('loginStreaks.failures')
    .where('loginStreaks.loginKey', '=', guard.failureKey)
    .where('loginStreaks.failures', '>', guard.streakMost)
    .where('loginStreaks.lastFailedAt', '>', guard.streakAfter)
  const waits = numbers.map((n) =>
    eb.and([
      eb(`loginFailures.failed${n}`, '>', guard.countedAfter),
      eb('loginFailures.failed1', '>', guard[`waited${n}`]),
    ]),
  )
  return eb.or([
    eb('loginFailures.failed5', '>', guard.pausedAfter),
    eb.and([eb.or(waits), eb.exists(streak)]),
  ])
}

const shiftStatement = createStatement((db, { nowMs, ...guard }: FailureGuard & { nowMs: number }) =>
  db
    .updateTable('loginFailures')
    // Oldest first: MySQL assigns from left to right, SQLite all at once.
    .set((eb) => ({
      failed5: eb.ref('failed4'),
      failed4: eb.ref('failed3'),
      failed3: eb.ref('failed2'),
      failed2: eb.ref('failed1'),
      failed1: nowMs,
    }))
    .where('loginKey', '=', guard.failureKey)
    .where('network', '=', guard.place)
    .where((eb) => eb.not(isHeldUp(eb, guard))),
)

/**
 * Counts a failure from a place unless its guard holds it up; then false. One statement, so that a burst gets no further
 * than guesses one after another.
 */
export const countFailure = async (db: Db, guard: FailureGuard, nowMs: number): Promise<boolean> => {
  const shift = async () =>
    Number((await shiftStatement(db.write, { ...guard, nowMs })).numAffectedRows ?? 0) > 0
  if (await shift()) return true
  try {
    const none = { failed2: 0, failed3: 0, failed4: 0, failed5: 0 }
    await db.write
      .insertInto('loginFailures')
      .values({ loginKey: guard.failureKey, network: guard.place, failed1: nowMs, ...none })
      .execute()
    return true
  } catch (error) {
    if (!db.isDuplicate(error)) throw error
    return shift()
  }
}

/** Adds one to the failures in a row, or begins anew if the last one was before `keptSince`. */
export const countStreak = async (
  db: Executor,
  loginKey: Buffer,
  { nowMs, keptSince }: { nowMs: number; keptSince: number },
): Promise<void> => {
  await db
    .insertInto('loginStreaks')
    .values({ loginKey, failures: 1, lastFailedAt: nowMs })
    .onConflict((conflict) =>
      conflict.column('loginKey').doUpdateSet((eb) => ({
        failures: eb
          .case()
          .when('loginStreaks.lastFailedAt', '>', keptSince)
          .then(eb('loginStreaks.failures', '+', 1))
          .else(1)
          .end(),
        lastFailedAt: eb.ref('excluded.lastFailedAt'),
      })),
    )
    .execute()
}

/** After a good login: the failures of its place, and the streak. */
export const clearFailures = async (db: Executor, failureKey: Buffer, place: string): Promise<void> => {
  await db
    .deleteFrom('loginFailures')
    .where('loginKey', '=', failureKey)
    .where('network', '=', place)
    .execute()
  await db.deleteFrom('loginStreaks').where('loginKey', '=', failureKey).execute()
}

/** Everything that was counted for an account. False: nothing was. */
export const clearAllFailures = async (trx: Executor, failureKey: Buffer): Promise<boolean> => {
  const failures = await trx.deleteFrom('loginFailures').where('loginKey', '=', failureKey).executeTakeFirst()
  const streak = await trx.deleteFrom('loginStreaks').where('loginKey', '=', failureKey).executeTakeFirst()
  return Number(failures.numDeletedRows) + Number(streak.numDeletedRows) > 0
}

/** What is counted for an account: its streak, and the last failures of its places, newest first. */
export const findFailures = async (db: Executor, failureKey: Buffer, limit: number) => {
  const places = await db
    .selectFrom('loginFailures')
    .select(['network as place', 'failed1', 'failed2', 'failed3', 'failed4', 'failed5'])
    .where('loginKey', '=', failureKey)
    .orderBy('failed1', 'desc')
    .limit(limit)
    .execute()
  const streak = await db
    .selectFrom('loginStreaks')
    .select(['failures', 'lastFailedAt'])
    .where('loginKey', '=', failureKey)
    .executeTakeFirst()
  return { streak: streak ?? { failures: 0, lastFailedAt: 0 }, places }
}

/** Places of the failed logins of a user, in no order of time: sorting what strangers filled has no bound. */
export const findFailedPlaces = (
  db: Executor,
  { userId, sinceMs, most }: { userId: number; sinceMs: number; most: number },
) =>
  db
    .selectFrom('accounts')
    .innerJoin('loginFailures', 'loginFailures.loginKey', 'accounts.tag')
    .select(['network as place', 'failed1', 'failed2', 'failed3', 'failed4', 'failed5'])
    .where('accounts.userId', '=', userId)
    .where('failed1', '>', sinceMs)
    .orderBy('network')
    .limit(most)
    .execute()

/** Failures too old to count any more. */
export const removeOldFailures = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('loginFailures')
    .where('failed1', '<', before)
    .orderBy('failed1')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

export const removeOldStreaks = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('loginStreaks')
    .where('lastFailedAt', '<', before)
    .orderBy('lastFailedAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
