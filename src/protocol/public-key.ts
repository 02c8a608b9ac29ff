/**
 * Public keys of a key exchange: P-256, as SPKI (RFC 5480) in PEM. This file accepts exactly one encoding of 91 bytes,
 * so the parsers of the crypto library never see explicit curves, compressed points or other kinds of key.
 */
import { concatBytes, fromBase64, fromHex, isEqual, readUtf8, toBase64, utf8 } from './bytes.ts'

const prefix = fromHex('3059301306072a8648ce3d020106082a8648ce3d03010703420004') ?? new Uint8Array()
const spkiBytes = 91
const pemLength = 256
/** One PEM block, its base64 in one line or in columns of 64. 91 bytes are 124 characters of base64. */
const pem =
  /^-----BEGIN PUBLIC KEY-----(?:\r?\n)?([A-Za-z0-9+/]{64})(?:\r?\n)?([A-Za-z0-9+/]{58}==)(?:\r?\n)?-----END PUBLIC KEY-----(?:\r?\n)?$/

/** The SPKI of a point of 65 bytes. */
export const spkiOf = (point: Uint8Array): Uint8Array => concatBytes(prefix, point.subarray(1))

/** The point of an SPKI, 65 bytes; undefined for any other encoding. */
export const pointOf = (spki: Uint8Array): Uint8Array | undefined =>
  spki.length === spkiBytes && isEqual(spki.subarray(0, prefix.length), prefix)
    ? spki.subarray(prefix.length - 1)
    : undefined

const readPem = (text: string): Uint8Array | undefined => {
  const [, first, second] = text.length <= pemLength ? (pem.exec(text) ?? []) : []
  return first !== undefined && second !== undefined ? fromBase64(first + second) : undefined
}

/**
 * The point in a `pubKey`: the PEM itself, or base64 of the PEM or of the SPKI; undefined for anything else. Whether
 * the point is on the curve is checked where the secret is derived.
 */
export const readPublicKey = (text: string): Uint8Array | undefined => {
  if (text.startsWith('-----BEGIN')) return pointOf(readPem(text) ?? new Uint8Array())
  if (text.length > 2 * pemLength) return undefined
  const bytes = fromBase64(text)
  if (bytes?.length === spkiBytes) return pointOf(bytes)
  const inner = bytes && readUtf8(bytes)
  return inner?.startsWith('-----BEGIN') ? pointOf(readPem(inner) ?? new Uint8Array()) : undefined
}

/** PEM in columns of 64, with a final newline. */
export const toPem = (point: Uint8Array): string => {
  const text = toBase64(spkiOf(point))
  return `-----BEGIN PUBLIC KEY-----\n${text.slice(0, 64)}\n${text.slice(64)}\n-----END PUBLIC KEY-----\n`
}

/** PEM as `pubKey` carries it: the text itself, or its base64. */
export const toPubKey = (point: Uint8Array, form: 'pem' | 'base64'): string =>
  form === 'pem' ? toPem(point) : toBase64(utf8(toPem(point)))
