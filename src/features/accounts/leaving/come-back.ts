/** The one rule of regret: a user who proves who they are, in whatever way, before the account is final, has it back. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Executor } from '../../../adapters/db/index.ts'
import type { AppCaller } from '../../../http/caller.ts'
import type { RecordAudit } from '../../audit/api.ts'
import type { RecordEvent } from '../../events/api.ts'
import type { LoginGuard } from '../api.ts'
import type { AccountRow } from '../tables.ts'
import type { Tell } from './notice.ts'
import { stopLeaving } from './repo.ts'

export type ComeBackNeeds = {
  clock: Clock
  tell: Tell
  recordAudit: RecordAudit
  recordEvent: RecordEvent
}

export type LeavingAccount = Pick<AccountRow, 'status' | 'epoch'> & { userId: number; finalAt: number | null }

export const createComeBack = ({ clock, tell, recordAudit, recordEvent }: ComeBackNeeds) => ({
  /** Whether the account leaves and may still be taken back. */
  isLeaving: ({ status, finalAt }: LeavingAccount): boolean =>
    status === 'leaving' && finalAt !== null && finalAt > clock.now(),
  /**
   * Makes the account active again, in the transaction that uses up the proof. False: it has changed, or its failures
   * hold up a password by now.
   */
  take: async (
    trx: Executor,
    { userId, epoch }: LeavingAccount,
    caller: AppCaller,
    guard?: LoginGuard,
  ): Promise<boolean> => {
    if (!(await stopLeaving(trx, { userId, epoch, nowMs: clock.now() }, guard))) return false
    const { app, address } = caller
    await recordAudit(trx, { kind: 'account.recovered', userId, appId: app.appId, network: address.network })
    await tell(trx, userId, { kind: 'account-recovered', caller })
    await recordEvent(trx, { userId, kind: 'user.recovered', appId: app.appId })
    return true
  },
})

export type ComeBack = ReturnType<typeof createComeBack>
