/**
 * Tells at which places of a text a listed part may begin, by its first four code points. It never misses one; at few
 * places it is wrong the other way. So most of a text is passed over without a step of the automaton.
 */

/** Sets of hashes, a bit for each: they are small, so that they stay near the processor. */
export type Sieve = {
  /** The first two code points of every part that has two. */
  pairs: Int32Array
  /** What begins with a pair: bits of `isWhole` and so on. */
  kinds: Uint8Array
  /** Three or four code points of every part that has more than two. */
  longer: Int32Array
  /** Parts of one code point. */
  singles: Uint8Array
  hasSingles: boolean
  /** Of a mixed number, so that a hash is left. */
  shift: number
  bytes: number
}

export type SieveBuilder = {
  /** All of a part, if it is no longer than `prefixLength`, or so many of its first code points. */
  add(prefix: readonly number[]): void
  sieve(): Sieve
}

/** Code points that the sieve looks at. */
export const prefixLength = 4
export const lookAhead = prefixLength - 1

/** Bits for each prefix: an eighth of the other pairs are taken for a beginning, or fewer. */
const bitsPerPrefix = 8

/** What begins with a pair, as bits of its cell. */
const isWhole = 1
const isTriple = 2
const isLonger = 4

const pairOf = (first: number, second: number) => (Math.imul(first, 0x9e3779b1) + second) | 0
const join = (one: number, other: number) => (Math.imul(one, 0x85ebca6b) + other) | 0
const spread = (mixed: number, shift: number) => Math.imul(mixed, 0x2c1b3c6d) >>> shift
const has = (bits: Int32Array, hash: number) => (((bits[hash >>> 5] as number) >>> (hash & 31)) & 1) === 1
/** Of a second hash: to be in a set by chance, a number has to be lucky twice. */
const another = (mixed: number, shift: number) => Math.imul(mixed ^ (mixed >>> 15), 0x9e3779b1) >>> shift
const put = (bits: Int32Array, hash: number) => {
  bits[hash >>> 5] = (bits[hash >>> 5] ?? 0) | (1 << (hash & 31))
}

/** @param prefixes how many will be added, or more. */
export const createSieveBuilder = (prefixes: number): SieveBuilder => {
  const hashBits = Math.min(24, Math.max(10, Math.ceil(Math.log2(prefixes * bitsPerPrefix + 1))))
  const shift = 32 - hashBits
  const pairs = new Int32Array(2 ** (hashBits - 5))
  const longer = new Int32Array(2 ** (hashBits - 5))
  const kinds = new Uint8Array(2 ** hashBits)
  const singles = new Uint8Array(0x10000)
  let hasSingles = false

  const add = (prefix: readonly number[]) => {
    const [first = 0, second = 0, third = 0, fourth = 0] = prefix
    if (prefix.length === 1) {
      hasSingles = true
      singles[first & 0xffff] = 1
      return
    }
    const pair = pairOf(first, second)
    const hash = spread(pair, shift)
    put(pairs, hash)
    const kind = prefix.length === 2 ? isWhole : prefix.length === 3 ? isTriple : isLonger
    kinds[hash] = (kinds[hash] ?? 0) | kind
    if (prefix.length === 2) return
    const mixed = kind === isTriple ? join(pair, third) : join(pair, pairOf(third, fourth))
    put(longer, spread(mixed, shift))
    put(longer, another(mixed, shift))
  }

  const bytes = 4 * (pairs.length + longer.length) + kinds.length + singles.length
  return { add, sieve: () => ({ pairs, kinds, longer, singles, hasSingles, shift, bytes }) }
}

/**
 * The first place from `from` on where a part may begin; `count`: there is none. `text` must have `lookAhead` numbers
 * behind `count`, of any value. It calls nothing that is not inlined, so that it is fast.
 */
export const findBegin = (sieve: Sieve, text: Int32Array, from: number, count: number): number => {
  const { pairs, kinds, longer, singles, hasSingles, shift } = sieve
  for (let at = from; at < count; at++) {
    const first = text[at] as number
    if (hasSingles && singles[first & 0xffff] === 1) return at
    const pair = pairOf(first, text[at + 1] as number)
    const hash = spread(pair, shift)
    if (!has(pairs, hash)) continue
    const kind = kinds[hash] as number
    if ((kind & isWhole) !== 0) return at
    const third = text[at + 2] as number
    const quad = join(pair, pairOf(third, text[at + 3] as number))
    const isIn = (kind & isLonger) !== 0 && has(longer, spread(quad, shift))
    if (isIn && has(longer, another(quad, shift))) return at
    if ((kind & isTriple) !== 0 && has(longer, spread(join(pair, third), shift))) return at
  }
  return count
}
