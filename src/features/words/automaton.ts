/**
 * The automaton of Aho and Corasick (1975) over code points: it finds every listed part in one pass over a text.
 * Its edges are one table of hashes, so a hundred thousand words take some ten megabytes.
 */
import { bmp, createScan, hash, record, type Scan } from './scan.ts'
import { createSieveBuilder, prefixLength, type Sieve } from './sieve.ts'

export type Automaton = {
  /**
   * Goes over a text and tells of each place where parts end, with the state of the longest of them. `shorter` leads
   * to the others.
   */
  scan: Scan
  /** The number of the part that ends at such a state. */
  parts: Int32Array
  /** The next shorter state at which a part ends; 0: none. */
  shorter: Int32Array
  /** Code points of each state. */
  depths: Uint8Array
  /** Bytes of its tables. */
  bytes: number
}

export type AutomatonBuilder = {
  /** The number of a part (from 1), the same for equal ones. */
  addPart(points: ArrayLike<number>): number
  /** Whether the parts of one more word may not find room; then `makeRoom` comes first. */
  needsRoom(): boolean
  /** Yields after each piece of work. */
  makeRoom(): Generator<void>
  partCount(): number
  /** Sorts and links what was added; yields after each piece of work. */
  build(): Generator<void, Automaton>
}

/** Pieces of work between two yields. */
const slice = 2_048
/** Code points of the longest part. */
const mostDepth = 255

export const createAutomatonBuilder = (): AutomatonBuilder => {
  let parents = new Int32Array(1_024)
  let points = new Int32Array(1_024)
  let parts = new Int32Array(1_024)
  let depths = new Uint8Array(1_024)
  let edges = new Int32Array(2_048)
  let nodeCount = 1
  let partCount = 0

  const place = (node: number) => {
    const mask = edges.length - 1
    let at = (hash(parents[node] ?? 0, points[node] ?? 0) >>> 1) & mask
    while (edges[at] !== 0) at = (at + 1) & mask
    edges[at] = node
  }

  function* makeRoom(): Generator<void> {
    parents = enlarge(parents)
    points = enlarge(points)
    parts = enlarge(parts)
    const deeper = new Uint8Array(depths.length * 2)
    deeper.set(depths)
    depths = deeper
    edges = new Int32Array(edges.length * 2)
    for (let node = 1; node < nodeCount; node++) {
      place(node)
      if (node % slice === 0) yield
    }
  }

  const find = (state: number, point: number): number => {
    const mask = edges.length - 1
    let at = (hash(state, point) >>> 1) & mask
    for (;;) {
      const node = edges[at] ?? 0
      if (node === 0 || (parents[node] === state && points[node] === point)) return node
      at = (at + 1) & mask
    }
  }

  const addNode = (state: number, point: number): number => {
    const node = nodeCount++
    parents[node] = state
    points[node] = point
    depths[node] = (depths[state] ?? 0) + 1
    place(node)
    return node
  }

  const addPart = (letters: ArrayLike<number>): number => {
    let state = 0
    for (let at = 0; at < letters.length; at++) {
      const point = letters[at] ?? 0
      state = find(state, point) || addNode(state, point)
    }
    if (parts[state] === 0) parts[state] = ++partCount
    return parts[state] ?? 0
  }

  /** The nodes by depth: the state behind a missing edge lies higher, so it is linked before. */
  function* sortByDepth(): Generator<void, Int32Array> {
    const next = new Int32Array(mostDepth + 2)
    const add = (depth: number, count: number) => {
      next[depth] = (next[depth] ?? 0) + count
    }
    for (let node = 1; node < nodeCount; node++) add((depths[node] ?? 0) + 1, 1)
    for (let depth = 1; depth < next.length; depth++) add(depth, next[depth - 1] ?? 0)
    const sorted = new Int32Array(nodeCount)
    for (let node = 1; node < nodeCount; node++) {
      const depth = depths[node] ?? 0
      sorted[next[depth] ?? 0] = node
      add(depth, 1)
      if (node % (4 * slice) === 0) yield
    }
    return sorted
  }

  function* build(): Generator<void, Automaton> {
    const roots = new Int32Array(bmp)
    const fails = new Int32Array(nodeCount)
    const outputs = new Int32Array(nodeCount)
    const shorter = new Int32Array(nodeCount)
    yield
    const sorted = yield* sortByDepth()
    const stepIn = (state: number, point: number): number => {
      for (let from = state; from !== 0; from = fails[from] ?? 0) {
        const node = find(from, point)
        if (node !== 0) return node
      }
      return point < bmp ? (roots[point] ?? 0) : find(0, point)
    }
    for (let at = 0; at < nodeCount - 1; at++) {
      const node = sorted[at] ?? 0
      const parent = parents[node] ?? 0
      const point = points[node] ?? 0
      if (parent === 0 && point < bmp) roots[point] = node
      const fail = parent === 0 ? 0 : stepIn(fails[parent] ?? 0, point)
      fails[node] = fail
      shorter[node] = outputs[fail] ?? 0
      outputs[node] = (parts[node] ?? 0) > 0 ? node : (outputs[fail] ?? 0)
      if (at % slice === 0) yield
    }
    const nodes = new Int32Array(nodeCount * record)
    for (let node = 0; node < nodeCount; node++) {
      const parent = parents[node] ?? 0
      nodes.set([0, fails[node] ?? 0, outputs[node] ?? 0, parent], node * record)
      if (node > 0) nodes[parent * record] = (nodes[parent * record] ?? 0) | (1 << ((points[node] ?? 0) & 31))
      if (node % slice === 0) yield
    }
    const sieve = yield* buildSieve(sorted)
    const known = { points: points.slice(0, nodeCount), depths: depths.slice(0, nodeCount) }
    return {
      scan: createScan({ edges, nodes, roots, ...known, sieve }),
      parts: parts.slice(0, nodeCount),
      shorter,
      depths: known.depths,
      bytes: 4 * (edges.length + nodes.length + 3 * nodeCount + bmp) + nodeCount + sieve.bytes,
    }
  }

  /** From the nodes by depth: parts that are short, and the beginnings of those that are not. */
  function* buildSieve(sorted: Int32Array): Generator<void, Sieve> {
    const isPrefix = (node: number) => (parts[node] ?? 0) > 0 || depths[node] === prefixLength
    let end = 0
    while (end < nodeCount - 1 && (depths[sorted[end] ?? 0] ?? 0) <= prefixLength) end++
    const nodes = sorted.subarray(0, end).filter(isPrefix)
    yield
    const builder = createSieveBuilder(nodes.length)
    for (const [at, node] of nodes.entries()) {
      const prefix: number[] = []
      for (let from = node; from !== 0; from = parents[from] ?? 0) prefix.unshift(points[from] ?? 0)
      builder.add(prefix)
      if (at % slice === 0) yield
    }
    return builder.sieve()
  }

  const needsRoom = () => nodeCount + mostDepth >= parents.length

  return { addPart, needsRoom, makeRoom, partCount: () => partCount, build }
}

const enlarge = (numbers: Int32Array<ArrayBuffer>) => {
  const larger = new Int32Array(numbers.length * 2)
  larger.set(numbers)
  return larger
}
