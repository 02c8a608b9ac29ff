/**
 * XXTEA (Wheeler and Needham, 1998), instead of the package `xxtea-node`, which hides the padding: opening checks that
 * it is zero. Words are little-endian; the plaintext is padded with zero bytes and followed by its length in bytes as
 * one more word. The host must be little-endian, as every host of Node and every browser is.
 */
const delta = 0x9e3779b9 | 0

const mix = (sum: number, y: number, z: number, keyWord: number) =>
  (((z >>> 5) ^ (y << 2)) + ((y >>> 3) ^ (z << 4))) ^ ((sum ^ y) + (keyWord ^ z))

const at = (words: Int32Array, index: number) => words[index] as number

/** @param key the 16 bytes of the key as four words. */
export const encryptXxtea = (plaintext: Uint8Array, key: Int32Array): Uint8Array => {
  const last = Math.max(1, Math.ceil(plaintext.length / 4))
  const bytes = new Uint8Array((last + 1) * 4)
  bytes.set(plaintext)
  const words = new Int32Array(bytes.buffer)
  words[last] = plaintext.length
  let sum = 0
  let z = at(words, last)
  for (let round = 6 + Math.floor(52 / (last + 1)); round > 0; round--) {
    sum = (sum + delta) | 0
    const e = (sum >>> 2) & 3
    for (let p = 0; p < last; p++) {
      z = (at(words, p) + mix(sum, at(words, p + 1), z, at(key, (p & 3) ^ e))) | 0
      words[p] = z
    }
    z = (at(words, last) + mix(sum, at(words, 0), z, at(key, (last & 3) ^ e))) | 0
    words[last] = z
  }
  return bytes
}

/** The plaintext, or undefined when the key does not fit: wrong length word, or padding that is not zero. */
export const decryptXxtea = (ciphertext: Uint8Array, key: Int32Array): Uint8Array | undefined => {
  if (ciphertext.length < 8 || ciphertext.length % 4 !== 0) return undefined
  // A copy: `slice` of a Buffer would be a view, and decrypt the caller's memory.
  const bytes = new Uint8Array(ciphertext)
  const words = new Int32Array(bytes.buffer)
  const last = words.length - 1
  const rounds = 6 + Math.floor(52 / (last + 1))
  let y = at(words, 0)
  for (let sum = Math.imul(rounds, delta); sum !== 0; sum = (sum - delta) | 0) {
    const e = (sum >>> 2) & 3
    for (let p = last; p > 0; p--) {
      y = (at(words, p) - mix(sum, y, at(words, p - 1), at(key, (p & 3) ^ e))) | 0
      words[p] = y
    }
    y = (at(words, 0) - mix(sum, y, at(words, last), at(key, e))) | 0
    words[0] = y
  }
  const length = at(words, last)
  const room = last * 4
  if (length > room || length <= room - 4) return undefined
  for (let index = length; index < room; index++) if (bytes[index] !== 0) return undefined
  return bytes.subarray(0, length)
}
