/** Proves that the counters of users are right, and mends those that are not, while servers run. */
import type { Db } from '../../../adapters/db/index.ts'
import type { FriendCounts } from '../api.ts'
import { type Counted, counters, countOne, countSome, lockCounts, setCounts } from './repo.ts'

const usersAtOnce = 100

/** A counter that was wrong. */
export type Drift = { userId: number; counter: keyof FriendCounts; kept: number; rows: number }

const driftsOf = ({ userId, kept, rows }: Counted): Drift[] =>
  counters.flatMap((counter) =>
    kept[counter] === rows[counter] ? [] : [{ userId, counter, kept: kept[counter], rows: rows[counter] }],
  )

export type RecountOptions = { isDry: boolean; tell(users: number, drifts: readonly Drift[]): void }

export const createRecount = ({ db }: { db: Db }) => {
  /** Counted again under the lock: nothing changes between the count and the new values. */
  const mend = (userId: number): Promise<Drift[]> =>
    db.transaction(async (trx) => {
      await lockCounts(trx, userId)
      const counted = await countOne(trx, userId)
      const drifts = counted ? driftsOf(counted) : []
      if (counted && drifts.length > 0) await setCounts(trx, userId, counted.rows)
      return drifts
    })

  const judge = async (counted: Counted, isDry: boolean): Promise<Drift[]> => {
    const drifts = driftsOf(counted)
    return isDry || drifts.length === 0 ? drifts : mend(counted.userId)
  }

  return {
    /** `isDry`: nothing is mended. */
    recountUser: async (userId: number, { isDry }: { isDry: boolean }): Promise<Drift[]> => {
      const counted = await countOne(db.write, userId)
      return counted ? judge(counted, isDry) : []
    },
    /** All users, some at once; `tell` learns how many more were counted, and what was wrong. */
    recountAll: async ({ isDry, tell }: RecountOptions): Promise<void> => {
      let after = 0
      for (;;) {
        const counted = await countSome(db.write, after, usersAtOnce)
        const drifts: Drift[] = []
        for (const user of counted) drifts.push(...(await judge(user, isDry)))
        tell(counted.length, drifts)
        const last = counted.at(-1)
        if (!last || counted.length < usersAtOnce) return
        after = last.userId
      }
    },
  }
}

export type Recount = ReturnType<typeof createRecount>
