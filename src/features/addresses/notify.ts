/** Tells the user of a changed address, at the old one, with a way back; a thief may have changed it. */
import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Executor } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import type { AppCaller } from '../../http/caller.ts'
import type { Outbox } from '../outbox/api.ts'
import type { Address, AddressKind } from './api.ts'
import { insertAddressChange } from './repo.ts'

export type Changed = {
  userId: number
  kind: AddressKind
  old: Address | undefined
  now: Address | undefined
  /** Addresses of the other kind. */
  others: readonly Address[]
  caller: AppCaller
}

export type Notify = (trx: Executor, changed: Changed) => Promise<void>

export type NotifyNeeds = {
  clock: Clock
  random: Random
  crypto: Pick<ServerCrypto, 'sha256'>
  outbox: Pick<Outbox, 'add' | 'canSend'>
}

export const undoDays = 7
export const undoPath = '/address/undo'
const secretBytes = 24

/** Enough to know an address again: the old one may be read by another person by now. */
const hint = ({ text }: Address): string => {
  const at = text.indexOf('@')
  return at < 0 ? `${text.slice(0, 4)}…${text.slice(-2)}` : `${text.slice(0, 1)}…${text.slice(at)}`
}

export const createNotify = ({ clock, random, crypto, outbox }: NotifyNeeds): Notify => {
  return async function notify(trx, { userId, kind, old, now, others, caller }) {
    const to = [old, ...others].find((it) => it !== undefined && outbox.canSend(it.kind))
    if (!to) return
    const secret = random.bytes(secretBytes).toString('base64url')
    await insertAddressChange(trx, {
      undoHash: Buffer.from(crypto.sha256(Buffer.from(secret))),
      userId,
      kind,
      oldKey: old?.key ?? Buffer.alloc(0),
      oldText: old?.text ?? '',
      verifiedAt: clock.now(),
      changedAt: clock.now(),
      undoneAt: null,
    })
    await outbox.add(trx, {
      channel: to.kind,
      to: to.text,
      kind: 'address-changed',
      language: caller.language,
      appId: caller.app.appId,
      variables: {
        address: now ? hint(now) : '',
        old: old ? hint(old) : '',
        place: caller.address.text,
        device: caller.device?.deviceType ?? '',
        days: String(undoDays),
        link: `${undoPath}#${secret}`,
      },
    })
  }
}
