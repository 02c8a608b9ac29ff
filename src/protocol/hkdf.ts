import { concatBytes, utf8 } from './bytes.ts'
import type { Primitives } from './primitives.ts'

/** HKDF-SHA256 (RFC 5869): extracts from the secret once, then expands for each label. */
export const createHkdf = ({ hmacSha256 }: Primitives, salt: Uint8Array, secret: Uint8Array) => {
  const pseudoRandomKey = hmacSha256(salt, secret)
  /** @param length bytes, at most 32: one round of HMAC. */
  return (label: string, length = 32): Uint8Array =>
    hmacSha256(pseudoRandomKey, concatBytes(utf8(label), Uint8Array.of(1))).subarray(0, length)
}
