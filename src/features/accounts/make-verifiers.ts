/** What is kept of new hashes. */
import type { Hashes } from './hashes.ts'
import type { Passwords } from './passwords.ts'
import type { LoginVerifier } from './repo.ts'
import type { Verifiers } from './verifier.ts'

export type MadeVerifiers = Pick<LoginVerifier, 'verifier' | 'nextVerifier'>

export const createMakeVerifiers = ({
  passwords,
  verifiers,
}: {
  passwords: Passwords
  verifiers: Verifiers
}) =>
  async function makeVerifiers({ first: { byCost } }: Hashes): Promise<MadeVerifiers> {
    const { cost, nextCost } = passwords.costs()
    const make = (hash: string, at: number) => verifiers.create(hash, passwords.form, at)
    // A client that was told the costs of before a raise sends both, or only the older one.
    const [own = [cost, ''] as const] = [...byCost].sort(
      ([a], [b]) => Number(b === cost) - Number(a === cost),
    )
    const next = byCost.get(nextCost)
    return {
      verifier: await make(own[1], own[0]),
      nextVerifier: next === undefined ? null : await make(next, nextCost),
    }
  }
