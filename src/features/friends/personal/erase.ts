/**
 * Erases what others hold of a deleted user, and keeps the counters of the others right. Short transactions: a user with a
 * million fans leaves, and nothing waits.
 */
import type { Db } from '../../../adapters/db/index.ts'
import type { FriendCounts } from '../api.ts'
import {
  deleteBlocksOn,
  deleteRelations,
  findBlockers,
  findHeld,
  findRelated,
  lockCountsOf,
  subtractCounts,
} from './repo.ts'

/** Users whose counters are locked at once. */
const mostLocked = 500

type Held = Awaited<ReturnType<typeof findHeld>>[number]

const none: FriendCounts = { following: 0, fans: 0, mutual: 0, friends: 0, blocked: 0 }

/** What the counters of another user lose with the rows between the two. */
const lossOf = (rows: readonly Held[], userId: number): FriendCounts => {
  const mine = rows.find((row) => row.userId === userId)
  const theirs = rows.find((row) => row.userId !== userId)
  const one = (time: number | null | undefined) => (time === null || time === undefined ? 0 : 1)
  return {
    following: one(theirs?.followedAt),
    fans: one(mine?.followedAt),
    mutual: one(theirs?.mutualAt),
    friends: one(theirs?.friendAt),
    blocked: 0,
  }
}

/** Users who lose the same are changed by one statement. */
const groupByLoss = (held: readonly Held[], userId: number, ids: readonly number[]) => {
  const rowsOf = new Map<number, Held[]>(ids.map((id) => [id, []]))
  for (const row of held) rowsOf.get(row.userId === userId ? row.otherId : row.userId)?.push(row)
  const groups = new Map<string, { loss: FriendCounts; ids: number[] }>()
  for (const id of ids) {
    const loss = lossOf(rowsOf.get(id) ?? [], userId)
    const key = JSON.stringify(loss)
    groups.set(key, { loss, ids: [...(groups.get(key)?.ids ?? []), id] })
  }
  return [...groups.values()]
}

export const createErase = ({ db }: { db: Db }) => ({
  /** How many others were freed of their relations to the user; 0: none is left. */
  eraseRelations: (userId: number, most: number): Promise<number> =>
    db.transaction(async (trx) => {
      const ids = await findRelated(trx, userId, Math.min(most, mostLocked))
      if (ids.length === 0) return 0
      await lockCountsOf(trx, ids)
      const held = await findHeld(trx, userId, ids)
      await deleteRelations(trx, userId, ids)
      for (const group of groupByLoss(held, userId, ids)) await subtractCounts(trx, group.ids, group.loss)
      return ids.length
    }),
  /** The same for blocks of the user by others. */
  eraseBlocksOn: (userId: number, most: number): Promise<number> =>
    db.transaction(async (trx) => {
      const ids = await findBlockers(trx, userId, Math.min(most, mostLocked))
      if (ids.length === 0) return 0
      await lockCountsOf(trx, ids)
      const freed = await deleteBlocksOn(trx, userId, ids)
      if (freed.length > 0) await subtractCounts(trx, freed, { ...none, blocked: 1 })
      return ids.length
    }),
})
