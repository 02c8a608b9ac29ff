/** A logged-in user links an identity, or takes one away. */

import type { Clock } from '../../adapters/clock.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { TicketCaller } from '../../http/caller.ts'
import { toHex } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import type { AddressLogins, CredentialsService } from '../accounts/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordEvent } from '../events/api.ts'
import type { Tickets } from '../tickets/api.ts'
import { keyOf } from './profile.ts'
import type { Prove } from './prove.ts'
import {
  deleteIdentity,
  findIdentitiesOf,
  findIdentityOwner,
  type IdentityKey,
  insertIdentity,
} from './repo.ts'
import type { IdentityRow } from './tables.ts'
import type { Tell } from './tell.ts'
import type { LinkedIdentity, LinkInput } from './wire.ts'

export type LinkNeeds = {
  db: Db
  clock: Clock
  prove: Prove
  addressLogins: Pick<AddressLogins, 'lock' | 'checkLast'>
  credentials: Pick<CredentialsService, 'find'>
  tickets: Pick<Tickets, 'isLive' | 'endChosen'>
  tell: Tell
  recordAudit: RecordAudit
  recordEvent: RecordEvent
}

const toIdentity = ({ provider, displayName, createdAt }: IdentityRow): LinkedIdentity => ({
  provider,
  name: displayName,
  linkedAt: Math.floor(createdAt / 1_000),
})

export const createLink = (needs: LinkNeeds) => {
  const { db, clock, prove, addressLogins, recordAudit, recordEvent } = needs

  /** Changes of one account come one after another, and only while the login that asks for them is live. */
  const changeAccount = async <T>(caller: TicketCaller, work: (trx: Executor) => Promise<T>): Promise<T> => {
    const { userId, loginId } = caller.ticket
    const found = await needs.credentials.find(userId)
    if (!found) throw new Failure('NOT_LOGGED_IN')
    return db.transaction(async (trx) => {
      if (!(await addressLogins.lock(trx, userId, found.account.epoch))) throw new Failure('NOT_LOGGED_IN')
      if (!(await needs.tickets.isLive(trx, loginId))) throw new Failure('NOT_LOGGED_IN')
      return work(trx)
    })
  }

  const record = async (trx: Executor, kind: string, provider: string, caller: TicketCaller) => {
    const { userId } = caller.ticket
    const { appId } = caller.app
    const { network } = caller.address
    await recordAudit(trx, { kind, userId, appId, network, detail: { provider } })
    await recordEvent(trx, { userId, kind: 'user.changed', appId, detail: { members: ['identities'] } })
  }

  /** Why it could not be linked; undefined: it is linked already. */
  const judgeTaken = async (key: IdentityKey, userId: number): Promise<IdentityRow | undefined> => {
    const owner = await findIdentityOwner(db.write, key)
    if (owner !== undefined && owner !== userId) throw new Failure('IDENTITY_TAKEN')
    const own = (await findIdentitiesOf(db.write, userId)).find(({ provider }) => provider === key.provider)
    if (own && owner === undefined) throw new Failure('IDENTITY_LINKED')
    return own
  }

  return {
    link: async (input: LinkInput, caller: TicketCaller): Promise<LinkedIdentity> => {
      const proven = await prove(input.link, caller)
      const { userId } = caller.ticket
      const { name = '' } = proven.profile
      const row = { ...keyOf(proven), userId, displayName: name, createdAt: clock.now() }
      const write = changeAccount(caller, async (trx) => {
        await insertIdentity(trx, row)
        await record(trx, 'identity.linked', row.provider, caller)
        await needs.tell(trx, { userId, what: 'linked', provider: row.provider, caller })
        return row
      })
      const linked = await write.catch(async (error) => {
        if (!db.isDuplicate(error)) throw error
        return (await judgeTaken(row, userId)) ?? row
      })
      return toIdentity(linked)
    },
    /**
     * All other logins end: the provider may have opened them. Throws LAST_LOGIN where nothing would open the account any
     * more.
     */
    unlink: async (provider: string, caller: TicketCaller): Promise<void> => {
      const { userId, loginId: own } = caller.ticket
      const { close } = await changeAccount(caller, async (trx) => {
        if (!(await deleteIdentity(trx, userId, provider))) {
          throw new Failure('PARAMETER_INVALID', { info: 'unlink: there is no such identity' })
        }
        await addressLogins.checkLast(trx, userId, { provider })
        await record(trx, 'identity.unlinked', provider, caller)
        await needs.tell(trx, { userId, what: 'unlinked', provider, caller })
        return needs.tickets.endChosen(trx, userId, ({ loginId }) => toHex(loginId) !== own)
      })
      await close()
    },
    list: async ({ ticket }: TicketCaller): Promise<LinkedIdentity[]> =>
      (await findIdentitiesOf(db.write, ticket.userId)).map(toIdentity),
  }
}
