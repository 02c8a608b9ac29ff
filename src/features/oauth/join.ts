/**
 * An identity joins the account that has verified the same address. A thief may have registered that account with the
 * address of a victim: afterwards only the mailbox and this identity open it.
 */

import type { Clock } from '../../adapters/clock.ts'
import type { Executor } from '../../adapters/db/index.ts'
import type { AppCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { AccountOfAddress, AddressLogins, Opened, Opening } from '../accounts/api.ts'
import type { Address, Addresses } from '../addresses/api.ts'
import type { RecordEvent } from '../events/api.ts'
import type { Keys } from '../key-exchange/api.ts'
import type { BeginOptions, Tickets } from '../tickets/api.ts'
import type { Proven } from './flows.ts'
import { keyOf } from './profile.ts'
import { deleteIdentitiesOf, insertIdentity } from './repo.ts'

export type JoinNeeds = {
  clock: Clock
  addresses: Pick<Addresses, 'findOf' | 'removeOf' | 'insert'>
  addressLogins: Pick<AddressLogins, 'lock' | 'endPasswords' | 'remove'>
  tickets: Pick<Tickets, 'endAll' | 'findKeys'>
  keys: Pick<Keys, 'end'>
  opening: Opening
  recordEvent: RecordEvent
}

export type Joining = { account: AccountOfAddress; address: Address; proven: Proven }

export const createJoin = (needs: JoinNeeds) => {
  const { clock, addresses, addressLogins, tickets, keys } = needs

  /** The address stays, as verified now; others, and the links that would bring former ones back, end. */
  const keepAddress = async (trx: Executor, userId: number, address: Address) => {
    for (const { key } of await addresses.findOf(trx, userId)) {
      if (!key.equals(address.key)) await addressLogins.remove(trx, key)
    }
    await addresses.removeOf(trx, userId)
    await addresses.insert(trx, userId, address)
  }

  return async function join(
    trx: Executor,
    { account, address, proven }: Joining,
    caller: AppCaller,
    options: Pick<BeginOptions, 'device' | 'giveUp' | 'proof'>,
  ): Promise<{ opened: Opened; ended: { close(): Promise<void> } }> {
    const { userId, epoch } = account
    // It changes at this moment: the caller begins again, and finds it as it is then.
    if (account.status === 'active' && !(await addressLogins.lock(trx, userId, epoch))) {
      throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
    }
    const prints = (await tickets.findKeys(trx, userId)).filter(
      (print) => print !== options.proof?.fingerprint,
    )
    await addressLogins.endPasswords(trx, userId)
    await keepAddress(trx, userId, address)
    await deleteIdentitiesOf(trx, userId)
    const { profile } = proven
    await insertIdentity(trx, {
      ...keyOf(proven),
      userId,
      displayName: profile.name ?? '',
      createdAt: clock.now(),
    })
    const ended = await tickets.endAll(trx, userId, 'password-changed')
    const { appId } = caller.app
    const members = [address.kind, 'password', 'identities']
    await needs.recordEvent(trx, { userId, kind: 'user.changed', appId, detail: { members } })
    const now = { ...account, epoch: epoch + 1, liveLogins: 0 }
    const opened = await needs.opening.begin(trx, now, caller, options)
    const close = async () => {
      await Promise.all([ended.close(), ...prints.map((print) => keys.end(print))])
    }
    return { opened, ended: { close } }
  }
}

export type Join = ReturnType<typeof createJoin>
