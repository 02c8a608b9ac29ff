/** One pass of the automaton over a text: the inner loop of every check. */
import { findBegin, type Sieve } from './sieve.ts'

export type Scan = (text: Int32Array, count: number, tell: (state: number, end: number) => void) => void

export const bmp = 0x10000

/**
 * A state is one record, so that a step reads one line of the cache: the last five bits of all points that lead on
 * from it, its fail, its output and its parent. The bits answer most steps that lead nowhere without a hash.
 */
export const record = 4

export const hash = (state: number, point: number) => {
  const mixed = Math.imul(state, 0x9e3779b1) ^ Math.imul(point, 0x85ebca6b)
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
}

export type ScanTables = Record<'edges' | 'nodes' | 'points' | 'roots', Int32Array> & {
  depths: Uint8Array
  sieve: Sieve
}

const find = ({ edges, nodes, points }: ScanTables, state: number, point: number): number => {
  const mask = edges.length - 1
  for (let at = (hash(state, point) >>> 1) & mask; ; at = (at + 1) & mask) {
    const node = edges[at] as number
    if (node === 0 || (nodes[node * record + 3] === state && points[node] === point)) return node
  }
}

/** @param least code points of the shortest state that is worth a step: a shorter one began where no part begins. */
const step = (tables: ScanTables, from: number, point: number, least: number): number => {
  const { nodes, roots, depths } = tables
  const bit = 1 << (point & 31)
  for (let state = from; state !== 0; state = nodes[state * record + 1] as number) {
    if ((depths[state] as number) < least) return 0
    if (((nodes[state * record] as number) & bit) === 0) continue
    const node = find(tables, state, point)
    if (node !== 0) return node
  }
  if (least > 0) return 0
  return point < bmp ? (roots[point] as number) : find(tables, 0, point)
}

/** Functions of the module, not of a closure: V8 compiles those once, with the constants in them. */
const scanWith: (tables: ScanTables, ...rest: Parameters<Scan>) => void = (tables, text, count, tell) => {
  const { nodes, sieve } = tables
  let next = findBegin(sieve, text, 0, count)
  while (next < count) {
    let at = next
    /** The last place so far where a part may begin. */
    let begin = next
    next = findBegin(sieve, text, at + 1, count)
    let state = 0
    do {
      state = step(tables, state, text[at] as number, at - begin)
      at++
      const output = nodes[state * record + 2] as number
      if (output !== 0) tell(output, at)
      if (at === next) {
        begin = next
        next = findBegin(sieve, text, at + 1, count)
      }
    } while (at < count && (state !== 0 || at === begin))
  }
}

export const createScan =
  (tables: ScanTables): Scan =>
  (text, count, tell) =>
    scanWith(tables, text, count, tell)
