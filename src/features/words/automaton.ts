/**
 * The automaton of Aho and Corasick (1975) over code points: it finds every listed part in one pass over a text.
 * Its edges are one table of hashes, so a hundred thousand words take some ten megabytes.
 */

export type Automaton = {
  /**
   * Goes over a text and tells of each place where parts end, with the state of the longest of them. `shorter` leads
   * to the others.
   */
  scan(text: Int32Array, count: number, tell: (state: number, end: number) => void): void
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
  partCount(): number
  /** Sorts and links what was added; yields after each piece of work. */
  build(): Generator<void, Automaton>
}

/** Pieces of work between two yields. */
const slice = 4_096
const bmp = 0x10000
/** Code points of the longest part. */
const mostDepth = 255

const hash = (state: number, point: number) => {
  const mixed = Math.imul(state, 0x9e3779b1) ^ Math.imul(point, 0x85ebca6b)
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
}

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

  const grow = () => {
    parents = enlarge(parents)
    points = enlarge(points)
    parts = enlarge(parts)
    const deeper = new Uint8Array(depths.length * 2)
    deeper.set(depths)
    depths = deeper
    edges = new Int32Array(edges.length * 2)
    for (let node = 1; node < nodeCount; node++) place(node)
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
    if (nodeCount === parents.length) grow()
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
  const sortByDepth = (): Int32Array => {
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
    }
    return sorted
  }

  function* build(): Generator<void, Automaton> {
    const roots = new Int32Array(bmp)
    const fails = new Int32Array(nodeCount)
    const outputs = new Int32Array(nodeCount)
    const shorter = new Int32Array(nodeCount)
    yield
    const sorted = sortByDepth()
    yield
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
    const bytes = 4 * (edges.length + nodes.length + 3 * nodeCount + bmp) + nodeCount
    return {
      scan: createScan({ edges, nodes, points: points.slice(0, nodeCount), roots }),
      parts: parts.slice(0, nodeCount),
      shorter,
      depths: depths.slice(0, nodeCount),
      bytes,
    }
  }

  return { addPart, partCount: () => partCount, build }
}

/**
 * A state is one record, so that a step reads one line of the cache: the last five bits of all points that lead on
 * from it, its fail, its output and its parent. The bits answer most steps that lead nowhere without a hash.
 */
const record = 4

/** The inner loop of every check: tables that no longer grow, and no call for a letter. */
const createScan = (
  tables: Record<'edges' | 'nodes' | 'points' | 'roots', Int32Array>,
): Automaton['scan'] => {
  const { edges, nodes, points, roots } = tables
  const mask = edges.length - 1

  const find = (state: number, point: number): number => {
    for (let at = (hash(state, point) >>> 1) & mask; ; at = (at + 1) & mask) {
      const node = edges[at] as number
      if (node === 0 || (nodes[node * record + 3] === state && points[node] === point)) return node
    }
  }

  return function scan(text, count, tell) {
    let state = 0
    for (let at = 0; at < count; at++) {
      const point = text[at] as number
      const bit = 1 << (point & 31)
      let next = 0
      while (state !== 0) {
        if (((nodes[state * record] as number) & bit) !== 0) next = find(state, point)
        if (next !== 0) break
        state = nodes[state * record + 1] as number
      }
      if (next === 0) next = point < bmp ? (roots[point] as number) : find(0, point)
      state = next
      const output = nodes[state * record + 2] as number
      if (output !== 0) tell(output, at + 1)
    }
  }
}

const enlarge = (numbers: Int32Array<ArrayBuffer>) => {
  const larger = new Int32Array(numbers.length * 2)
  larger.set(numbers)
  return larger
}
