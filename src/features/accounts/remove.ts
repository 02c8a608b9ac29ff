/** Removing an account: its logins end, and its names, secrets, addresses and identities are forgotten for good. */
import type { Clock } from '../../adapters/clock.ts'
import type { Executor } from '../../adapters/db/index.ts'
import type { Addresses } from '../addresses/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import type { Consents } from '../consents/api.ts'
import type { Identities } from '../oauth/api.ts'
import type { EndLogins } from '../tickets/api.ts'
import type { Users } from '../users/api.ts'
import { clearAllFailures } from './failures/repo.ts'
import { raiseEpoch, removeVerifiers, updateStatus } from './repo.ts'

export type RemoveAccountNeeds = {
  clock: Clock
  endLogins: EndLogins
  addresses: Pick<Addresses, 'removeOf'>
  consents: Pick<Consents, 'removeOf'>
  identities: Identities
  users: Pick<Users, 'remove'>
  recordAudit: RecordAudit
  recordChange: RecordChange
}

export const createRemoveAccount = (needs: RemoveAccountNeeds) => {
  const { clock, endLogins, addresses, consents, identities, users, recordAudit, recordChange } = needs
  /** `detail` is for the audit event. */
  return async function removeAccount(
    trx: Executor,
    { userId, tag }: { userId: number; tag: Buffer },
    detail: Record<string, string> = {},
  ): Promise<void> {
    const nowMs = clock.now()
    await updateStatus(trx, userId, { status: 'deleted', statusReason: '', nowMs })
    await raiseEpoch(trx, userId, nowMs)
    await endLogins(trx, userId, { endedAt: nowMs, endReason: 'deleted' })
    await clearAllFailures(trx, tag)
    await addresses.removeOf(trx, userId)
    await consents.removeOf(trx, userId)
    await identities.removeOf(trx, userId)
    await removeVerifiers(trx, userId)
    await users.remove(trx, userId)
    await recordAudit(trx, { kind: 'account.removed', userId, detail })
    await recordChange(trx, 'account', String(userId))
  }
}

export type RemoveAccount = ReturnType<typeof createRemoveAccount>
