import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  webcrypto,
} from 'node:crypto'
import { encrypt as encryptTwofish, makeSession } from 'twofish-ts'
import type { Aead, KeyPrimitives } from '../protocol/primitives.ts'
import { nodePrimitives } from './crypto.ts'

const tagBytes = 16

const aeadOf = (algorithm: 'aes-256-gcm' | 'chacha20-poly1305'): Aead => ({
  seal: (key, nonce, aad, plaintext) => {
    const cipher = createCipheriv(algorithm as 'aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    cipher.setAAD(aad)
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  },
  open: (key, nonce, aad, sealed) => {
    if (sealed.length < tagBytes) return undefined
    const decipher = createDecipheriv(algorithm as 'aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    decipher.setAAD(aad)
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    const plaintext = decipher.update(sealed.subarray(0, -tagBytes))
    try {
      decipher.final()
      return plaintext
    } catch {
      return undefined
    }
  },
})

// RFC 8439 section 2.4: Node's IV is the block counter (4 bytes, little-endian) and the nonce.
const counter = Buffer.alloc(4)

/** The primitives of key exchange and sealed envelope by node:crypto. */
export const nodeKeyPrimitives: KeyPrimitives = {
  ...nodePrimitives,
  aesCtr: (key, iv, data) => createCipheriv('aes-256-ctr', key, iv).update(data),
  chacha20: (key, nonce, data) =>
    createCipheriv('chacha20', key, Buffer.concat([counter, nonce])).update(data),
  twofishBlock: (key, block) => {
    const output = new Uint8Array(block.length)
    encryptTwofish(block, 0, output, 0, makeSession(key))
    return output
  },
  aesGcm: aeadOf('aes-256-gcm'),
  chacha20Poly1305: aeadOf('chacha20-poly1305'),
  createExchangeKey: () => {
    const own = createECDH('prime256v1')
    return {
      point: own.generateKeys(),
      deriveX: (other) => {
        try {
          return own.computeSecret(other)
        } catch {
          return undefined
        }
      },
    }
  },
}

// RFC 8410 section 7: a PKCS #8 file around the seed.
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
const rawKeyBytes = 32

/** @param seed 32 bytes. */
export const openEd25519 = (seed: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([ed25519Prefix, seed]), format: 'der', type: 'pkcs8' })

/** The 32 bytes of its public half. */
export const publicEd25519 = (key: KeyObject): Buffer =>
  createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-rawKeyBytes)

/** An Ed25519 key of the server: signs, and shows its public half (32 bytes). @param seed 32 bytes. */
export const openIdentityKey = (seed: Uint8Array) => {
  const key = openEd25519(seed)
  return { publicKey: publicEd25519(key), sign: (text: Uint8Array): Buffer => sign(null, text, key) }
}

/** An RSA key of the server (PKCS #8): shows its SPKI, and opens what was wrapped for it. */
const rsaOaep = { name: 'RSA-OAEP', hash: 'SHA-256' } as const

export const openUnwrapKey = (pkcs8: Uint8Array) => {
  const key: KeyObject = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
  const wrappedBytes = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8
  const imported = webcrypto.subtle.importKey('pkcs8', pkcs8, rsaOaep, false, ['decrypt'])
  // Reported by the first use.
  imported.catch(() => {})
  return {
    spki: createPublicKey(key).export({ format: 'der', type: 'spki' }),
    /**
     * RSA-OAEP with SHA-256 and no label, in a thread: a decryption takes 4 ms. Undefined for what was not wrapped so;
     * another length is refused without trying.
     */
    unwrap: async (wrapped: Uint8Array): Promise<Uint8Array | undefined> => {
      if (wrapped.length !== wrappedBytes) return undefined
      try {
        return new Uint8Array(await webcrypto.subtle.decrypt(rsaOaep, await imported, wrapped))
      } catch {
        return undefined
      }
    },
  }
}

export type IdentityKey = ReturnType<typeof openIdentityKey>
export type UnwrapKey = ReturnType<typeof openUnwrapKey>
