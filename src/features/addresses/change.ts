/** A user gets an address, another one, or none any more. */

import type { Db, Executor } from '../../adapters/db/index.ts'
import type { TicketCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { AddressLogins, AddressVerifier, CredentialsService } from '../accounts/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordEvent } from '../events/api.ts'
import type { Tickets } from '../tickets/api.ts'
import type { Codes, Found, VerifyInput } from '../verification/api.ts'
import type { Address, Addresses, AddressKind } from './api.ts'
import type { Notify } from './notify.ts'
import { deleteAddress } from './repo.ts'
import type { ChangeInput, ChangeReply, RemoveInput } from './wire.ts'

export type ChangeNeeds = {
  db: Db
  addresses: Addresses
  addressLogins: AddressLogins
  codes: Pick<Codes, 'send' | 'consume'>
  credentials: Pick<CredentialsService, 'find' | 'checkOld'>
  tickets: Pick<Tickets, 'isLive'>
  notify: Notify
  recordAudit: RecordAudit
  recordEvent: RecordEvent
}

type Payload = AddressVerifier & { epoch: number; loginId: string }

export const purposeOf = { email: 'change-email', phone: 'change-phone' } as const

export const createChange = (needs: ChangeNeeds) => {
  const { db, addresses, addressLogins, codes, credentials, notify, recordAudit, recordEvent } = needs

  /** The account's epoch. Throws OLD_PASSWORD_WRONG; without a password the login is fresh, as the shape asks for. */
  const checkUser = async (
    { password, oldHash }: Pick<ChangeInput, 'password' | 'oldHash'>,
    caller: TicketCaller,
  ): Promise<number> => {
    const found = await credentials.find(caller.ticket.userId)
    if (!found) throw new Failure('NOT_LOGGED_IN')
    const old = password === undefined ? oldHash : { password }
    if (old) await credentials.checkOld(found, old, caller)
    return found.account.epoch
  }

  const findOwn = async (trx: Executor, userId: number, kind: AddressKind) => {
    const all = await addresses.findOf(trx, userId)
    return { old: all.find((it) => it.kind === kind), others: all.filter((it) => it.kind !== kind) }
  }

  const takeAway = async (trx: Executor, { key }: Address) => {
    await deleteAddress(trx, key)
    await addressLogins.remove(trx, key)
  }

  /** Sends the code. An address that has another account gets a notice; work and reply are the same. */
  const begin = async (input: ChangeInput, caller: TicketCaller): Promise<ChangeReply> => {
    const { userId, loginId } = caller.ticket
    const { kind } = input
    const address = await addresses.parse(input.address, kind)
    addresses.checkAllowed(address)
    const epoch = await checkUser(input, caller)
    const verifier = await addressLogins.createVerifier(input, address.key)
    const owner = await addresses.findOwner(db.write, address)
    if (owner?.userId === userId) throw new Failure('PARAMETER_INVALID', { info: 'address: it is yours' })
    const payload: Payload = { ...verifier, epoch, loginId }
    return codes.send({
      purpose: purposeOf[kind],
      address: owner?.address ?? address,
      caller,
      captcha: input.captcha,
      userId,
      asWhat: owner ? 'notice' : 'code',
      payload,
    })
  }

  const finish =
    (kind: AddressKind) => async (input: VerifyInput, caller: Parameters<Codes['consume']>[0]['caller']) => {
      const { flow, code } = input
      const write = async (trx: Executor, { address, userId = 0, payload }: Found) => {
        const { epoch, loginId, ...verifier } = payload as Payload
        // The password was changed since, or every login ended: the person who asked may not be the user.
        if (!(await addressLogins.lock(trx, userId, epoch))) throw new Failure('CODE_EXPIRED')
        // So did a user who ended the login that asked.
        if (!(await needs.tickets.isLive(trx, loginId))) throw new Failure('CODE_EXPIRED')
        const { old, others } = await findOwn(trx, userId, kind)
        if (old) await takeAway(trx, old)
        await addresses.insert(trx, userId, address)
        await addressLogins.add(trx, userId, address.key, verifier)
        await notify(trx, { userId, kind, old, now: address, others, caller })
        const { app, address: from } = caller
        await recordAudit(trx, {
          kind: 'address.changed',
          userId,
          appId: app.appId,
          network: from.network,
          detail: { address: kind },
        })
        await recordEvent(trx, {
          userId,
          kind: 'user.changed',
          appId: app.appId,
          detail: { members: [kind] },
        })
      }
      await codes.consume({ flow, code, purpose: purposeOf[kind], caller }, write).catch((error) => {
        throw db.isDuplicate(error) ? new Failure('ALREADY_REGISTERED', { cause: error }) : error
      })
      return { code: 'OK' as const, result: 'ok' }
    }

  /** Throws LAST_LOGIN where nothing would open the account any more. */
  const remove = async (input: RemoveInput, caller: TicketCaller): Promise<void> => {
    const { userId } = caller.ticket
    const { remove: kind } = input
    const epoch = await checkUser(input, caller)
    await db.transaction(async (trx) => {
      if (!(await addressLogins.lock(trx, userId, epoch))) throw new Failure('NOT_LOGGED_IN')
      const { old, others } = await findOwn(trx, userId, kind)
      if (!old) throw new Failure('PARAMETER_INVALID', { info: 'remove: there is no such address' })
      await addressLogins.checkLast(trx, userId, { loginKey: old.key })
      await takeAway(trx, old)
      await notify(trx, { userId, kind, old, now: undefined, others, caller })
      const { app, address } = caller
      await recordAudit(trx, {
        kind: 'address.removed',
        userId,
        appId: app.appId,
        network: address.network,
        detail: { address: kind },
      })
      await recordEvent(trx, {
        userId,
        kind: 'user.changed',
        appId: app.appId,
        detail: { members: [kind] },
      })
    })
  }

  return { begin, finish, remove }
}
