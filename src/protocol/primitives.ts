/**
 * The primitives that the protocol needs, passed in as a value: node:crypto in the server, the noble packages in the
 * SDK. Both pass the same vectors.
 */
export type Primitives = {
  md5(data: Uint8Array): Uint8Array
  /** For the lists of leaked passwords, which are kept so. */
  sha1(data: Uint8Array): Uint8Array
  sha256(data: Uint8Array): Uint8Array
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array
}

/** One AEAD under keys of 32 bytes and nonces of 12; its output is ciphertext ‖ tag of 16. */
export type Aead = {
  seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** Returns undefined for a text that was altered, or sealed under another key, nonce or AAD. */
  open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
}

/** The further primitives of the key exchange and the sealed envelope. */
export type KeyPrimitives = Primitives & {
  /** Big-endian 128-bit counter. @param key 32 bytes. @param iv 16 bytes. */
  aesCtr(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array
  /** RFC 8439, counter from 0. @param key 32 bytes. @param nonce 12 bytes. */
  chacha20(key: Uint8Array, nonce: Uint8Array, data: Uint8Array): Uint8Array
  /** One block of 16 bytes under a key of 16. */
  twofishBlock(key: Uint8Array, block: Uint8Array): Uint8Array
  aesGcm: Aead
  chacha20Poly1305: Aead
  /** An ephemeral P-256 key: `point` is public, 65 bytes, not compressed. */
  createExchangeKey(): ExchangeKey
}

export type ExchangeKey = {
  point: Uint8Array
  /** Returns the X coordinate of the shared point, 32 bytes; undefined if the other point is not on the curve. */
  deriveX(other: Uint8Array): Uint8Array | undefined
}
