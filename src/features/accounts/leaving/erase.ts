/** What is left to do once an account is final: any process does it, and goes on where another one was killed. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db } from '../../../adapters/db/index.ts'
import type { Personal } from '../../feature.ts'
import type { RemoveAccount } from '../remove.ts'
import { claimErasure, endErasure, findErasures, findFinal } from './repo.ts'

/** Short enough that nothing else waits long for its rows. */
const batchSize = 1_000
/** Accounts of one run. */
const mostAtOnce = 100
/** How long the others leave a deleted account to the process that erases it; prolonged by each batch. */
const leaseMs = 60_000

export type EraseNeeds = {
  db: Db
  clock: Clock
  personal: readonly Personal[]
  removeAccount: RemoveAccount
}

/**
 * Makes accounts final whose time of regret is over, and erases what removed accounts left behind, in batches. The row of
 * an account is leased meanwhile: a process that was killed leaves it to another one, which goes on where rows are left.
 */
export const createErase = ({ db, clock, personal, removeAccount }: EraseNeeds) => {
  /** The rest of one account. False: another process erases it. */
  const erase = async (userId: number, finalAt: number): Promise<boolean> => {
    let leasedUntil = finalAt
    const lease = async () => {
      const until = Math.max(clock.now() + leaseMs, leasedUntil + 1)
      if (!(await claimErasure(db.write, { userId, seen: leasedUntil, until }))) return false
      leasedUntil = until
      return true
    }
    for (const { removeSome } of personal) {
      if (!removeSome) continue
      do {
        if (!(await lease())) return false
      } while ((await removeSome(db.write, userId, batchSize)) > 0)
    }
    return endErasure(db.write, { userId, seen: leasedUntil })
  }

  const finish = (userId: number) =>
    db.transaction((trx) => removeAccount(trx, { userId }, { detail: { reason: 'left' }, onlyDue: true }))

  /** One account that fails holds up no other; it is tried again in the next run. */
  const runEach = async <Row>(rows: readonly Row[], work: (row: Row) => Promise<unknown>) => {
    const failed: unknown[] = []
    for (const row of rows) await work(row).catch((error) => failed.push(error))
    if (failed.length > 0) throw new AggregateError(failed, `${failed.length} accounts could not be erased`)
  }

  return {
    erase,
    /** A job of every process. */
    eraseDue: async (): Promise<void> => {
      await runEach(await findFinal(db.write, clock.now(), mostAtOnce), finish)
      const due = await findErasures(db.write, clock.now(), mostAtOnce)
      await runEach(due, ({ userId, finalAt }) => erase(userId, finalAt))
    },
  }
}

export type Erase = ReturnType<typeof createErase>
