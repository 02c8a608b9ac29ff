import { ctr, gcm } from '@noble/ciphers/aes.js'
import { chacha20, chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import type { Aead, KeyPrimitives } from '../protocol/primitives.ts'
import { noblePrimitives } from './primitives.ts'

const aeadOf = (create: typeof gcm | typeof chacha20poly1305): Aead => ({
  seal: (key, nonce, aad, plaintext) => create(key, nonce, aad).encrypt(plaintext),
  open: (key, nonce, aad, sealed) => {
    try {
      return create(key, nonce, aad).decrypt(sealed)
    } catch {
      return undefined
    }
  },
})

/** The primitives of key exchange and sealed envelope in plain JavaScript. Twofish is loaded where it is asked for. */
export const nobleKeyPrimitives: KeyPrimitives = {
  ...noblePrimitives,
  aesCtr: (key, iv, data) => ctr(key, iv).encrypt(data),
  chacha20: (key, nonce, data) => chacha20(key, nonce, data),
  twofishBlock: () => {
    throw new TypeError('twofish128 has to be loaded first')
  },
  aesGcm: aeadOf(gcm),
  chacha20Poly1305: aeadOf(chacha20poly1305),
  createExchangeKey: () => {
    const { secretKey } = p256.keygen()
    return {
      point: p256.getPublicKey(secretKey, false),
      deriveX: (other) => {
        try {
          return p256.getSharedSecret(secretKey, other).slice(1, 33)
        } catch {
          return undefined
        }
      },
    }
  },
}

/** The same with Twofish, which only the weak suite of version 1 needs. */
export const loadTwofish = async (): Promise<KeyPrimitives> => {
  const { encrypt, makeSession } = await import('twofish-ts')
  return {
    ...nobleKeyPrimitives,
    twofishBlock: (key, block) => {
      const output = new Uint8Array(block.length)
      encrypt(block, 0, output, 0, makeSession(key))
      return output
    },
  }
}

/** RFC 8032, strict: no encoding that is not canonical, no key of small order. @param publicKey 32 bytes. */
export const verifyEd25519 = (publicKey: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean => {
  try {
    return ed25519.verify(signature, text, publicKey, { zip215: false })
  } catch {
    return false
  }
}
