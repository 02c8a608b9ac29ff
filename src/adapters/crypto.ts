import { createCipheriv, createDecipheriv, createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { Primitives } from '../protocol/primitives.ts'
import type { Random } from './random.ts'

/** The protocol's primitives by node:crypto. */
export const nodePrimitives: Primitives = {
  md5: (data) => hash('md5', data, 'buffer'),
  sha1: (data) => hash('sha1', data, 'buffer'),
  sha256: (data) => hash('sha256', data, 'buffer'),
  hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
}

/** What the server's rooms get: the primitives, and a comparison in constant time (lengths are not secret). */
export type ServerCrypto = Primitives & { isEqual(a: Uint8Array, b: Uint8Array): boolean }

export const nodeCrypto: ServerCrypto = {
  ...nodePrimitives,
  isEqual: (a, b) => a.length === b.length && timingSafeEqual(a, b),
}

/** Encrypts what is kept at rest: AES-256-GCM, bound to the place where it is kept. */
export type Sealer = {
  /** `place` names table, column and row (or the store's key); opening in another place fails. */
  seal(place: string, plaintext: Uint8Array): Buffer
  /** The plaintext, or throws: another place, another key, or altered. */
  open(place: string, sealed: Uint8Array): Buffer
}

const keyIdBytes = 8
const nonceBytes = 12
const tagBytes = 16

/**
 * Layout: key id 8 (padded with zero bytes) ‖ nonce 12 ‖ ciphertext ‖ tag 16.
 * @param keys by id; all open, `current` seals.
 */
export const createSealer = (
  keys: { current: string; keys: Record<string, Uint8Array> },
  random: Random,
): Sealer => {
  const find = (id: string) => {
    const key = keys.keys[id]
    if (!key) throw new Error(`The server key file has no at-rest key "${id}"`)
    return key
  }
  const currentId = Buffer.alloc(keyIdBytes)
  currentId.write(keys.current)
  const currentKey = find(keys.current)
  return {
    seal: (place, plaintext) => {
      const nonce = random.bytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', currentKey, nonce)
      cipher.setAAD(Buffer.from(place))
      return Buffer.concat([currentId, nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
    },
    open: (place, sealed) => {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length)
      const id = bytes.toString('latin1', 0, keyIdBytes).replace(/\0+$/, '')
      const body = bytes.subarray(keyIdBytes + nonceBytes, -tagBytes)
      const decipher = createDecipheriv(
        'aes-256-gcm',
        find(id),
        bytes.subarray(keyIdBytes, keyIdBytes + nonceBytes),
      )
      decipher.setAAD(Buffer.from(place))
      decipher.setAuthTag(bytes.subarray(-tagBytes))
      return Buffer.concat([decipher.update(body), decipher.final()])
    },
  }
}
