/** One more SKey of a live login, for a page that its user takes the login to. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db } from '../../../adapters/db/index.ts'
import type { Random } from '../../../adapters/random.ts'
import type { AppCaller } from '../../../http/caller.ts'
import { fromHex } from '../../../protocol/bytes.ts'
import { formatTicket } from '../../../protocol/tickets.ts'
import type { Logins } from '../logins.ts'
import { checkStrength } from '../refusals.ts'
import type { SKeys, TicketRecord } from '../skeys.ts'
import { findLogin } from './repo.ts'

export type TakeOverNeeds = {
  db: Db
  clock: Clock
  random: Random
  skeys: Pick<SKeys, 'issueBounded'>
  recordOf: Logins['recordOf']
}

/** What a web code remembers of the ticket that it was made with. */
export type TakenLogin = {
  /** Hex of 16 bytes. */
  loginId: string
  /** The end of that ticket: nothing that comes from it lives longer. */
  expiresAt: number
  /** When its user proved who they are, as that ticket knows. */
  authenticatedAt: number
}

const secretBytes = 32

export const createTakeOver =
  ({ db, clock, random, skeys, recordOf }: TakeOverNeeds) =>
  /**
   * The SKey is one of the caller's app, and ends with the login. Undefined: the login or its account is over.
   * Throws ENCRYPTION_REQUIRED for a login that is worth nothing in this envelope.
   */
  async (parent: TakenLogin, caller: AppCaller) => {
    const login = await findLogin(db.write, Buffer.from(fromHex(parent.loginId) ?? []))
    const now = clock.now()
    if (!login || login.endedAt !== null || Math.min(login.expiresAt, parent.expiresAt) <= now)
      return undefined
    if (login.status !== 'active' || login.epoch < login.accountEpoch) return undefined
    checkStrength(login, caller)
    const record = recordOf(login, login, now)
    const secret = random.bytes(secretBytes)
    const ticket = { tier: 'skey', loginId: login.loginId, secret } as const
    const taken: TicketRecord = {
      ...record,
      appId: caller.app.appId,
      expiresAt: Math.min(record.expiresAt, parent.expiresAt),
      authenticatedAt: parent.authenticatedAt,
      // Its use says nothing about the A2: no counter is as low.
      counter: 0,
    }
    await skeys.issueBounded(ticket, taken, now, 'jump')
    const { userId, userName, nickName } = login
    return { account: { userId, userName, nickName }, skey: formatTicket('skey', login.loginId, secret) }
  }
