/** What an administrator does to an account. */
import type { Clock } from '../../adapters/clock.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import { Failure } from '../../protocol/errors.ts'
import type { RecordAudit } from '../audit/audit.ts'
import type { RecordChange } from '../change-log/change-log.ts'
import type { EndReason } from '../tickets/skeys.ts'
import { canonicalLogin, loginKeyOf } from './names.ts'
import { findAccount, findLoginsOfUser, findUserIdOfKey, updateStatus } from './repo.ts'

export type AccountAdminNeeds = {
  db: Db
  clock: Clock
  /** Ends every login of a user, as part of the transaction. */
  endAll(trx: Executor, userId: number, reason: EndReason): Promise<void>
  recordAudit: RecordAudit
  recordChange: RecordChange
}

const shownLogins = 20

export const createAccountAdmin = ({ db, clock, endAll, recordAudit, recordChange }: AccountAdminNeeds) => {
  /** By user number or user name. */
  const get = async (typed: string) => {
    const login = canonicalLogin(typed)
    const userId = login.kind === 'number' ? login.userId : await findUserIdOfKey(db.write, loginKeyOf(login))
    const account = userId === undefined ? undefined : await findAccount(db.write, userId)
    if (!account) throw new Failure('USER_UNKNOWN')
    return account
  }

  /** False: it was so already. */
  const setStatus = async (typed: string, status: 'active' | 'disabled', statusReason: string) => {
    const { userId, status: before } = await get(typed)
    if (before === 'deleted') throw new Failure('USER_UNKNOWN', { info: 'This account is deleted.' })
    const changed = await db.transaction(async (trx) => {
      if (!(await updateStatus(trx, userId, { status, statusReason, nowMs: clock.now() }))) return false
      if (status === 'disabled') await endAll(trx, userId, 'disabled')
      await recordAudit(trx, { kind: `account.${status}`, userId, detail: { reason: statusReason } })
      await recordChange(trx, 'account', String(userId))
      return true
    })
    return { userId, changed }
  }

  return {
    show: async (typed: string) => {
      const account = await get(typed)
      return { ...account, logins: await findLoginsOfUser(db.write, account.userId, shownLogins) }
    },
    disable: (typed: string, reason: string) => setStatus(typed, 'disabled', reason),
    enable: (typed: string) => setStatus(typed, 'active', ''),
  }
}
