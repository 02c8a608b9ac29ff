/** The public keys of the server that a client holds: an exchange that none of them has signed is refused. */
import { fromBase64, toHex } from '../protocol/bytes.ts'
import { serverKeyIdOf } from '../protocol/key-exchange.ts'
import { loadKeyPrimitives, noblePrimitives } from './primitives.ts'

export type PinnedKeys = {
  /** As stage 1 names them; empty when nothing is pinned. */
  ids: readonly string[]
  /** Whether a key of this exchange may be used: a pinned key signed it, or nothing is pinned. */
  accepts(signer: string | undefined): boolean
  /** Whether one of the pinned keys made this signature. */
  verify(keyId: string, text: Uint8Array, signature: Uint8Array): Promise<boolean>
}

const keyBytes = 32
/** The order of the field, 2^255 − 19. */
const fieldOrder = 2n ** 255n - 19n
/**
 * The y coordinates of the points of small order. For such a key a signature can be forged that verifies for every
 * message.
 */
const smallOrderYs: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
  fieldOrder - 1n,
])

/** A canonical encoding (RFC 8032 section 5.1.3) of a point that is not of small order. */
const isSoundKey = (key: Uint8Array): boolean => {
  // Little-endian; the highest bit is the sign of x.
  const y = BigInt(`0x${toHex(key.slice().reverse())}`) & (2n ** 255n - 1n)
  return y < fieldOrder && !smallOrderYs.has(y)
}

/** The server accepts no more ids. */
const maxKeys = 4

/** @param serverKeys Ed25519 public keys, base64 of 32 bytes. Throws TypeError. */
export const readPinnedKeys = (serverKeys: readonly string[] | undefined): PinnedKeys => {
  const keys = new Map<string, Uint8Array>()
  for (const text of serverKeys ?? []) {
    const key = fromBase64(text)
    if (key?.length !== keyBytes) throw new TypeError('serverKeys: each is 32 bytes in base64')
    if (!isSoundKey(key)) throw new TypeError(`serverKeys: ${text} is no sound Ed25519 public key`)
    keys.set(serverKeyIdOf(noblePrimitives, key), key)
  }
  // An empty list would pin nothing and look as if it did.
  if (serverKeys && (keys.size < 1 || keys.size > maxKeys)) throw new TypeError('serverKeys: 1 to 4 keys')
  return {
    ids: [...keys.keys()],
    accepts: (signer) => serverKeys === undefined || (signer !== undefined && keys.has(signer)),
    verify: async (keyId, text, signature) => {
      const key = keys.get(keyId)
      return key !== undefined && (await loadKeyPrimitives()).verifyEd25519(key, text, signature)
    },
  }
}
