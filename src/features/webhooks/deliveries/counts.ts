/** How many deliveries wait and how many are dead letters, by webhook. */
import type { DeliveryState } from '../tables.ts'
import type { countDeliveries } from './repo.ts'

export type Counts = ReadonlyMap<string, Readonly<Record<DeliveryState, number>>>

export const readCounts = (rows: Awaited<ReturnType<typeof countDeliveries>>): Counts => {
  const counts = new Map<string, Record<DeliveryState, number>>()
  for (const { webhookId, state, count } of rows) {
    const known = counts.get(webhookId) ?? { waiting: 0, dead: 0 }
    counts.set(webhookId, { ...known, [state]: Number(count) })
  }
  return counts
}

/** How many each may have, so that together they have at most `most`: those with few keep all of theirs. */
export const shareOf = (counts: readonly number[], most: number): number => {
  let left = most
  const rising = [...counts].sort((a, b) => a - b)
  for (const [at, count] of rising.entries()) {
    const share = Math.floor(left / (rising.length - at))
    if (count > share) return share
    left -= count
  }
  return Number.POSITIVE_INFINITY
}
