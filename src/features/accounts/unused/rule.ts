/** Accounts that were registered and never used again leave by age. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db, Executor } from '../../../adapters/db/index.ts'
import type { Retention } from '../../../adapters/db/retention.ts'
import type { Addresses } from '../../addresses/api.ts'
import type { RemoveAccount } from '../remove.ts'
import { findUnusedAccounts, findUse, markUsed, setUnusedSince } from './repo.ts'

export type RemoveUnusedNeeds = {
  db: Pick<Db, 'transaction'>
  clock: Clock
  addresses: Pick<Addresses, 'findOf'>
  removeAccount: RemoveAccount
}

/** In one run: each takes a transaction, and rows of other kinds wait. */
const mostAtOnce = 500
/** Logins are kept for a year after they expired: of a younger account none is missing. */
const knownMs = 365 * 24 * 3_600_000

export const createRemoveUnused = (needs: RemoveUnusedNeeds): Retention['remove'] => {
  const { db, clock, addresses, removeAccount } = needs

  /** Judges once. True: removed. An account whose login is live is judged again when that login expires. */
  const judge = async (trx: Executor, userId: number, keptMs: number): Promise<boolean> => {
    const nowMs = clock.now()
    // Locks the account: a login at this moment is among those that are read next, or finds no account.
    if (!(await markUsed(trx, userId))) return false
    const { account, logins } = await findUse(trx, userId)
    const { status, createdAt, updatedAt } = account
    // A new password, a changed address, an administrator: each has changed the row.
    if (status !== 'active' || updatedAt !== createdAt || createdAt <= nowMs - knownMs) return false
    const [login, another] = logins
    if (!login || another || login.a2Counter > 1) return false
    if ((await addresses.findOf(trx, userId)).length > 0) return false
    if (login.endedAt === null && login.expiresAt > nowMs) {
      await setUnusedSince(trx, userId, login.expiresAt - keptMs)
      return false
    }
    await removeAccount(trx, account, { detail: { reason: 'unused' }, isUnused: true })
    return true
  }

  return async function removeUnused(executor, before, most) {
    const keptMs = clock.now() - before
    let removed = 0
    for (const { userId } of await findUnusedAccounts(executor, before, Math.min(most, mostAtOnce))) {
      if (await db.transaction((trx) => judge(trx, userId, keptMs))) removed++
    }
    return removed
  }
}
