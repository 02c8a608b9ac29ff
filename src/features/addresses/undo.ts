/** Takes a changed address back, by the link that its old address got. */

import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { AddressLogins } from '../accounts/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordEvent } from '../events/api.ts'
import type { Holds } from '../holds/api.ts'
import type { Identities } from '../oauth/api.ts'
import type { Tickets } from '../tickets/api.ts'
import { undoDays } from './notify.ts'
import {
  cancelLaterChanges,
  deleteAddress,
  findAddress,
  findAddressesOf,
  findLaterChanges,
  insertAddress,
  takeAddressChange,
} from './repo.ts'
import type { AddressChangeRow } from './tables.ts'

export type UndoNeeds = {
  db: Db
  clock: Clock
  crypto: Pick<ServerCrypto, 'sha256'>
  addressLogins: AddressLogins
  holds: Pick<Holds, 'release'>
  tickets: Pick<Tickets, 'endAll'>
  identities: Identities
  recordAudit: RecordAudit
  recordEvent: RecordEvent
}

const dayMs = 24 * 3_600_000
const noPassword = { verifier: 'none', nextVerifier: null }

export const createUndo = (needs: UndoNeeds) => {
  const { db, clock, crypto, addressLogins, holds, tickets, identities, recordAudit, recordEvent } = needs

  const restore = async (
    trx: Executor,
    { userId, kind, oldKey, oldText, verifiedAt }: AddressChangeRow,
  ): Promise<void> => {
    const current = (await findAddressesOf(trx, userId)).find((it) => it.kind === kind)
    if (current) {
      await deleteAddress(trx, current.loginKey)
      await addressLogins.remove(trx, current.loginKey)
    }
    if (oldText === '') return
    const row = { userId, kind, text: oldText, loginKey: oldKey, verifiedAt, createdAt: clock.now() }
    await insertAddress(trx, row)
    // A later owner may have been erased since; this one has verified it before.
    await holds.release(trx, oldKey)
    await addressLogins.add(trx, userId, oldKey, noPassword)
  }

  /** The other kind goes back too, to what it was then; one that another account has by now stays away. */
  const restoreOther = async (trx: Executor, change: AddressChangeRow): Promise<void> => {
    const later = (await findLaterChanges(trx, change)).find(({ kind }) => kind !== change.kind)
    if (!later) return
    const owner = later.oldText === '' ? undefined : await findAddress(trx, later.oldKey)
    const isGone = owner !== undefined && owner.userId !== later.userId
    await restore(trx, isGone ? { ...later, oldText: '' } : later)
  }

  /**
   * Who changed it knew the password, or had a ticket: all passwords, linked identities and logins of the account end with every
   * address that came since, and its user sets a new password by a code. False: the link is over, or another account has the
   * old address by now.
   */
  return async function undo(secret: string): Promise<boolean> {
    const undoHash = Buffer.from(crypto.sha256(Buffer.from(secret.slice(0, 64))))
    const nowMs = clock.now()
    const write = db.transaction(async (trx) => {
      const change = await takeAddressChange(trx, { undoHash, since: nowMs - undoDays * dayMs, nowMs })
      if (!change) return undefined
      const { userId, kind } = change
      // Its new epoch comes first: a change that is under way is either among the later ones, or fails.
      await addressLogins.endPasswords(trx, userId)
      await identities.removeOf(trx, userId)
      await restore(trx, change)
      await restoreOther(trx, change)
      await cancelLaterChanges(trx, change, nowMs)
      const ended = await tickets.endAll(trx, userId, 'password-changed')
      await recordAudit(trx, { kind: 'address.restored', userId, detail: { address: kind } })
      const members = [kind, 'password', 'identities']
      await recordEvent(trx, { userId, kind: 'user.changed', detail: { members } })
      return ended
    })
    const ended = await write.catch((error) => {
      if (!db.isDuplicate(error)) throw error
    })
    await ended?.close()
    return ended !== undefined
  }
}
