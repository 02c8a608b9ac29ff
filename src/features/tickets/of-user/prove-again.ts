/** The user of a login proves again who is asking: the login gets a new time, and the caller an SKey that knows it. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db, Executor } from '../../../adapters/db/index.ts'
import type { Random } from '../../../adapters/random.ts'
import type { TicketCaller } from '../../../http/caller.ts'
import { fromHex, toHex } from '../../../protocol/bytes.ts'
import { Failure } from '../../../protocol/errors.ts'
import { formatTicket } from '../../../protocol/tickets.ts'
import type { IsHeldUp, LoginGuard } from '../../accounts/api.ts'
import type { Logins } from '../logins.ts'
import { checkStrength, notLoggedIn } from '../refusals.ts'
import type { EndReason, SKeys, TicketRecord } from '../skeys.ts'
import { findLogin } from '../take-over/repo.ts'
import { createUpdateProof } from './repo.ts'

export type ProveAgainNeeds = {
  db: Db
  clock: Clock
  random: Random
  skeys: Pick<SKeys, 'issueBounded'>
  recordOf: Logins['recordOf']
  isHeldUp: IsHeldUp
}

export type NewProof = {
  /** Writes the time into the login. False: it has ended, or failures of this place hold up a password by now. */
  write(trx: Executor, guard?: LoginGuard): Promise<boolean>
  /** For after the commit. */
  finish(): Promise<{ authenticatedAt: number; skey: string }>
}

const secretBytes = 32

export const createProveAgain = ({ db, clock, random, skeys, recordOf, isHeldUp }: ProveAgainNeeds) => {
  const updateProof = createUpdateProof(isHeldUp)

  /** Throws NOT_LOGGED_IN, and OTHER_DEVICE for a ticket that is used elsewhere than its login was made. */
  return async function proveAgain({ ticket, device, ...caller }: TicketCaller): Promise<NewProof> {
    const login = await findLogin(db.write, Buffer.from(fromHex(ticket.loginId) ?? []))
    if (!login) throw notLoggedIn()
    if (login.endedAt !== null) throw notLoggedIn(login.endReason as EndReason)
    if (login.deviceId && toHex(login.deviceId) !== device?.knownAs) throw new Failure('OTHER_DEVICE')
    checkStrength(login, { ...caller, ticket, device })
    const { loginId } = login
    const authenticatedAt = clock.now()
    return {
      write: (trx, guard) => updateProof(trx, { loginId, authenticatedAt }, guard),
      finish: async () => {
        const secret = random.bytes(secretBytes)
        const own = recordOf({ ...login, reauthenticatedAt: authenticatedAt }, login, authenticatedAt)
        // A login that another app took over keeps its app and its end. No counter is as low: its use says nothing of the A2.
        const isOwn = ticket.appId === login.appId
        const expiresAt = isOwn ? own.expiresAt : Math.min(own.expiresAt, ticket.expiresAt)
        const record: TicketRecord = { ...own, appId: ticket.appId, expiresAt, counter: 0 }
        const ring = isOwn ? 'skey' : 'jump'
        await skeys.issueBounded({ tier: 'skey', loginId, secret }, record, authenticatedAt, ring)
        return { authenticatedAt, skey: formatTicket('skey', loginId, secret) }
      },
    }
  }
}
