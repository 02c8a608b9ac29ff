/** From a password to what is sent for it. The password itself never leaves the client. */
import { utf8 } from '../protocol/bytes.ts'
import { isBcryptSalt, kdfName, passwordBytes, passwordText } from '../protocol/password-kdf.ts'
import { ClientFailure } from './failure.ts'
import type { Kdf } from './kdf.ts'
import { type LoginInput, paths, type ReplyOf } from './operations.ts'
import { noblePrimitives } from './primitives.ts'
import type { Send } from './reply.ts'

export type PasswordHashes = { salt: string; clientHash: string; nextClientHash?: string }

/** bcrypt's own bounds; 15 is some three seconds on a fast machine. */
const isCost = (cost: unknown): cost is number =>
  typeof cost === 'number' && Number.isInteger(cost) && cost >= 4 && cost <= 15

/** Asks for the salt of a login and hashes a password for it, at the next cost too when the server names one. */
export const createHashPassword =
  ({ send, kdf }: { send: Send; kdf: Kdf }) =>
  async (login: LoginInput['login'], password: string): Promise<PasswordHashes> => {
    const { length } = utf8(password)
    if (length < passwordBytes.min || length > passwordBytes.max) throw new ClientFailure('PASSWORD_LENGTH')
    const reply = (await send(paths.prelogin, { login })) as ReplyOf<typeof paths.prelogin>
    const { salt, cost, next } = reply
    const isKnown = reply.kdf === kdfName && isBcryptSalt(String(salt)) && isCost(cost)
    if (!isKnown || (next && !isCost(next.cost))) throw new ClientFailure('KDF_UNKNOWN')
    const text = passwordText(noblePrimitives, password)
    const clientHash = await kdf({ text, salt, cost })
    return {
      salt,
      clientHash,
      ...(next && { nextClientHash: await kdf({ text, salt, cost: next.cost }) }),
    }
  }
