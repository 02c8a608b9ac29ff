/** Removing an account: its logins end, and everything personal is erased. Its number is never given again. */
import type { Clock } from '../../adapters/clock.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import type { Personal } from '../feature.ts'
import type { EndLogins } from '../tickets/api.ts'
import { claimErasure, endErasure, findErasures } from './leaving/repo.ts'
import { raiseEpoch, updateStatus } from './repo.ts'

export type RemoveAccountNeeds = {
  clock: Clock
  endLogins: EndLogins
  personal: readonly Personal[]
  recordAudit: RecordAudit
  recordChange: RecordChange
}

export const createRemoveAccount = (needs: RemoveAccountNeeds) => {
  const { clock, endLogins, personal, recordAudit, recordChange } = needs
  /**
   * `detail` is for the audit event. What is large is left for `createErase`, from the time that this returns.
   * Undefined: it was removed already.
   */
  return async function removeAccount(
    trx: Executor,
    { userId }: { userId: number },
    detail: Record<string, string> = {},
  ): Promise<number | undefined> {
    const nowMs = clock.now()
    const status = { status: 'deleted', statusReason: '', finalAt: nowMs, nowMs } as const
    if (!(await updateStatus(trx, userId, status))) return undefined
    await raiseEpoch(trx, userId, nowMs)
    await endLogins(trx, userId, { endedAt: nowMs, endReason: 'deleted' })
    for (const { remove } of personal) await remove?.(trx, userId)
    await recordAudit(trx, { kind: 'account.removed', userId, detail })
    await recordChange(trx, 'account', String(userId))
    return nowMs
  }
}

export type RemoveAccount = ReturnType<typeof createRemoveAccount>

/** Short enough that nothing else waits long for its rows. */
const batchSize = 1_000
/** Accounts of one run. */
const mostAtOnce = 100
/** How long the others leave a deleted account to the process that erases it; prolonged by each batch. */
const leaseMs = 60_000

/**
 * Erases what removed accounts left behind, in batches. Each account is leased by its row, so a process that was killed
 * leaves it to another one, which goes on where rows are left.
 */
export const createErase = ({
  db,
  clock,
  personal,
}: { db: Db } & Pick<RemoveAccountNeeds, 'clock' | 'personal'>) => {
  /** False: another process erases it. */
  const eraseOne = async (userId: number, finalAt: number): Promise<boolean> => {
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

  return {
    /** The rest of one account, at once. */
    erase: eraseOne,
    /** The rest of all that are due. */
    eraseDue: async (): Promise<void> => {
      for (const { userId, finalAt } of await findErasures(db.write, clock.now(), mostAtOnce)) {
        await eraseOne(userId, finalAt)
      }
    },
  }
}

export type Erase = ReturnType<typeof createErase>
