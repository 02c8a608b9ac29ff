/**
 * The sealed envelope: `v=2`, `t` (fingerprint), `j` = base64url(header ‖ nonce ‖ ciphertext ‖ tag). Header and place
 * are authenticated with the text. A reply is bound to the request that it answers.
 *
 * Header, 30 bytes, numbers big-endian:
 *  0 'T' 'S'   2 version, 2   3 suite   4 direction, 0 from the client, 1 from the server   5 zero
 *  6 milliseconds since 1970 (8)   14 sequence number (8)   22 request id (8)
 */
import { concatBytes, fromBase64url, toBase64url, utf8 } from './bytes.ts'
import type { Aead, KeyPrimitives } from './primitives.ts'

export const sealedSuites = {
  aesGcm: { encType: 'AES-256-GCM', id: 1 },
  chacha20Poly1305: { encType: 'ChaCha20-Poly1305', id: 2 },
} as const satisfies Record<string, { encType: string; id: number }>

export type SealedSuite = keyof typeof sealedSuites

const byEncType = new Map(
  Object.entries(sealedSuites).map(([name, { encType }]) => [encType.toLowerCase(), name as SealedSuite]),
)

/** The suite that an `encType` names, case ignored; AES-256-GCM if it is absent. */
export const findSealedSuite = (encType: string | undefined): SealedSuite | undefined =>
  byEncType.get((encType || sealedSuites.aesGcm.encType).toLowerCase())

export type SealedKeys = {
  suite: SealedSuite
  /** 32 hex characters. */
  fingerprint: string
  /** Seals what the client sends, 32 bytes. */
  clientKey: Uint8Array
  /** Seals what the server sends, 32 bytes. */
  serverKey: Uint8Array
}

export type SealedHeader = {
  timestampMs: number
  /** 1 to 2^32 - 1; every message of a key has its own. */
  sequence: number
  /** 8 bytes, repeated in the reply, and kept when the same request is sent again. */
  requestId: Uint8Array
}

export type Direction = 'client' | 'server'
/** Where a message belongs: the key, and the operation's own path even if an alias is called. */
export type SealedPlace = { fingerprint: string; path: string }

const headerBytes = 30
const nonceBytes = 12
const tagBytes = 16
export const requestIdBytes = 8
/** Messages of one key in one direction; random nonces of 96 bits allow 2^32 (NIST SP 800-38D section 8.3). */
export const mostSequence = 2 ** 32 - 1
/** The largest distance between a message's clock and the server's. */
export const freshMs = 90_000
/** Sequence numbers so far behind the highest are still accepted; one may run ahead of it by `windowJump`. */
export const windowWidth = 64
export const windowJump = 65_536

const writeHeader = (suite: SealedSuite, direction: Direction, header: SealedHeader): Uint8Array => {
  const bytes = new Uint8Array(headerBytes)
  const view = new DataView(bytes.buffer)
  bytes.set([0x54, 0x53, 2, sealedSuites[suite].id, direction === 'client' ? 0 : 1, 0])
  view.setBigUint64(6, BigInt(header.timestampMs))
  view.setBigUint64(14, BigInt(header.sequence))
  bytes.set(header.requestId, 22)
  return bytes
}

/** Undefined unless every fixed byte fits this suite and direction. */
const readHeader = (
  bytes: Uint8Array,
  suite: SealedSuite,
  direction: Direction,
): SealedHeader | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes)
  const header = {
    timestampMs: Number(view.getBigUint64(6)),
    sequence: Number(view.getBigUint64(14)),
    requestId: bytes.slice(22, headerBytes),
  }
  const isWhole = header.sequence >= 1 && header.sequence <= mostSequence
  if (!isWhole || !Number.isSafeInteger(header.timestampMs)) return undefined
  const wanted = writeHeader(suite, direction, header)
  return wanted.every((byte, at) => byte === bytes[at]) ? header : undefined
}

/** header ‖ SHA-256(method, path and fingerprint, one a line) ‖ in a reply: the tag of its request. */
const aadOf = (
  primitives: KeyPrimitives,
  header: Uint8Array,
  { fingerprint, path }: SealedPlace,
  requestTag: Uint8Array,
) => concatBytes(header, primitives.sha256(utf8(`POST\n${path}\n${fingerprint}`)), requestTag)

const aeadOf = (primitives: KeyPrimitives, suite: SealedSuite): Aead => primitives[suite]

export type SealedMessage = { j: string; tag: Uint8Array }
export type OpenedMessage = { header: SealedHeader; plaintext: Uint8Array; tag: Uint8Array }

const nothing = new Uint8Array()

/** @param nonce 12 random bytes, new for every message. @param requestTag of the request, in a reply. */
export const sealMessage = (
  primitives: KeyPrimitives,
  keys: SealedKeys,
  direction: Direction,
  message: {
    header: SealedHeader
    path: string
    plaintext: Uint8Array
    nonce: Uint8Array
    requestTag?: Uint8Array
  },
): SealedMessage => {
  const header = writeHeader(keys.suite, direction, message.header)
  const place = { fingerprint: keys.fingerprint, path: message.path }
  const aad = aadOf(primitives, header, place, message.requestTag ?? nothing)
  const key = direction === 'client' ? keys.clientKey : keys.serverKey
  const sealed = aeadOf(primitives, keys.suite).seal(key, message.nonce, aad, message.plaintext)
  return {
    j: toBase64url(concatBytes(header, message.nonce, sealed)),
    tag: sealed.slice(-tagBytes),
  }
}

/** Undefined if the key, suite, direction, path or request is another one, or the message was altered. */
export const openMessage = (
  primitives: KeyPrimitives,
  keys: SealedKeys,
  direction: Direction,
  message: { j: string; path: string; requestTag?: Uint8Array },
): OpenedMessage | undefined => {
  const bytes = fromBase64url(message.j)
  if (!bytes || bytes.length < headerBytes + nonceBytes + tagBytes) return undefined
  const head = bytes.subarray(0, headerBytes)
  const header = readHeader(head, keys.suite, direction)
  if (!header) return undefined
  const place = { fingerprint: keys.fingerprint, path: message.path }
  const aad = aadOf(primitives, head, place, message.requestTag ?? nothing)
  const key = direction === 'client' ? keys.clientKey : keys.serverKey
  const nonce = bytes.subarray(headerBytes, headerBytes + nonceBytes)
  const sealed = bytes.subarray(headerBytes + nonceBytes)
  const plaintext = aeadOf(primitives, keys.suite).open(key, nonce, aad, sealed)
  return plaintext && { header, plaintext, tag: sealed.slice(-tagBytes) }
}
