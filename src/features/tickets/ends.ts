/** Logins end, and their user is told: the row and the event are of one transaction. */
import type { Executor } from '../../adapters/db/index.ts'
import { toHex } from '../../protocol/bytes.ts'
import type { RecordEvent } from '../events/api.ts'
import { endLogins } from './of-user/repo.ts'
import { type Ending, endLogin, endLoginsOfUser } from './repo.ts'

export const createEnds = (recordEvent: RecordEvent) => ({
  /** True if it had not ended before. */
  endLogin: async (
    trx: Executor,
    { userId, loginId }: { userId: number; loginId: Uint8Array },
    ending: Ending,
  ): Promise<boolean> => {
    if (!(await endLogin(trx, Buffer.from(loginId), ending))) return false
    const detail = { login: toHex(loginId), reason: ending.endReason }
    await recordEvent(trx, { userId, kind: 'login.ended', detail })
    return true
  },
  /** Some live logins of a user: one event, however many there are. */
  endLogins: async (
    trx: Executor,
    { userId, loginIds }: { userId: number; loginIds: readonly Buffer[] },
    ending: Ending,
  ): Promise<void> => {
    const [first, ...others] = loginIds
    if (!first) return
    await endLogins(trx, loginIds, ending)
    const which = others.length === 0 ? { login: toHex(first) } : { logins: loginIds.map(toHex) }
    await recordEvent(trx, {
      userId,
      kind: 'login.ended',
      detail: Object.assign(which, { reason: ending.endReason }),
    })
  },
  /** Every login of a user, as part of the transaction that raises the account's epoch. */
  endAll: async (trx: Executor, userId: number, ending: Ending): Promise<void> => {
    await endLoginsOfUser(trx, userId, ending)
    const detail = { everywhere: true, reason: ending.endReason }
    await recordEvent(trx, { userId, kind: 'login.ended', detail })
  },
})

export type Ends = ReturnType<typeof createEnds>
