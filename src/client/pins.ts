/** The server keys that a client holds: who signs a key exchange with another one is somebody else. */
import { fromBase64 } from '../protocol/bytes.ts'
import { serverKeyIdOf } from '../protocol/key-exchange.ts'
import { loadKeyPrimitives } from './load-key-primitives.ts'
import { noblePrimitives } from './primitives.ts'

export type Pins = {
  /** As stage 1 names them; empty when nothing is pinned. */
  ids: readonly string[]
  /** Whether a key of this exchange may be used: signed by a pinned key, or nothing is pinned. */
  accepts(signer: string | undefined): boolean
  /** Whether one of the pinned keys made this signature. */
  verify(keyId: string, text: Uint8Array, signature: Uint8Array): Promise<boolean>
}

const keyBytes = 32
/** The server takes no more ids. */
const mostPins = 4

/** @param serverKeys Ed25519 public keys, base64 of 32 bytes. Throws TypeError. */
export const readPins = (serverKeys: readonly string[] | undefined): Pins => {
  const keys = new Map<string, Uint8Array>()
  for (const text of serverKeys ?? []) {
    const key = fromBase64(text)
    if (key?.length !== keyBytes) throw new TypeError('serverKeys: each is 32 bytes in base64')
    keys.set(serverKeyIdOf(noblePrimitives, key), key)
  }
  // An empty list would pin nothing and look as if it did.
  if (serverKeys && (keys.size < 1 || keys.size > mostPins)) throw new TypeError('serverKeys: 1 to 4 keys')
  return {
    ids: [...keys.keys()],
    accepts: (signer) => serverKeys === undefined || (signer !== undefined && keys.has(signer)),
    verify: async (keyId, text, signature) => {
      const key = keys.get(keyId)
      return key !== undefined && (await loadKeyPrimitives()).verifyEd25519(key, text, signature)
    },
  }
}
