/** The verifiers of a new account: one of the login that it is registered with, and one of its number. */
import type { Random } from '../../adapters/random.ts'
import { Failure } from '../../protocol/errors.ts'
import { randomSalt, randomSaltBytes } from '../../protocol/password-kdf.ts'
import { createMakeVerifiers } from './make-verifiers.ts'
import type { Passwords } from './passwords.ts'
import type { LoginVerifier } from './repo.ts'
import { noVerifier, type Verifiers } from './verifier.ts'
import type { RegisterInput } from './wire.ts'

export type NewVerifiersNeeds = { passwords: Passwords; verifiers: Verifiers; random: Random }
export type Secrets = Pick<LoginVerifier, 'saltFrom' | 'verifier' | 'nextVerifier'>
const noSecrets: Secrets = { saltFrom: null, verifier: noVerifier, nextVerifier: null }

export type NewVerifiers = { own: LoginVerifier; number: Secrets }

export const createNewVerifiers = ({ passwords, verifiers, random }: NewVerifiersNeeds) => {
  const makeVerifiers = createMakeVerifiers({ passwords, verifiers })

  /** A hash for the number, under a salt that is in no relation to the login that was registered. */
  const hashesOfNumber = async (input: RegisterInput) => {
    const { number, password } = input
    if (password === undefined && number === undefined) return undefined
    const salt = number && password === undefined ? number.salt : randomSalt(random.bytes(randomSaltBytes))
    const own = password === undefined ? { ...number } : { password }
    return { salt, hashes: await passwords.hashesOf(own, () => salt, input) }
  }

  const createOfNumber = async (input: RegisterInput, own: LoginVerifier): Promise<Secrets> => {
    const made = passwords.hasOneSalt ? undefined : await hashesOfNumber(input)
    // A client that sends no hash for the number logs in by number under the salt of this login, as it always did.
    if (!made) return { ...own, saltFrom: own.loginKey }
    return { saltFrom: Buffer.from(`salt:${made.salt}`), ...(await makeVerifiers(made.hashes)) }
  }

  /** Of one login, by what was sent for it. */
  const createOwn = async (
    input: Pick<RegisterInput, 'clientHash' | 'nextClientHash' | 'password' | 'salt'>,
    loginKey: Buffer,
  ): Promise<LoginVerifier> => {
    const salt = passwords.saltFrom(loginKey)
    const { clientHash, salt: sent } = input
    if (clientHash !== undefined && sent !== salt) {
      throw new Failure(sent === undefined ? 'PARAMETER_MISSING' : 'PARAMETER_INVALID', { info: 'salt' })
    }
    const hashes = await passwords.hashesOf(input, () => salt)
    return { loginKey, saltFrom: null, ...(await makeVerifiers(hashes)) }
  }

  /** Of the login that is registered, and of the number of its account. */
  const createOf = async (input: RegisterInput, loginKey: Buffer): Promise<NewVerifiers> => {
    const own = await createOwn(input, loginKey)
    return { own, number: await createOfNumber(input, own) }
  }

  /** Of the user name beside an address: a client hash fits only the login that it was made for. */
  const createFurther = async (
    { password, clientHash, name }: Pick<RegisterInput, 'password' | 'clientHash' | 'name'>,
    own: LoginVerifier,
    loginKey: Buffer,
  ): Promise<LoginVerifier> => {
    if (passwords.hasOneSalt) return { ...own, loginKey, saltFrom: null }
    const salt = passwords.saltFrom(loginKey)
    const ofName = clientHash === undefined ? undefined : name
    if (password === undefined && !ofName) return { loginKey, ...noSecrets }
    if (ofName && ofName.salt !== salt) throw new Failure('PARAMETER_INVALID', { info: 'name.salt' })
    const hashes = await passwords.hashesOf(ofName ?? { password }, () => salt)
    return { loginKey, saltFrom: null, ...(await makeVerifiers(hashes)) }
  }

  return {
    createOwn,
    createOf,
    createFurther,
    /** Of an account without a password. */
    createNone: (loginKey: Buffer): NewVerifiers => ({ own: { loginKey, ...noSecrets }, number: noSecrets }),
  }
}

export type NewVerifiersService = ReturnType<typeof createNewVerifiers>
