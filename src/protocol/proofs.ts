/**
 * Proofs of version 1: the text of a message's own `tm`, encrypted under the shared key. A listener knows that text,
 * and can therefore forge another proof with the same IV. So the server consumes the IV of every proof it sees.
 */
import { concatBytes, isEqual, toBase64url, utf8 } from './bytes.ts'
import type { KeyPrimitives } from './primitives.ts'

type Suite = {
  /** Its name in `encType`. */
  encType: string
  ivBytes: number
  /** The key, from the X coordinate of the shared point (32 bytes, left padded). */
  keyOf(primitives: KeyPrimitives, x: Uint8Array): Uint8Array
  /** Returns the part of the proof after the IV. */
  encrypt(primitives: KeyPrimitives, key: Uint8Array, iv: Uint8Array, text: Uint8Array): Uint8Array
  /** Half of the key is public as its fingerprint; the other 64 bits can be searched. */
  isWeak?: true
}

const blockBytes = 16

/** PKCS#7, one block. */
const pad = (text: Uint8Array) => {
  const block = new Uint8Array(blockBytes).fill(blockBytes - text.length)
  block.set(text)
  return block
}

const xor = (a: Uint8Array, b: Uint8Array) => a.map((byte, at) => byte ^ (b[at] ?? 0))

export const proofSuites = {
  aesCtr: {
    encType: 'AES-CTR',
    ivBytes: 16,
    keyOf: (_, x) => x,
    encrypt: (primitives, key, iv, text) => primitives.aesCtr(key, iv, text),
  },
  chacha20: {
    encType: 'ChaCha20',
    ivBytes: 12,
    keyOf: (_, x) => x,
    encrypt: (primitives, key, iv, text) => primitives.chacha20(key, iv, text),
  },
  // CBC of one block is the block cipher over the text XOR the IV.
  twofish128: {
    encType: 'twofish128',
    ivBytes: 16,
    keyOf: (primitives, x) => primitives.md5(x),
    encrypt: (primitives, key, iv, text) => primitives.twofishBlock(key, xor(pad(text), iv)),
    isWeak: true,
  },
} as const satisfies Record<string, Suite>

export type ProofSuite = keyof typeof proofSuites

const suiteOf = (name: ProofSuite): Suite => proofSuites[name]

const byEncType = new Map(
  Object.entries(proofSuites).map(([name, { encType }]) => [encType.toLowerCase(), name as ProofSuite]),
)

/** The suite that an `encType` names, case ignored; AES-CTR where none is named. */
export const findProofSuite = (encType: string | undefined): ProofSuite | undefined =>
  byEncType.get((encType || proofSuites.aesCtr.encType).toLowerCase())

/** True for a suite on whose keys logins are short. */
export const isWeakSuite = (name: ProofSuite) => suiteOf(name).isWeak === true

/** @param x the shared X coordinate, 32 bytes. */
export const proofKeyOf = (primitives: KeyPrimitives, name: ProofSuite, x: Uint8Array) =>
  suiteOf(name).keyOf(primitives, x)

/** The length of an IV of this suite. */
export const ivBytesOf = (name: ProofSuite) => suiteOf(name).ivBytes

/** Reads `tm`: milliseconds since 1970 (13 digits), or seconds (10 digits). */
export const readTm = (tm: string): { ms: number } | undefined =>
  /^(\d{10}|\d{13})$/.test(tm) ? { ms: tm.length === 10 ? Number(tm) * 1_000 : Number(tm) } : undefined

/** IV ‖ ciphertext. */
export const makeProof = (
  primitives: KeyPrimitives,
  name: ProofSuite,
  key: Uint8Array,
  iv: Uint8Array,
  tm: string,
): Uint8Array => concatBytes(iv, suiteOf(name).encrypt(primitives, key, iv, utf8(tm)))

/**
 * Checks a proof of `tm` by making it again and comparing ciphertexts in constant time. Nothing is decrypted, so there
 * is no padding oracle. Returns what the server must consume (the IV, for twofish128 also the block), or undefined.
 */
export const checkProof = (
  primitives: KeyPrimitives,
  name: ProofSuite,
  key: Uint8Array,
  proof: Uint8Array,
  tm: string,
): string[] | undefined => {
  const { ivBytes } = suiteOf(name)
  if (!readTm(tm) || proof.length <= ivBytes) return undefined
  const iv = proof.subarray(0, ivBytes)
  if (!isEqual(makeProof(primitives, name, key, iv, tm), proof)) return undefined
  return marksOf(name, proof)
}

/** The marks that the server consumes with a proof. */
export const marksOf = (name: ProofSuite, proof: Uint8Array): string[] => {
  const { ivBytes } = suiteOf(name)
  const iv = toBase64url(proof.subarray(0, ivBytes))
  return isWeakSuite(name) ? [iv, `b${toBase64url(proof.subarray(ivBytes))}`] : [iv]
}

/** First 8 bytes of the key, little-endian, as a signed 64-bit number in decimal. */
export const keyPrintOf = (key: Uint8Array): string =>
  String(new DataView(key.buffer, key.byteOffset, 8).getBigInt64(0, true))

const mostFingerprint = 2n ** 63n

/** The `keyPrint` of a key of version 2. */
export const isFingerprint = (fingerprint: string) => /^[0-9a-f]{32}$/.test(fingerprint)

/** A `keyPrint` as text: "0" if absent, undefined for what cannot be one. */
export const readKeyPrint = (value: unknown): string | undefined => {
  if (value === undefined || value === 0 || value === '') return '0'
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined
  if (typeof value !== 'string') return undefined
  if (isFingerprint(value)) return value
  if (!/^(0|-?[1-9]\d{0,18})$/.test(value)) return undefined
  const fingerprint = BigInt(value)
  return fingerprint >= -mostFingerprint && fingerprint < mostFingerprint ? value : undefined
}
