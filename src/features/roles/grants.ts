/** An administrator grants a role to a user, or takes it back. */
import type { Clock } from '../../adapters/clock.ts'
import type { Db } from '../../adapters/db/index.ts'
import { Failure } from '../../protocol/errors.ts'
import type { LockAccounts } from '../accounts/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { Grant } from './api.ts'
import { deleteGrant, findGrants, findHolders, findRoleAfter, insertGrant } from './repo.ts'

export type GrantsNeeds = { db: Db; clock: Clock; lockAccounts: LockAccounts; recordAudit: RecordAudit }

/** Roles of one user. */
const mostGrants = 32

export const createGrants = ({ db, clock, lockAccounts, recordAudit }: GrantsNeeds) => ({
  /** False: the user has it already. Throws USER_UNKNOWN. */
  grant: (userId: number, { role, appId }: Grant): Promise<boolean> =>
    db.transaction(async (trx) => {
      const [account] = await lockAccounts(trx, [userId])
      if (!account || account.status === 'deleted') throw new Failure('USER_UNKNOWN')
      const held = await findGrants(trx, userId)
      if (held.some((one) => one.role === role && one.appId === appId)) return false
      if (held.length >= mostGrants) throw new Failure('PARAMETER_INVALID', { info: `${mostGrants} roles` })
      await insertGrant(trx, { userId, role, appId, grantedAt: clock.now() })
      await recordAudit(trx, { kind: 'role.granted', userId, appId: appId || undefined, detail: { role } })
      return true
    }),
  /** Final when it returns: what the user does by the role waits for this, or this for it. False: there was none. */
  revoke: (userId: number, { role, appId }: Grant): Promise<boolean> =>
    db.transaction(async (trx) => {
      await lockAccounts(trx, [userId])
      if (!(await deleteGrant(trx, { userId, role, appId }))) return false
      await recordAudit(trx, { kind: 'role.revoked', userId, appId: appId || undefined, detail: { role } })
      return true
    }),
  /** Users of a role, by number. */
  holders: (role: string, page: { after: number; most: number }) => findHolders(db.write, role, page),
  /** Every role that a user holds, by name. */
  granted: async (): Promise<string[]> => {
    const names: string[] = []
    for (let name = await findRoleAfter(db.write, ''); name; name = await findRoleAfter(db.write, name))
      names.push(name)
    return names
  },
})
