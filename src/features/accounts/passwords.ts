/** From what a caller sent to the client hash that is verified, and the salts that belong to logins. */
import type { ServerCrypto } from '../../adapters/crypto.ts'
import { Failure } from '../../protocol/errors.ts'
import { isClientHash, loginSalt, passwordText } from '../../protocol/password-kdf.ts'
import { isPasswordLong } from '../../protocol/password-quality.ts'

export type PasswordsNeeds = {
  crypto: ServerCrypto
  saltKey: Uint8Array
  config: { cost: number; nextCost: number; clientSalt: string }
  /** bcrypt off the event loop, bounded: throws OVERLOADED. */
  hashPassword(text: string, salt: string, cost: number): Promise<string>
}

export type PasswordInput = {
  clientHash?: string | undefined
  nextClientHash?: string | undefined
  password?: string | undefined
}

export type Hashes = {
  hash: string
  nextHash?: string | undefined
  /** The hash of the password without normalising it, where that makes a difference: old clients hashed it so. */
  asTyped?: () => Promise<string>
}

export const createPasswords = ({ crypto, saltKey, config, hashPassword }: PasswordsNeeds) => {
  /** From the key of a login, or from `salt:` and the salt itself. */
  const saltFrom = (source: Buffer): string => {
    if (config.clientSalt) return config.clientSalt
    const text = source.toString()
    const [kind, rest] = [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)]
    return kind === 'salt' ? rest : loginSalt(crypto, saltKey, kind, rest)
  }

  return {
    form: config.clientSalt ? ('scrypt' as const) : ('hmac' as const),
    /** For all logins: a hash for one login is a hash for every login of the account. */
    hasOneSalt: config.clientSalt !== '',
    cost: config.cost,
    nextCost: config.nextCost,
    saltFrom,
    /** Throws PARAMETER_MISSING unless there is exactly one of hash and password. */
    hashesOf: async (input: PasswordInput, salt: () => Promise<string> | string): Promise<Hashes> => {
      const { clientHash, nextClientHash, password } = input
      if (clientHash !== undefined && password !== undefined) {
        throw new Failure('PARAMETER_INVALID', { info: 'clientHash or password, not both' })
      }
      if (clientHash !== undefined) {
        if (!isClientHash(clientHash)) throw new Failure('PARAMETER_INVALID', { info: 'clientHash' })
        return { hash: clientHash, nextHash: config.nextCost ? nextClientHash : undefined }
      }
      if (password === undefined) throw new Failure('PARAMETER_MISSING', { info: 'clientHash or password' })
      if (!isPasswordLong(password)) throw new Failure('PASSWORD_LENGTH')
      const ownSalt = await salt()
      const hashText = (text: string) => hashPassword(passwordText(crypto, text), ownSalt, config.cost)
      const normal = password.normalize('NFC')
      const hash = await hashText(normal)
      return normal === password ? { hash } : { hash, asTyped: () => hashText(password) }
    },
  }
}

export type Passwords = ReturnType<typeof createPasswords>
