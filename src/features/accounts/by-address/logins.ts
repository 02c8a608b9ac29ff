/** What a changed address means for the logins of its account. All of it is part of the transaction of the change. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Executor } from '../../../adapters/db/index.ts'
import { Failure } from '../../../protocol/errors.ts'
import { replaceVerifiers } from '../credentials/repo.ts'
import type { NewVerifiersService } from '../new-verifiers.ts'
import { insertVerifiers, type LoginVerifier, raiseEpoch } from '../repo.ts'
import type { RegisterInput } from '../wire.ts'
import { deleteVerifier, hasWayBeside, type Leaving, lockAccount } from './repo.ts'

export type AddressPassword = Pick<RegisterInput, 'password' | 'clientHash' | 'nextClientHash' | 'salt'>
export type AddressVerifier = Pick<LoginVerifier, 'verifier' | 'nextVerifier'>

export const createAddressLogins = ({
  clock,
  verifiers,
  providers,
}: {
  clock: Clock
  verifiers: Pick<NewVerifiersService, 'createOwn' | 'createNone'>
  /** Names of those whose identities open an account. */
  providers: readonly string[]
}) => ({
  /** Of an address that is to become a login; without a password a code alone opens it. */
  createVerifier: async (input: AddressPassword, addressKey: Buffer): Promise<AddressVerifier> => {
    const hasPassword = input.password !== undefined || input.clientHash !== undefined
    const own = hasPassword
      ? await verifiers.createOwn(input, addressKey)
      : verifiers.createNone(addressKey).own
    return { verifier: own.verifier, nextVerifier: own.nextVerifier }
  },
  /** Changes of one account come one after another. False: it is not active, or no longer in this epoch. */
  lock: (trx: Executor, userId: number, epoch: number): Promise<boolean> =>
    lockAccount(trx, { userId, epoch, nowMs: clock.now() }),
  add: (trx: Executor, userId: number, loginKey: Buffer, verifier: AddressVerifier): Promise<void> =>
    insertVerifiers(trx, [{ loginKey, saltFrom: null, ...verifier }], { userId, nowMs: clock.now() }),
  remove: deleteVerifier,
  /** Throws LAST_LOGIN where nothing would open the account any more. */
  checkLast: async (trx: Executor, userId: number, leaving: Leaving): Promise<void> => {
    if (!(await hasWayBeside(trx, userId, leaving, providers))) throw new Failure('LAST_LOGIN')
  },
  /** No password opens the account any more, and everything that was issued to it ends with its epoch. */
  endPasswords: async (trx: Executor, userId: number): Promise<void> => {
    await raiseEpoch(trx, userId, clock.now())
    await replaceVerifiers(trx, userId, [], clock.now())
  },
})

export type AddressLogins = ReturnType<typeof createAddressLogins>
