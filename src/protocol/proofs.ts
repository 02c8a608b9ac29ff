/**
 * Proofs of version 1: the text of a message's own `tm` under the shared key. The text is known to whoever listens, so
 * whoever sees a proof can make another with the same IV; the server consumes the IV of every proof that it was shown.
 */
import { concatBytes, isEqual, toBase64url, utf8 } from './bytes.ts'
import type { KeyPrimitives } from './primitives.ts'

type Suite = {
  /** What it ever is called in `encType`. */
  encType: string
  ivBytes: number
  /** The key, from the X coordinate of the shared point (32 bytes, left padded). */
  keyOf(primitives: KeyPrimitives, x: Uint8Array): Uint8Array
  /** Behind the IV. */
  encrypt(primitives: KeyPrimitives, key: Uint8Array, iv: Uint8Array, text: Uint8Array): Uint8Array
  /** 64 bits of its key are its fingerprint, and the rest can be searched. */
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
  // CBC of one block.
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

/** True for a suite whose keys get only short logins. */
export const isWeakSuite = (name: ProofSuite) => suiteOf(name).isWeak === true

/** @param x the shared X coordinate, 32 bytes. */
export const proofKeyOf = (primitives: KeyPrimitives, name: ProofSuite, x: Uint8Array) =>
  suiteOf(name).keyOf(primitives, x)

/** A fresh IV for this suite has so many bytes. */
export const ivBytesOf = (name: ProofSuite) => suiteOf(name).ivBytes

/** `tm` as it may be: milliseconds since 1970, or seconds. */
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
 * Whether the proof is that of `tm`: compared as ciphertexts in constant time, so that there is one way to fail and no
 * padding to be asked about. Returns what has to be consumed (its IV, for twofish128 its block too), or undefined.
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

/** What is consumed with a proof. */
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

/** A `keyPrint` as text: "0" where none is given, undefined for what can't be one. */
export const readKeyPrint = (value: unknown): string | undefined => {
  if (value === undefined || value === 0 || value === '') return '0'
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined
  if (typeof value !== 'string') return undefined
  if (isFingerprint(value)) return value
  if (!/^(0|-?[1-9]\d{0,18})$/.test(value)) return undefined
  const fingerprint = BigInt(value)
  return fingerprint >= -mostFingerprint && fingerprint < mostFingerprint ? value : undefined
}
