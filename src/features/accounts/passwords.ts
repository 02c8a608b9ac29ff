/** From what a caller sent to the client hash that is verified, and the salts that belong to logins. */
import type { ServerCrypto } from '../../adapters/crypto.ts'
import { Failure } from '../../protocol/errors.ts'
import { isClientHash, loginSalt, passwordText } from '../../protocol/password-kdf.ts'
import { isPasswordLong } from '../../protocol/password-quality.ts'
import type { Costs } from '../settings/api.ts'
import { type Candidate, type Hashes, type HashPassword, labelHashes, type SentHashes } from './hashes.ts'

export type PasswordsNeeds = {
  crypto: ServerCrypto
  saltKey: Uint8Array
  clientSalt: string
  costs(): Costs
  /** bcrypt off the event loop, bounded: throws OVERLOADED. */
  hashPassword: HashPassword
}

export type PasswordInput = Partial<SentHashes> & { password?: string | undefined }

export const createPasswords = (needs: PasswordsNeeds) => {
  const { crypto, saltKey, clientSalt, costs, hashPassword } = needs

  /** From the key of a login, or from `salt:` and the salt itself. */
  const saltFrom = (source: Buffer): string => {
    if (clientSalt) return clientSalt
    const text = source.toString()
    const [kind, rest] = [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)]
    return kind === 'salt' ? rest : loginSalt(crypto, saltKey, kind, rest)
  }

  /** The password is tried in NFC and as it was typed, as older clients hashed it; then both at the cost of before. */
  const hashPlain = async (password: string, salt: string): Promise<Hashes> => {
    const { cost, previousCost } = costs()
    const normal = password.normalize('NFC')
    const ways = [cost, ...(previousCost > 0 ? [previousCost] : [])].flatMap((at) =>
      [normal, ...(normal === password ? [] : [password])].map((text) => async (): Promise<Candidate> => {
        const hashAt = (wanted: number, hash = hashPassword) => hash(passwordText(crypto, text), salt, wanted)
        return { byCost: new Map([[at, await hashAt(at)]]), hashAt }
      }),
    )
    const [first = async () => ({ byCost: new Map() }), ...others] = ways
    return { first: await first(), others }
  }

  return {
    form: clientSalt ? ('scrypt' as const) : ('hmac' as const),
    /** For all logins: a hash for one login is a hash for every login of the account. */
    hasOneSalt: clientSalt !== '',
    costs,
    /** For a reply: the same for every login, so that it tells nothing of an account. */
    describeCosts: () => {
      const { cost, nextCost, previousCost } = costs()
      return {
        cost,
        ...(nextCost > 0 && { next: { cost: nextCost } }),
        ...(previousCost > 0 && { previous: { cost: previousCost } }),
      }
    },
    saltFrom,
    /**
     * Throws PARAMETER_MISSING unless there is exactly one of hash and password. `beside`: the hashes of the same call for
     * another login.
     */
    hashesOf: async (
      input: PasswordInput,
      salt: () => Promise<string> | string,
      beside: PasswordInput = input,
    ): Promise<Hashes> => {
      const { clientHash, password, ...others } = input
      if (clientHash !== undefined && password !== undefined) {
        throw new Failure('PARAMETER_INVALID', { info: 'clientHash or password, not both' })
      }
      if (clientHash !== undefined) {
        if (!isClientHash(clientHash)) throw new Failure('PARAMETER_INVALID', { info: 'clientHash' })
        return { first: { byCost: labelHashes({ clientHash, ...others }, costs(), beside) }, others: [] }
      }
      if (password === undefined) throw new Failure('PARAMETER_MISSING', { info: 'clientHash or password' })
      if (!isPasswordLong(password)) throw new Failure('PASSWORD_LENGTH')
      return hashPlain(password, await salt())
    },
  }
}

export type Passwords = ReturnType<typeof createPasswords>
