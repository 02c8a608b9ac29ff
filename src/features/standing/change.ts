/** An administrator disables or enables an account, or withholds one capability and gives it back. */
import type { Clock } from '../../adapters/clock.ts'
import type { Executor } from '../../adapters/db/index.ts'
import { Failure } from '../../protocol/errors.ts'
import type { AccountAct, AccountDisabling } from '../accounts/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordEvent } from '../events/api.ts'
import type { Withholding } from './api.ts'
import { deleteWithheld, findWithheldOf, insertWithheld } from './repo.ts'

export type ChangeNeeds = {
  clock: Clock
  accounts: {
    disableIn(trx: Executor, userId: number, disabling: AccountDisabling): Promise<boolean>
    enableIn(trx: Executor, userId: number, act?: AccountAct): Promise<boolean>
  }
  recordAudit: RecordAudit
  recordEvent: RecordEvent
}

/** The capability that is the whole account. */
export const wholeAccount = 'login'
/** Capabilities that are withheld from one user. */
const mostWithheld = 50
const seconds = (ms: number) => Math.floor(ms / 1_000)

/** Both are part of a transaction that has locked the account. False: it was so already. */
export const createChange = ({ clock, accounts, recordAudit, recordEvent }: ChangeNeeds) => {
  const withhold = async (
    trx: Executor,
    userId: number,
    { capability = wholeAccount, until, reason, by }: Withholding & AccountAct,
  ) => {
    const nowMs = clock.now()
    const before = await findWithheldOf(trx, [userId], nowMs)
    const same = before.find((row) => row.capability === capability)
    if (same?.withheldUntil === until && same.why === reason) return false
    if (!same && before.length >= mostWithheld) {
      throw new Failure('PARAMETER_INVALID', { info: `capability: ${mostWithheld} are withheld already` })
    }
    await deleteWithheld(trx, userId, capability)
    const row = { userId, capability, withheldAt: nowMs, withheldUntil: until, why: reason }
    await insertWithheld(trx, row)
    const detail = { capability, reason, ...(until !== null && { until }), ...(by !== undefined && { by }) }
    await recordAudit(trx, { kind: 'capability.withheld', userId, detail })
    return true
  }

  const giveBack = async (trx: Executor, userId: number, capability: string, { by }: AccountAct) => {
    if (!(await deleteWithheld(trx, userId, capability))) return false
    const detail = { capability, ...(by !== undefined && { by }) }
    await recordAudit(trx, { kind: 'capability.returned', userId, detail })
    return true
  }

  const isWhole = (capability: string | undefined) => capability === undefined || capability === wholeAccount
  const nameOf = (capability: string | undefined) =>
    capability === undefined || isWhole(capability) ? {} : { capability }

  return {
    disable: async (trx: Executor, userId: number, change: Withholding & AccountAct): Promise<boolean> => {
      const { capability, until, reason, by } = change
      const changed = isWhole(capability)
        ? await accounts.disableIn(trx, userId, { reason, until, by })
        : await withhold(trx, userId, change)
      if (!changed) return false
      const detail = { ...nameOf(capability), reason, ...(until !== null && { until: seconds(until) }) }
      await recordEvent(trx, { userId, kind: 'user.disabled', detail })
      return true
    },
    enable: async (
      trx: Executor,
      userId: number,
      { capability, by }: Pick<Withholding, 'capability'> & AccountAct,
    ): Promise<boolean> => {
      const changed =
        capability === undefined || isWhole(capability)
          ? await accounts.enableIn(trx, userId, { by })
          : await giveBack(trx, userId, capability, { by })
      if (changed) await recordEvent(trx, { userId, kind: 'user.enabled', detail: nameOf(capability) })
      return changed
    },
  }
}

export type Change = ReturnType<typeof createChange>
