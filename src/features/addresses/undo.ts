/** Takes a changed address back, by the link that its old address got. */
import type { Clock } from '../../adapters/clock.ts'
import type { ServerCrypto } from '../../adapters/crypto.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { AddressLogins } from '../accounts/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { Tickets } from '../tickets/api.ts'
import { undoDays } from './notify.ts'
import {
  cancelLaterChanges,
  deleteAddress,
  findAddressesOf,
  insertAddress,
  takeAddressChange,
} from './repo.ts'

export type UndoNeeds = {
  db: Db
  clock: Clock
  crypto: Pick<ServerCrypto, 'sha256'>
  addressLogins: AddressLogins
  tickets: Pick<Tickets, 'endAll'>
  recordAudit: RecordAudit
}

const dayMs = 24 * 3_600_000
const noPassword = { verifier: 'none', nextVerifier: null }

export const createUndo = ({ db, clock, crypto, addressLogins, tickets, recordAudit }: UndoNeeds) =>
  /**
   * Who changed it knew the password, or had a ticket: all passwords and logins of the account end, and its user sets a
   * new password by a code. False: the link is over, or another account has the old address by now.
   */
  async function undo(secret: string): Promise<boolean> {
    const undoHash = Buffer.from(crypto.sha256(Buffer.from(secret.slice(0, 64))))
    const nowMs = clock.now()
    const write = db.transaction(async (trx) => {
      const change = await takeAddressChange(trx, { undoHash, since: nowMs - undoDays * dayMs, nowMs })
      if (!change) return undefined
      const { userId, kind, oldKey, oldText, verifiedAt } = change
      await cancelLaterChanges(trx, change, nowMs)
      const current = (await findAddressesOf(trx, userId)).find((it) => it.kind === kind)
      if (current) {
        await deleteAddress(trx, current.loginKey)
        await addressLogins.remove(trx, current.loginKey)
      }
      if (oldText) {
        const row = { userId, kind, text: oldText, loginKey: oldKey, verifiedAt, createdAt: nowMs }
        await insertAddress(trx, row)
        await addressLogins.add(trx, userId, oldKey, noPassword)
      }
      await addressLogins.endPasswords(trx, userId)
      const ended = await tickets.endAll(trx, userId, 'password-changed')
      await recordAudit(trx, { kind: 'address.restored', userId, detail: { address: kind } })
      return ended
    })
    const ended = await write.catch((error) => {
      if (!db.isDuplicate(error)) throw error
    })
    await ended?.close()
    return ended !== undefined
  }
