/** What a caller sent for a password, by the bcrypt cost of each hash. */
import type { Costs } from '../settings/api.ts'

export type SentHashes = {
  clientHash: string
  nextClientHash?: string | undefined
  previousClientHash?: string | undefined
}

/** bcrypt, bounded: throws OVERLOADED. */
export type HashPassword = (text: string, salt: string, cost: number) => Promise<string>

/** Of one text of the password: it can be typed in more than one way. */
export type Candidate = {
  byCost: ReadonlyMap<number, string>
  /** Where the server has the password itself. Throws OVERLOADED. */
  hashAt?: (cost: number, hash?: HashPassword) => Promise<string>
}

/** Later candidates are made only if the first ones are wrong, since each is a bcrypt. */
export type Hashes = { first: Candidate; others: readonly (() => Promise<Candidate>)[] }

/**
 * The costs that a client was told by prelogin. A raise may have ended since, or this process does not know yet that it
 * has: which hashes came says so.
 */
const findTold = ({ nextClientHash, previousClientHash }: Partial<SentHashes>, costs: Costs): Costs => {
  const { cost, nextCost, previousCost } = costs
  if (nextClientHash !== undefined && nextCost === 0 && previousCost > 0) {
    return { cost: previousCost, nextCost: cost, previousCost: 0 }
  }
  if (previousClientHash !== undefined && nextClientHash === undefined && nextCost > 0) {
    return { cost: nextCost, nextCost: 0, previousCost: cost }
  }
  return costs
}

/** `beside`: what else the caller sent, which says more of what it was told. */
export const labelHashes = (
  sent: SentHashes,
  costs: Costs,
  beside: Partial<SentHashes> = sent,
): ReadonlyMap<number, string> => {
  const told = findTold(beside, costs)
  const labelled = [
    [told.cost, sent.clientHash],
    [told.nextCost, sent.nextClientHash],
    [told.previousCost, sent.previousClientHash],
  ] as const
  return new Map(labelled.flatMap(([cost, hash]) => (cost > 0 && hash !== undefined ? [[cost, hash]] : [])))
}
