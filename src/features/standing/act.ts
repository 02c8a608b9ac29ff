/** An administrator acts on a user by a ticket: what the role allows, and how often. */
import type { Clock } from '../../adapters/clock.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { Store } from '../../adapters/store/index.ts'
import type { TicketCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { LockAccounts } from '../accounts/api.ts'
import type { Outbox } from '../outbox/api.ts'
import type { Roles } from '../roles/api.ts'
import type { Tickets } from '../tickets/api.ts'
import type { Change } from './change.ts'
import type { Tell, Told } from './tell.ts'
import type { DisableInput, EnableInput } from './wire.ts'

export type ActNeeds = {
  db: Db
  clock: Clock
  store: Pick<Store, 'pass'>
  most: { mostPerAdministrator: number; mostPerDay: number }
  accounts: { find(typed: string): Promise<{ userId: number; status: string }>; lockAccounts: LockAccounts }
  roles: Pick<Roles, 'check' | 'has' | 'isStaff'>
  tickets: Pick<Tickets, 'isLive' | 'applyAccountChange'>
  outbox: Pick<Outbox, 'add' | 'canSend'>
  change: Change
  tell: Tell
}

const dayMs = 24 * 3_600_000
/** Notices of an account in a day: a stolen ticket must not fill a mailbox. */
const mostMails = 10
const longestMs = 100 * 365 * dayMs

export const createAct = (needs: ActNeeds) => {
  const { db, clock, store, accounts, roles, tickets, outbox, change, tell } = needs

  const find = async (typed: string) => {
    const account = await accounts.find(typed)
    if (account.status === 'deleted') throw new Failure('USER_UNKNOWN')
    return account.userId
  }

  /** Of one administrator first, so that a stolen ticket does not use up what all have. */
  const checkOften = async (userId: number) => {
    const { mostPerAdministrator, mostPerDay } = needs.most
    const counted = [
      [`limit:standing:{${userId}}`, mostPerAdministrator, 'standing.mostPerAdministrator'],
      ['limit:standing:all', mostPerDay, 'standing.mostPerDay'],
    ] as const
    for (const [key, most, info] of counted) {
      const waitMs = await store.pass(key, dayMs, most)
      if (waitMs > 0) throw new Failure('TOO_OFTEN', { info, retryAfterSeconds: Math.ceil(waitMs / 1_000) })
    }
  }

  /** No administrator acts on themself; those who hold a right here need the right `disableStaff`. */
  const checkTarget = async (executor: Executor, { ticket }: TicketCaller, userId: number) => {
    if (ticket.userId === userId) throw new Failure('USER_PROTECTED', { info: 'yourself' })
    if (!(await roles.isStaff(executor, userId))) return
    if (!(await roles.has(executor, ticket, 'disableStaff')))
      throw new Failure('USER_PROTECTED', { info: 'disableStaff' })
  }

  const isMailed = async (userId: number) =>
    outbox.canSend('email') &&
    (await store.pass(`standing-changed:{${userId}}`, dayMs, mostMails).catch(() => 1)) === 0

  /** Judged again with both accounts locked: a role that was revoked, or a login that ended, since then does nothing. */
  const act = async (
    caller: TicketCaller,
    typed: string,
    { work, told }: { work(trx: Executor, userId: number): Promise<boolean>; told: Told },
  ) => {
    const { ticket } = caller
    const userId = await find(typed)
    await checkTarget(db.write, caller, userId)
    await checkOften(ticket.userId)
    const isTold = await isMailed(userId)
    const changed = await db.transaction(async (trx) => {
      await accounts.lockAccounts(trx, [ticket.userId, userId])
      if (!(await tickets.isLive(trx, ticket.loginId))) throw new Failure('NOT_LOGGED_IN')
      await roles.check(trx, ticket, 'disableUsers')
      await checkTarget(trx, caller, userId)
      const changed = await work(trx, userId)
      if (changed && isTold) await tell(trx, outbox.add, userId, told)
      return changed
    })
    // At once, and by the change log in case the store was away.
    if (changed) await tickets.applyAccountChange(userId).catch(() => undefined)
    return { userId: String(userId), changed }
  }

  const readUntil = (until: number | undefined): number | null => {
    if (until === undefined) return null
    const ms = until * 1_000
    if (ms <= clock.now() || ms - clock.now() > longestMs)
      throw new Failure('PARAMETER_INVALID', { info: 'until' })
    return ms
  }

  return {
    disable: async ({ disable, capability, reason, until }: DisableInput, caller: TicketCaller) => {
      const withholding = { capability, reason, until: readUntil(until) }
      const by = String(caller.ticket.userId)
      const work = (trx: Executor, userId: number) => change.disable(trx, userId, { ...withholding, by })
      return act(caller, disable, { work, told: { what: 'disabled', ...withholding } })
    },
    enable: async ({ enable, capability }: EnableInput, caller: TicketCaller) => {
      const by = String(caller.ticket.userId)
      const work = (trx: Executor, userId: number) => change.enable(trx, userId, { capability, by })
      return act(caller, enable, { work, told: { what: 'enabled', capability, atMs: clock.now() } })
    },
  }
}
