/** Twofish for keys of 128 bits, and CBC with PKCS #7 over it. */

type Table = readonly number[]

const nibbles = (text: string): Table => [...text].map((digit) => Number.parseInt(digit, 16))

const rotateNibble = (x: number): number => ((x >>> 1) | (x << 3)) & 15

function permutation(...rows: [string, string, string, string]): Table {
  const [t0, t1, t2, t3] = rows.map(nibbles) as [Table, Table, Table, Table]
  return Array.from({ length: 256 }, (_, x) => {
    const a = x >>> 4
    const b = x & 15
    const a2 = at(t0, a ^ b)
    const b2 = at(t1, a ^ rotateNibble(b) ^ ((8 * a) & 15))
    const a4 = at(t2, a2 ^ b2)
    const b4 = at(t3, a2 ^ rotateNibble(b2) ^ ((8 * a2) & 15))
    return 16 * b4 + a4
  })
}

function at(list: ArrayLike<number>, index: number): number {
  const value = list[index]
  if (value === undefined) throw new RangeError(`no item ${index}`)
  return value
}

const q0 = permutation('817d6f320b59eca4', 'ecb81235f4a6709d', 'ba5e6d90c8f32471', 'd7f4126e9b3085ca')
const q1 = permutation('28bdf76e31940ac5', '1e2b4c376da5f908', '4c75169a0ed82b3f', 'b951c3de647f208a')

const mds: Table[] = [
  [0x01, 0xef, 0x5b, 0x5b],
  [0x5b, 0xef, 0xef, 0x01],
  [0xef, 0x5b, 0x01, 0xef],
  [0xef, 0x01, 0xef, 0x5b],
]

const rs: Table[] = [
  [0x01, 0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e],
  [0xa4, 0x56, 0x82, 0xf3, 0x1e, 0xc6, 0x68, 0xe5],
  [0x02, 0xa1, 0xfc, 0xc1, 0x47, 0xae, 0x3d, 0x19],
  [0xa4, 0x55, 0x87, 0x5a, 0x58, 0xdb, 0x9e, 0x03],
]

function multiply(a: number, b: number, polynomial: number): number {
  let product = 0
  let factor = a
  for (let rest = b; rest > 0; rest >>>= 1) {
    if (rest & 1) product ^= factor
    factor <<= 1
    if (factor & 0x100) factor ^= polynomial
  }
  return product
}

/** Matrix times bytes over GF(2^8), as a little-endian word. */
function times(matrix: Table[], bytes: ArrayLike<number>, polynomial: number): number {
  let word = 0
  matrix.forEach((row, i) => {
    let sum = 0
    row.forEach((factor, j) => {
      sum ^= multiply(factor, at(bytes, j), polynomial)
    })
    word |= sum << (8 * i)
  })
  return word >>> 0
}

// Which permutation a byte goes through: before the second key word, between the two, and after the first.
const order: [Table, Table, Table][] = [
  [q0, q0, q1],
  [q1, q0, q0],
  [q0, q1, q1],
  [q1, q1, q0],
]

function h(x: number, outer: number, inner: number): number {
  const bytes = order.map(([first, second, last], i) => {
    const shift = 8 * i
    const a = at(first, (x >>> shift) & 255) ^ ((inner >>> shift) & 255)
    const b = at(second, a) ^ ((outer >>> shift) & 255)
    return at(last, b)
  })
  return times(mds, bytes, 0x169)
}

const left = (x: number, n: number): number => ((x << n) | (x >>> (32 - n))) >>> 0

export type Twofish = { encrypt(block: Uint8Array): Buffer }

export function twofish(key: Uint8Array): Twofish {
  if (key.length !== 16) throw new RangeError('keys have 16 bytes')
  const bytes = Buffer.from(key)
  const m = [0, 4, 8, 12].map((offset) => bytes.readUInt32LE(offset))
  const s0 = times(rs, bytes.subarray(0, 8), 0x14d)
  const s1 = times(rs, bytes.subarray(8, 16), 0x14d)
  const k: number[] = []
  for (let i = 0; i < 20; i++) {
    const a = h(Math.imul(2 * i, 0x01010101) >>> 0, at(m, 0), at(m, 2))
    const b = left(h(Math.imul(2 * i + 1, 0x01010101) >>> 0, at(m, 1), at(m, 3)), 8)
    k.push((a + b) >>> 0, left((a + 2 * b) >>> 0, 9))
  }
  return {
    encrypt(block) {
      const input = Buffer.from(block)
      const word = (i: number): number => (input.readUInt32LE(4 * i) ^ at(k, i)) >>> 0
      let [a, b, c, d] = [word(0), word(1), word(2), word(3)]
      for (let round = 0; round < 16; round++) {
        const t0 = h(a, s1, s0)
        const t1 = h(left(b, 8), s1, s0)
        const f0 = (t0 + t1 + at(k, 2 * round + 8)) >>> 0
        const f1 = (t0 + 2 * t1 + at(k, 2 * round + 9)) >>> 0
        ;[a, b, c, d] = [left((c ^ f0) >>> 0, 31), (left(d, 1) ^ f1) >>> 0, a, b]
      }
      const output = Buffer.alloc(16)
      ;[c, d, a, b].forEach((value, i) => {
        output.writeUInt32LE((value ^ at(k, i + 4)) >>> 0, 4 * i)
      })
      return output
    },
  }
}

export function twofishCbc(key: Uint8Array, iv: Uint8Array, plain: Uint8Array): Buffer {
  const cipher = twofish(key)
  const padding = 16 - (plain.length % 16)
  const padded = Buffer.concat([plain, Buffer.alloc(padding, padding)])
  const blocks: Uint8Array[] = []
  let last = iv
  for (let offset = 0; offset < padded.length; offset += 16) {
    const previous = last
    const mixed = Uint8Array.from(padded.subarray(offset, offset + 16), (byte, i) => byte ^ at(previous, i))
    last = cipher.encrypt(mixed)
    blocks.push(last)
  }
  return Buffer.concat(blocks)
}
