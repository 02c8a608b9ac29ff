/** Another user name: rarely, and the one before is free for no other user for a time, so that no other user poses as its former one. */
import type { Clock } from '../../adapters/clock.ts'
import type { Executor } from '../../adapters/db/index.ts'
import type { TicketCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { NameLogin } from '../accounts/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { UserName, Users } from './api.ts'
import { findUser } from './profile/repo.ts'
import { updateUserName } from './repo.ts'
import type { SetInput } from './wire.ts'

const dayMs = 24 * 3_600_000

export type RenameNeeds = {
  clock: Clock
  users: Pick<Users, 'checkUserName' | 'hold' | 'hashLook' | 'checkHeld'>
  nameLogin: NameLogin
  recordAudit: RecordAudit
  /** Days. */
  rules: { renameDays: number; holdNameDays: number }
}

/** When the user may choose another name, in milliseconds; undefined: now. */
export const findRenameAt = (renamedAt: number | null, renameDays: number, nowMs: number) => {
  const at = renamedAt === null ? 0 : renamedAt + renameDays * dayMs
  return at > nowMs ? at : undefined
}

export const createRename = ({ clock, users, nameLogin, recordAudit, rules }: RenameNeeds) => {
  const checkTime = async (trx: Executor, userId: number) => {
    const nowMs = clock.now()
    const { renamedAt = null } = (await findUser(trx, userId)) ?? {}
    const renameAt = findRenameAt(renamedAt, rules.renameDays, nowMs)
    if (renameAt !== undefined) {
      throw new Failure('TOO_OFTEN', { info: 'userName', retryAfterSeconds: (renameAt - nowMs) / 1_000 })
    }
  }

  const write = async (trx: Executor, userId: number, name: UserName) => {
    const nowMs = clock.now()
    const { userName, loginKey, skeleton } = name
    await users.hold(trx, userId, nowMs + rules.holdNameDays * dayMs)
    const renamedBefore = nowMs - rules.renameDays * dayMs
    const look = users.hashLook(skeleton)
    const renaming = { userId, userName, loginKey, skeleton: look, renamedBefore, nowMs }
    if (!(await updateUserName(trx, renaming))) throw new Failure('ALREADY_REGISTERED')
  }

  /** What the transaction of the change has to do, once name and password are checked. */
  return async function prepareRename(typed: string, input: SetInput, caller: TicketCaller) {
    const { userId } = caller.ticket
    const name = users.checkUserName(typed)
    const prepared = await nameLogin.prepare(input, name.loginKey, caller)
    return async (trx: Executor) => {
      await nameLogin.lock(trx, userId, prepared)
      await checkTime(trx, userId)
      await write(trx, userId, name)
      await nameLogin.move(trx, userId, prepared)
      await users.checkHeld(trx, name)
      // Neither name: both are personal, and an audit event outlives its user.
      const { app, address } = caller
      await recordAudit(trx, { kind: 'user.renamed', userId, appId: app.appId, network: address.network })
    }
  }
}

export type PrepareRename = ReturnType<typeof createRename>
