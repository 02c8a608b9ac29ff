/** A new password for every login of an account: each has a salt, so each needs a hash. */
import { Failure } from '../../../protocol/errors.ts'
import type { PasswordQuality } from '../../passwords/api.ts'
import { createFindFit } from '../find-fit.ts'
import type { Hashes } from '../hashes.ts'
import { createMakeVerifiers, type MadeVerifiers } from '../make-verifiers.ts'
import type { Passwords } from '../passwords.ts'
import type { LoginVerifier } from '../repo.ts'
import { noVerifier, type Verifiers } from '../verifier.ts'
import type { Credentials } from './repo.ts'

export type NewPasswordNeeds = { passwords: Passwords; verifiers: Verifiers; quality: PasswordQuality }

/** What a caller sends for a new password: the hashes of all salts, or the password itself. */
export type NewPasswordInput = {
  newPassword?: string | undefined
  hashes?: readonly { salt: string; clientHash: string; nextClientHash?: string | undefined }[] | undefined
}

export const hasNewPassword = ({ newPassword, hashes }: NewPasswordInput): boolean =>
  newPassword !== undefined || hashes !== undefined

const kindOf = (loginKey: Buffer) => loginKey.toString().split(':', 1)[0] ?? ''
const textOf = (loginKey: Buffer) => loginKey.toString().slice(kindOf(loginKey).length + 1)

export const createNewPassword = ({ passwords, verifiers, quality }: NewPasswordNeeds) => {
  const makeVerifiers = createMakeVerifiers({ passwords, verifiers })
  const findFit = createFindFit({ passwords, verifiers })
  const saltOf = ({ saltFrom, loginKey }: LoginVerifier) => passwords.saltFrom(saltFrom ?? loginKey)

  /** The salts that a client needs to hash for all logins. */
  const describe = ({ logins }: Credentials) => ({
    ...passwords.describeCosts(),
    logins: logins.map((login) => ({
      kind: kindOf(login.loginKey),
      salt: saltOf(login),
      isSet: login.verifier !== noVerifier,
    })),
  })

  /** The names and addresses of an account, which its password must not be made of. */
  const contextOf = ({ account, logins }: Credentials) => [
    account.userName,
    account.nickName,
    ...logins.map(({ loginKey }) => textOf(loginKey)),
  ]

  const hashAll = async (salts: readonly string[], password: string, context: readonly string[]) => {
    await quality.check(password, context)
    const hashes = new Map<string, Hashes>()
    for (const salt of salts) hashes.set(salt, await passwords.hashesOf({ password }, () => salt))
    return hashes
  }

  const readHashes = async (sent: NonNullable<NewPasswordInput['hashes']>) => {
    const hashes = new Map<string, Hashes>()
    for (const { salt, ...hash } of sent) hashes.set(salt, await passwords.hashesOf(hash, () => salt))
    return hashes
  }

  const hashesOf = ({ newPassword, hashes }: NewPasswordInput, credentials: Credentials) => {
    if ((newPassword === undefined) === (hashes === undefined)) {
      const name = hashes === undefined ? 'PARAMETER_MISSING' : 'PARAMETER_INVALID'
      throw new Failure(name, { info: 'newPassword or hashes', members: describe(credentials) })
    }
    const salts = [...new Set(credentials.logins.map(saltOf))]
    return hashes ? readHashes(hashes) : hashAll(salts, newPassword ?? '', contextOf(credentials))
  }

  /** One verifier a salt: logins that share a salt share it. */
  const makeEach = async (hashes: ReadonlyMap<string, Hashes>, salts: ReadonlySet<string>) => {
    const made = new Map<string, MadeVerifiers>()
    for (const [salt, each] of hashes) if (salts.has(salt)) made.set(salt, await makeVerifiers(each))
    return made
  }

  const isOld = async (hashes: ReadonlyMap<string, Hashes>, { logins }: Credentials) => {
    for (const login of logins) {
      const found = hashes.get(saltOf(login))
      if (found && (await findFit({ first: found.first, others: [] }, login))) return true
    }
    return false
  }

  return {
    describe,
    saltOf,
    /**
     * The verifiers of all logins. Throws PARAMETER_MISSING with the salts where a hash is missing, PARAMETER_INVALID for
     * the password of before, and what is wrong with the quality of a plain one.
     */
    create: async (input: NewPasswordInput, credentials: Credentials): Promise<LoginVerifier[]> => {
      const hashes = await hashesOf(input, credentials)
      const missing = credentials.logins.some((login) => !hashes.has(saltOf(login)))
      if (missing) {
        const info = 'hashes: one for each salt in logins'
        throw new Failure('PARAMETER_MISSING', { info, members: describe(credentials) })
      }
      if (await isOld(hashes, credentials)) {
        throw new Failure('PARAMETER_INVALID', { info: 'The new password is the old one.' })
      }
      const made = await makeEach(hashes, new Set(credentials.logins.map(saltOf)))
      return credentials.logins.map((login) => ({ ...login, ...made.get(saltOf(login)) }))
    },
  }
}

export type NewPassword = ReturnType<typeof createNewPassword>
