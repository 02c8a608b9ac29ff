/** Bytes and their text forms, the same in Node and in browsers. */
import { hexToBytes } from '@noble/hashes/utils.js'

/** Lower-case hex. */
export { bytesToHex as toHex } from '@noble/hashes/utils.js'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const codes = Uint8Array.from(alphabet, (letter) => letter.charCodeAt(0))
const values = new Uint8Array(128).fill(255)
for (const [value, code] of codes.entries()) values[code] = value

const encoder = new TextEncoder()
const latin = new TextDecoder('latin1')
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** The text of UTF-8 bytes, or undefined when they are not UTF-8. A byte order mark stays in the text. */
export const readUtf8 = (bytes: Uint8Array): string | undefined => {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}

const writeBase64url = (bytes: Uint8Array): string => {
  const whole = bytes.length - (bytes.length % 3)
  const rest = bytes.length - whole
  const text = new Uint8Array((whole / 3) * 4 + (rest === 0 ? 0 : rest + 1))
  let at = 0
  const put = (bits: number, shift: number) => {
    text[at++] = codes[(bits >>> shift) & 63] ?? 0
  }
  for (let index = 0; index < whole; index += 3) {
    const bits = ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0)
    put(bits, 18)
    put(bits, 12)
    put(bits, 6)
    put(bits, 0)
  }
  if (rest > 0) {
    const bits = ((bytes[whole] ?? 0) << 16) | ((bytes[whole + 1] ?? 0) << 8)
    put(bits, 18)
    put(bits, 12)
    if (rest === 2) put(bits, 6)
  }
  return latin.decode(text)
}

const readBase64url = (text: string): Uint8Array | undefined => {
  const rest = text.length % 4
  if (rest === 1) return undefined
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let bits = 0
  let held = 0
  let at = 0
  for (let index = 0; index < text.length; index++) {
    const value = values[text.charCodeAt(index)] ?? 255
    if (value === 255) return undefined
    bits = ((bits << 6) | value) & 0xffffff
    held += 6
    if (held >= 8) {
      held -= 8
      bytes[at++] = (bits >>> held) & 255
    }
  }
  const spare = bits & ((1 << held) - 1)
  return spare === 0 ? bytes : undefined
}

/**
 * base64url without padding (RFC 4648 section 5). Instead of a package: Node's own codec is ten times as fast, and
 * browsers, which have none, need only the few lines above.
 */
export const createBase64url = (native: typeof Buffer | undefined) =>
  native?.isEncoding('base64url')
    ? {
        to: (bytes: Uint8Array): string =>
          native.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url'),
        from: (text: string): Uint8Array | undefined => {
          const bytes = native.from(text, 'base64url')
          // Buffer.from skips characters it does not know, and its memory is shared: compare, then copy.
          return bytes.toString('base64url') === text ? new Uint8Array(bytes) : undefined
        },
      }
    : { to: writeBase64url, from: readBase64url }

const codec = createBase64url((globalThis as { Buffer?: typeof Buffer }).Buffer)

/** base64url without padding. */
export const toBase64url: (bytes: Uint8Array) => string = codec.to

/** The bytes of canonical, unpadded base64url; undefined for anything else (`encode(decode(x)) === x` holds). */
export const fromBase64url: (text: string) => Uint8Array | undefined = codec.from

/** The bytes of lower-case hex of even length, or undefined. */
export const fromHex = (text: string): Uint8Array | undefined =>
  text.length % 2 === 0 && /^[0-9a-f]*$/.test(text) ? hexToBytes(text) : undefined

/** Instead of the function of `@noble/hashes`, which takes 1.7 times as long for the few small parts of a message. */
export const concatBytes = (...parts: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** base64 as clients send it: either alphabet, with padding or without; undefined for anything else. */
export const fromBase64 = (text: string): Uint8Array | undefined => {
  const bare = text.replace(/={1,2}$/, '')
  if (bare.length < text.length && text.length % 4 !== 0) return undefined
  return fromBase64url(bare.replaceAll('+', '-').replaceAll('/', '_'))
}

/** base64, standard alphabet with padding (RFC 4648 section 4). */
export const toBase64 = (bytes: Uint8Array): string => {
  const text = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/')
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** Compares in a time that depends only on the lengths. */
export const isEqual = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  let difference = 0
  for (let at = 0; at < a.length; at++) difference |= (a[at] ?? 0) ^ (b[at] ?? 0)
  return difference === 0
}
