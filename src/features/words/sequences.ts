/** Words of several parts: which of them ends where a part ends, with at most `maxGap` code points between two parts. */

export type SequencesBuilder = {
  /** A word of two parts or more, by the numbers of its parts; `word` is told when it is found. */
  add(parts: readonly number[], word: number): void
  /** The parts that stand in any such word. */
  parts(): Iterable<number>
  create(maxGap: number, longestPart: number): Sequences
}

export type Sequences = {
  /** Forgets the last text. */
  reset(): void
  /** A part was found. The ends of parts never go back. */
  found(
    part: number,
    start: number,
    end: number,
    tell: (word: number, start: number, end: number) => void,
  ): void
}

/** A place where the first parts of some words were found: they began at `start` and ended at `end`. */
type Reached = { end: number; start: number }

/** Words that begin with the same parts share them, as in a trie of letters; its node 0 is the beginning. */
export const createSequencesBuilder = (): SequencesBuilder => {
  const children: Map<number, number>[] = [new Map()]
  const words: number[] = [0]
  const used = new Set<number>()

  const childOf = (node: number, part: number): number => {
    const known = children[node]?.get(part)
    if (known !== undefined) return known
    children[node]?.set(part, children.length)
    words.push(0)
    return children.push(new Map()) - 1
  }

  const create = (maxGap: number, longestPart: number): Sequences => {
    const live = new Map<number, Reached[]>()

    /** The earliest beginning from which the next part, at `start`, is near enough; -1: none. */
    const findStart = (reached: readonly Reached[], start: number): number => {
      let best = -1
      for (const place of reached) {
        const gap = start - place.end
        if (gap >= 0 && gap <= maxGap && (best < 0 || place.start < best)) best = place.start
      }
      return best
    }

    const found: Sequences['found'] = (part, start, end, tell) => {
      const fresh: [node: number, place: Reached][] = []
      const reach = (node: number | undefined, from: number) => {
        if (node === undefined) return
        fresh.push([node, { end, start: from }])
        const word = words[node] ?? 0
        if (word > 0) tell(word, from, end)
      }
      reach(children[0]?.get(part), start)
      const tooOld = end - longestPart - maxGap
      for (const [node, reached] of live) {
        while (reached[0] !== undefined && reached[0].end < tooOld) reached.shift()
        if (reached.length === 0) {
          live.delete(node)
          continue
        }
        const next = children[node]?.get(part)
        const from = next === undefined ? -1 : findStart(reached, start)
        if (from >= 0) reach(next, from)
      }
      for (const [node, place] of fresh) add(live, node, place)
    }
    return { reset: () => live.clear(), found }
  }

  return {
    add: (parts, word) => {
      const node = parts.reduce(childOf, 0)
      words[node] = word
      for (const part of parts) used.add(part)
    },
    parts: () => used,
    create,
  }
}

const add = (live: Map<number, Reached[]>, node: number, place: Reached) => {
  const reached = live.get(node)
  const last = reached?.at(-1)
  if (!reached) live.set(node, [place])
  else if (last?.end === place.end) last.start = Math.min(last.start, place.start)
  else reached.push(place)
}
