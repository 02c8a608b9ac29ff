/**
 * The password scheme in which the client does the slow hashing: `clientHash` is the last 31 characters of
 * `BCrypt(MD5hex(password), salt, cost)`. The salt belongs to the login name and exists before the account does.
 */
import { encodeBase64 } from 'bcryptjs'
import { concatBytes, toHex, utf8 } from './bytes.ts'
import type { Primitives } from './primitives.ts'

/** `kdf` in the reply of `/v1/prelogin`: the scheme of every client. */
export const kdfName = 'md5-bcrypt'
/** The same over the password in NFC: answered to clients that say that they know it. */
export const normalKdfName = 'nfc-md5-bcrypt'
export const passwordBytes = { min: 1, max: 1_024 } as const

export const isClientHash = (text: string) => /^[./A-Za-z0-9]{31}$/.test(text)
/** 22 characters of bcrypt's alphabet; the last holds two bits (Python's bcrypt refuses other endings). */
export const isBcryptSalt = (text: string) => /^[./A-Za-z0-9]{21}[.Oeu]$/.test(text)

const saltLetters = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
export const randomSaltBytes = 22
/** A salt from that many random bytes: one character of each. */
export const randomSalt = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte, at) => (at < 21 ? saltLetters[byte & 63] : '.Oeu'[byte & 3])).join('')

/** 16 bytes of `HMAC-SHA256(saltKey, kind ‖ 0 ‖ canonical login)` in bcrypt's alphabet: 22 characters. */
export const loginSalt = (primitives: Primitives, saltKey: Uint8Array, kind: string, login: string): string =>
  encodeBase64(
    primitives.hmacSha256(saltKey, concatBytes(utf8(kind), Uint8Array.of(0), utf8(login))).subarray(0, 16),
    16,
  )

/** The input of bcrypt: hex, so that neither NUL bytes nor bcrypt's limit of 72 bytes cut the password. */
export const passwordText = (primitives: Primitives, password: string): string =>
  toHex(primitives.md5(utf8(password)))
