/** An account leaves, and comes back. */
import { operation, type World } from '../../feature.ts'
import type { Codes } from '../../verification/api.ts'
import { recoverShape, unregisterShape } from '../wire.ts'
import { type ComeBack, createComeBack } from './come-back.ts'
import { createLeave, type LeaveNeeds } from './leave.ts'
import { createTell, type TellNeeds } from './notice.ts'
import { createRecover, type RecoverNeeds } from './recover.ts'

export type LeavingNeeds = TellNeeds &
  Pick<LeaveNeeds, 'logins' | 'keys' | 'consents' | 'recordAudit' | 'recordEvent'> &
  Pick<RecoverNeeds, 'addresses' | 'checkActive'> & { codes: Pick<Codes, 'consume' | 'handle'> }

export const createLeaving = ({ db, clock, store, config }: World, needs: LeavingNeeds) => {
  const tell = createTell(needs)
  const { regretDays } = config.accounts
  const comeBack: ComeBack = createComeBack({ ...needs, clock, tell })
  const unregister = createLeave({ ...needs, db, clock, store, regretDays, tell })
  const { begin, recover } = createRecover({ ...needs, db, clock, comeBack })
  needs.codes.handle('recover', { begin })
  return {
    comeBack,
    operations: [
      operation(unregisterShape)(async (_input, caller) => ({ code: 'OK', ...(await unregister(caller)) })),
      operation(recoverShape)(async (input, caller) => ({ code: 'OK', ...(await recover(input, caller)) })),
    ],
  }
}
