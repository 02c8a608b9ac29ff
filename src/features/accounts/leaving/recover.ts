/** The way back by a code: for an account that leaves, and for one whose logins are held up by failures. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db } from '../../../adapters/db/index.ts'
import type { AppCaller } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { Address, Addresses } from '../../addresses/api.ts'
import type { RecordAudit } from '../../audit/api.ts'
import type { Codes } from '../../verification/api.ts'
import { findAccountOfAddress } from '../by-address/repo.ts'
import { clearAllFailures } from '../failures/repo.ts'
import type { CheckActive } from '../status/rule.ts'
import type { RecoverInput } from '../wire.ts'
import type { ComeBack } from './come-back.ts'

export type RecoverNeeds = {
  db: Db
  clock: Clock
  addresses: Pick<Addresses, 'findOwner'>
  codes: Pick<Codes, 'consume'>
  comeBack: ComeBack
  checkActive: CheckActive
  recordAudit: RecordAudit
}

export const createRecover = (needs: RecoverNeeds) => {
  const { db, clock, addresses, codes, comeBack, checkActive, recordAudit } = needs
  return {
    /** For `/v1/code/send`: a code for an account in any state, so that asking tells nothing. */
    begin: async (address: Address) => {
      const owner = await addresses.findOwner(db.write, address)
      if (!owner) return { address, asWhat: 'nothing' as const }
      return { address: owner.address, userId: owner.userId, asWhat: 'code' as const }
    },
    recover: async ({ flow, code }: RecoverInput, caller: AppCaller) =>
      codes.consume({ flow, code, purpose: 'recover', caller }, async (trx, found) => {
        const account = await findAccountOfAddress(trx, found.address.key, { nowMs: clock.now() })
        // The address has left the account since.
        if (!account || account.userId !== found.userId) throw new Failure('CODE_EXPIRED')
        const { userId, tag } = account
        const recovered = comeBack.isLeaving(account)
        if (!recovered) await checkActive(trx, account)
        else if (!(await comeBack.take(trx, account, caller))) {
          throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
        }
        const unlocked = await clearAllFailures(trx, tag)
        if (unlocked) await recordAudit(trx, { kind: 'account.unlocked', userId, detail: { by: 'code' } })
        return { recovered, unlocked }
      }),
  }
}
