/** The public keys of the server that a client holds: an exchange that none of them has signed is refused. */
import { fromBase64 } from '../protocol/bytes.ts'
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
/** The server accepts no more ids. */
const maxKeys = 4

/** @param serverKeys Ed25519 public keys, base64 of 32 bytes. Throws TypeError. */
export const readPinnedKeys = (serverKeys: readonly string[] | undefined): PinnedKeys => {
  const keys = new Map<string, Uint8Array>()
  for (const text of serverKeys ?? []) {
    const key = fromBase64(text)
    if (key?.length !== keyBytes) throw new TypeError('serverKeys: each is 32 bytes in base64')
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
