/** Removing an account: its logins end, and everything personal is erased. Its number is never given again. */
import type { Clock } from '../../adapters/clock.ts'
import type { Executor } from '../../adapters/db/index.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import type { RecordEvent } from '../events/api.ts'
import type { Personal } from '../feature.ts'
import type { Holds } from '../holds/api.ts'
import type { EndLogins } from '../tickets/api.ts'
import { markDeleted } from './leaving/repo.ts'
import { raiseEpoch } from './repo.ts'

export type RemoveAccountNeeds = {
  clock: Clock
  endLogins: EndLogins
  personal: readonly Personal[]
  holds: Pick<Holds, 'keep'>
  recordAudit: RecordAudit
  recordEvent: RecordEvent
  recordChange: RecordChange
}

type Options = {
  /** For the audit event. */
  detail?: Record<string, string>
  /** Only an account that leaves, once its time of regret is over. */
  onlyDue?: boolean
  /** Of an account that was never used: its names and addresses are free at once. */
  isUnused?: boolean
}

export const createRemoveAccount = (needs: RemoveAccountNeeds) => {
  const { clock, endLogins, personal, recordAudit, recordChange, recordEvent } = needs
  /**
   * What is large is left for `createErase`, from the time that this returns. Undefined: it was removed already, or is not
   * due.
   */
  return async function removeAccount(
    trx: Executor,
    { userId }: { userId: number },
    { detail = {}, onlyDue = false, isUnused = false }: Options = {},
  ): Promise<number | undefined> {
    const nowMs = clock.now()
    if (!(await markDeleted(trx, userId, { nowMs, onlyDue }))) return undefined
    await raiseEpoch(trx, userId, nowMs)
    await endLogins(trx, userId, { endedAt: nowMs, endReason: 'deleted' })
    if (!isUnused) await needs.holds.keep(trx, userId)
    for (const { remove } of personal) await remove?.(trx, userId)
    await recordAudit(trx, { kind: 'account.removed', userId, detail })
    await recordChange(trx, 'account', String(userId))
    await recordEvent(trx, { userId, kind: 'user.deleted' })
    return nowMs
  }
}

export type RemoveAccount = ReturnType<typeof createRemoveAccount>
