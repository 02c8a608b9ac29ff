/** A user ends the account: nothing that was issued to it works any more, and its data is erased at a date. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db, Executor } from '../../../adapters/db/index.ts'
import type { Store } from '../../../adapters/store/index.ts'
import type { TicketCaller } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { RecordAudit } from '../../audit/api.ts'
import type { Consents } from '../../consents/api.ts'
import type { RecordEvent } from '../../events/api.ts'
import type { Keys } from '../../key-exchange/api.ts'
import type { Tickets } from '../../tickets/api.ts'
import type { Tell } from './notice.ts'
import { findFinalAt, startLeaving } from './repo.ts'

export type LeaveNeeds = {
  db: Db
  clock: Clock
  store: Pick<Store, 'pass'>
  regretDays: number
  logins: Pick<Tickets, 'endAll' | 'findKeys' | 'isLive'>
  keys: Pick<Keys, 'end'>
  consents: Pick<Consents, 'removeOf'>
  tell: Tell
  recordAudit: RecordAudit
  recordEvent: RecordEvent
}

const dayMs = 24 * 3_600_000
/** Of one account in a day: each sends a mail, and so does each way back. */
const mostPerDay = 5

type Left = { finalAt: number; close(): Promise<unknown> }

export const createLeave = (needs: LeaveNeeds) => {
  const { db, clock, logins, keys, consents, recordAudit, recordEvent } = needs

  const leave = async (trx: Executor, caller: TicketCaller): Promise<Left> => {
    const { ticket, app, address } = caller
    const { userId } = ticket
    const nowMs = clock.now()
    const finalAt = nowMs + needs.regretDays * dayMs
    if (!(await startLeaving(trx, userId, { finalAt, nowMs }))) {
      // The same asked twice at this moment.
      const asked = await findFinalAt(trx, userId)
      if (asked === undefined) throw new Failure('NOT_LOGGED_IN')
      return { finalAt: asked, close: async () => {} }
    }
    // The account is locked by now: a login that ended before has nothing to say.
    if (!(await logins.isLive(trx, ticket.loginId))) throw new Failure('NOT_LOGGED_IN')
    const prints = await logins.findKeys(trx, userId)
    const ended = await logins.endAll(trx, userId, 'leaving')
    await consents.removeOf(trx, userId)
    await recordAudit(trx, { kind: 'account.leaving', userId, appId: app.appId, network: address.network })
    await needs.tell(trx, userId, { kind: 'account-leaving', caller, finalAt })
    const seconds = Math.floor(finalAt / 1_000)
    await recordEvent(trx, { userId, kind: 'user.leaving', appId: app.appId, detail: { finalAt: seconds } })
    return {
      finalAt,
      close: () => Promise.all([ended.close(), ...prints.map((print) => keys.end(print))]),
    }
  }

  return async function unregister(caller: TicketCaller): Promise<{ finalAt: number }> {
    const waitMs = await needs.store.pass(`unregister:{${caller.ticket.userId}}`, dayMs, mostPerDay)
    if (waitMs > 0) throw new Failure('TOO_OFTEN', { retryAfterSeconds: Math.ceil(waitMs / 1_000) })
    const { finalAt, close } = await db.transaction((trx) => leave(trx, caller))
    // The rows are final. If the store is away now, every process closes the gate when it is back: the change log says so.
    await close().catch(() => {})
    return { finalAt: Math.floor(finalAt / 1_000) }
  }
}
