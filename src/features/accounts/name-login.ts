/**
 * A user name takes the place of another as a login. The salt of a client hash comes from the name, so the new name needs a
 * hash of its own, as an address does that becomes a login; the verifier of the old name fits no other.
 */
import type { Executor } from '../../adapters/db/index.ts'
import type { TicketCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { AddressLogins, AddressPassword, AddressVerifier } from './by-address/logins.ts'
import type { OldPassword } from './credentials/check-old.ts'
import type { CredentialsService } from './credentials/service.ts'
import type { Passwords } from './passwords.ts'
import { noVerifier } from './verifier.ts'

export type NameLoginNeeds = {
  passwords: Pick<Passwords, 'hasOneSalt'>
  credentials: Pick<CredentialsService, 'find' | 'checkOld'>
  addressLogins: Pick<AddressLogins, 'createVerifier' | 'lock' | 'add' | 'remove'>
}

export type NameInput = AddressPassword & { oldHash?: OldPassword | undefined }
export type PreparedName = { epoch: number; oldKey: Buffer; newKey: Buffer; verifier: AddressVerifier }

export const createNameLogin = ({ passwords, credentials, addressLogins }: NameLoginNeeds) => ({
  /** Before the transaction: throws OLD_PASSWORD_WRONG, and PARAMETER_MISSING where the account has a password. */
  prepare: async (input: NameInput, newKey: Buffer, caller: TicketCaller): Promise<PreparedName> => {
    const found = await credentials.find(caller.ticket.userId)
    const old = found?.logins.find(({ loginKey }) => loginKey.toString().startsWith('name:'))
    if (!found || !old) throw new Failure('NOT_LOGGED_IN')
    const { password, oldHash, clientHash } = input
    const shown = password === undefined ? oldHash : { password }
    if (shown) await credentials.checkOld(found, shown, caller)
    const prepared = { epoch: found.account.epoch, oldKey: old.loginKey, newKey }
    // Another spelling of the same name, or one salt for all names: the verifier of now fits.
    if (old.loginKey.equals(newKey) || passwords.hasOneSalt) return { ...prepared, verifier: old }
    if (password === undefined && clientHash === undefined && old.verifier !== noVerifier) {
      throw new Failure('PARAMETER_MISSING', { info: 'password' })
    }
    return { ...prepared, verifier: await addressLogins.createVerifier(input, newKey) }
  },

  /** Changes of the account wait until the transaction ends. Throws where its password was changed since, or it is not active. */
  lock: async (trx: Executor, userId: number, { epoch }: PreparedName): Promise<void> => {
    if (!(await addressLogins.lock(trx, userId, epoch))) throw new Failure('NOT_LOGGED_IN')
  },

  /** Fails as a duplicate where another account has the name. */
  move: async (trx: Executor, userId: number, { oldKey, newKey, verifier }: PreparedName): Promise<void> => {
    if (oldKey.equals(newKey)) return
    await addressLogins.remove(trx, oldKey)
    const { verifier: own, nextVerifier } = verifier
    await addressLogins.add(trx, userId, newKey, { verifier: own, nextVerifier })
  },
})

export type NameLogin = ReturnType<typeof createNameLogin>
