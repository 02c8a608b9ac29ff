/** Whether what a caller sent is the password of a login. */
import type { Candidate, Hashes } from './hashes.ts'
import type { Passwords } from './passwords.ts'
import { costOf, type Verifiers } from './verifier.ts'

type Kept = { verifier: string; nextVerifier: string | null }

/** The candidate that is right. */
export type FindFit = (hashes: Hashes, kept: Kept | undefined) => Promise<Candidate | undefined>

/** A verifier without a cost was made before verifiers had one. */
export const costOfKept = (verifier: string, { costs }: Pick<Passwords, 'costs'>): number => {
  const { cost, previousCost } = costs()
  return costOf(verifier) ?? (previousCost || cost)
}

/** As much work for a login without an account, and for each state that a raise leaves a login in. */
export const createFindFit = ({ passwords, verifiers }: { passwords: Passwords; verifiers: Verifiers }) => {
  /** After a raise the next verifier counts, until it takes the place of the old one. */
  const slotsOf = (kept: Kept | undefined): (string | undefined)[] => {
    const { cost, previousCost } = passwords.costs()
    if (previousCost === 0) return [kept?.verifier]
    const next = kept?.nextVerifier ?? undefined
    return [kept?.verifier, next !== undefined && costOf(next) === cost ? next : undefined]
  }

  const fits = async ({ byCost }: Candidate, verifier: string | undefined) => {
    const [any = ''] = byCost.values()
    const hash = verifier === undefined ? undefined : byCost.get(costOfKept(verifier, passwords))
    return verifiers.verify(hash ?? any, hash === undefined ? undefined : verifier, passwords.form)
  }

  return async function findFit({ first, others }: Hashes, kept: Kept | undefined) {
    const slots = slotsOf(kept)
    for (const make of [async () => first, ...others]) {
      const candidate = await make()
      for (const slot of slots) if (await fits(candidate, slot)) return candidate
    }
    return undefined
  }
}
