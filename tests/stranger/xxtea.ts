/** The `totp` envelope of protocol.md, section 3. */
import { createHash, createHmac } from 'node:crypto'

export const stepOf = (milliseconds: number): number => Math.floor(milliseconds / 30_000)

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function fromBase32(text: string): Buffer {
  const bits = [...text].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

export function totp(secret: string, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest()
  const offset = mac.readUInt8(19) & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

export function keyOf(secret: string, step: number): Buffer {
  const hex = createHash('md5')
    .update(secret + Number(totp(secret, step)))
    .digest('hex')
  return Buffer.from(hex.slice(0, 16), 'ascii')
}

const delta = 0x9e3779b9

function mix(sum: number, y: number, z: number, k: number): number {
  return (((z >>> 5) ^ (y << 2)) + ((y >>> 3) ^ (z << 4))) ^ ((sum ^ y) + (k ^ z))
}

/** Typed arrays keep all sums within 32 bits. */
function words(data: Uint8Array, extra: number): Uint32Array {
  const count = Math.ceil(data.length / 4)
  const padded = Buffer.alloc(4 * count)
  padded.set(data)
  const v = new Uint32Array(count + extra)
  for (let i = 0; i < count; i++) v[i] = padded.readUInt32LE(4 * i)
  return v
}

function bytes(v: Uint32Array): Buffer {
  const data = Buffer.alloc(4 * v.length)
  v.forEach((word, i) => {
    data.writeUInt32LE(word, 4 * i)
  })
  return data
}

const word = (v: Uint32Array, index: number): number => v.at(index % v.length) ?? 0

function mixed(v: Uint32Array, k: Uint32Array, sum: number, p: number): number {
  return mix(sum, word(v, p + 1), v.at(p - 1) ?? 0, word(k, (p & 3) ^ ((sum >>> 2) & 3)))
}

export function encrypt(data: Uint8Array, key: Uint8Array): Buffer {
  const k = words(key, 0)
  const v = words(data, 1)
  v[v.length - 1] = data.length
  let sum = 0
  for (let rounds = 6 + Math.floor(52 / v.length); rounds > 0; rounds--) {
    sum = (sum + delta) >>> 0
    for (let p = 0; p < v.length; p++) v[p] = word(v, p) + mixed(v, k, sum, p)
  }
  return bytes(v)
}

/** Undefined: this is not the key. */
export function decrypt(data: Uint8Array, key: Uint8Array): Buffer | undefined {
  if (data.length < 8 || data.length % 4 !== 0) return undefined
  const k = words(key, 0)
  const v = words(data, 0)
  let sum = Math.imul(6 + Math.floor(52 / v.length), delta) >>> 0
  while (sum !== 0) {
    for (let p = v.length - 1; p >= 0; p--) v[p] = word(v, p) - mixed(v, k, sum, p)
    sum = (sum - delta) >>> 0
  }
  const plain = bytes(v.subarray(0, -1))
  const length = v.at(-1) ?? 0
  const spare = plain.length - length
  if (spare < 0 || spare > 3 || plain.subarray(length).some((byte) => byte !== 0)) return undefined
  return plain.subarray(0, length)
}

export const seal = (secret: string, step: number, plain: Uint8Array): string =>
  encrypt(plain, keyOf(secret, step)).toString('base64url')

export function open(secret: string, steps: number[], body: string): Buffer | undefined {
  for (const step of steps) {
    const plain = decrypt(Buffer.from(body, 'base64url'), keyOf(secret, step))
    if (plain) return plain
  }
  return undefined
}
