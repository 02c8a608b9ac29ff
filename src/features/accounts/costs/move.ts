/** Brings a login to the cost that a raise leads to, by the hash of a good login. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db } from '../../../adapters/db/index.ts'
import type { World } from '../../feature.ts'
import { costOfKept } from '../find-fit.ts'
import type { Candidate } from '../hashes.ts'
import type { Passwords } from '../passwords.ts'
import { type AccountFound, updateVerifiers } from '../repo.ts'
import { costOf, type Verifiers } from '../verifier.ts'

export type MoveNeeds = {
  db: Db
  clock: Clock
  passwords: Passwords
  verifiers: Verifiers
  hashInBackground: World['hashInBackground']
}

export const createMove = ({ db, clock, passwords, verifiers, hashInBackground }: MoveNeeds) => {
  let running: Promise<void> | undefined

  /** During a raise the new verifier waits beside the old one; after it, it takes its place. */
  const write = async (account: AccountFound, hash: string, cost: number) => {
    const made = await verifiers.create(hash, passwords.form, cost)
    const isWaiting = cost === passwords.costs().nextCost
    const set = isWaiting ? { nextVerifier: made } : { verifier: made, nextVerifier: null }
    await updateVerifiers(db.write, account, set, clock.now())
  }

  const keep = async (account: AccountFound, hash: string, target: number) => {
    const { nextVerifier } = account
    // The password was right, so this hash counts: a wrong one from an earlier login must not stay.
    const isKept =
      nextVerifier !== null &&
      costOf(nextVerifier) === target &&
      (await verifiers.verify(hash, nextVerifier, passwords.form))
    if (!isKept) await write(account, hash, target)
  }

  /** One at a time, and after the reply: logins do not wait for it. One that is left out is made at a later login. */
  const hashLater = (account: AccountFound, { hashAt }: Candidate, target: number) => {
    const hasNext = account.nextVerifier !== null && costOf(account.nextVerifier) === target
    if (hashAt === undefined || hasNext || running) return
    running = hashAt(target, hashInBackground)
      .then((hash) => write(account, hash, target))
      .catch(() => {})
      .finally(() => {
        running = undefined
      })
  }

  return {
    /** `fitting` is what the login was right by. */
    move: async (account: AccountFound, fitting: Candidate): Promise<void> => {
      const { cost, nextCost } = passwords.costs()
      const target = nextCost || cost
      if (costOfKept(account.verifier, passwords) === target) return
      const hash = fitting.byCost.get(target)
      if (hash !== undefined) await keep(account, hash, target)
      else hashLater(account, fitting, target)
    },
    settle: async (): Promise<void> => running,
  }
}

export type Move = ReturnType<typeof createMove>['move']
