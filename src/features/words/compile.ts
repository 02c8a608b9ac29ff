/** The deny and the allow list as one automaton. */
import { createAutomatonBuilder } from './automaton.ts'
import type { Folded } from './fold.ts'
import type { Word } from './read-word.ts'
import { createSequencesBuilder } from './sequences.ts'

/** A denied word in a folded text: code points `from` to `to`, the end exclusive. */
export type Found = { word: string; from: number; to: number }

export type Matcher = {
  /** The longest denied word for each place where one ends, without those inside an allowed one. */
  match(folded: Folded): Found[]
  bytes: number
}

export type MatcherBuilder = {
  deny(word: Word): void
  allow(word: Word): void
  /** Whether `makeRoom` has to come before the next word. */
  needsRoom(): boolean
  /** Yields after each piece of work. */
  makeRoom(): Generator<void>
  /** Yields after each piece of work. */
  build(maxGap: number): Generator<void, Matcher>
}

export const createMatcherBuilder = (): MatcherBuilder => {
  const automata = createAutomatonBuilder()
  const sequences = createSequencesBuilder()
  /** Word → number; 0 is no word. Allowed words have numbers from `texts.length` on, once all are denied. */
  const texts: string[] = ['']
  const allowedFrom: boolean[] = [false]
  const deniedBy: number[] = []
  const allowedBy: number[] = []
  let longestPart = 1

  const addWord = ({ text, parts }: Word, isAllowed: boolean) => {
    const number = texts.push(text) - 1
    allowedFrom.push(isAllowed)
    const numbers = parts.map((part) => automata.addPart(part))
    for (const part of parts) longestPart = Math.max(longestPart, part.length)
    const [only = 0] = numbers
    if (numbers.length > 1) sequences.add(numbers, number)
    else (isAllowed ? allowedBy : deniedBy)[only] ??= number
  }

  function* build(maxGap: number): Generator<void, Matcher> {
    const { scan, parts, shorter, depths, bytes } = yield* automata.build()
    const inSequence = new Uint8Array(automata.partCount() + 1)
    for (const part of sequences.parts()) inSequence[part] = 1
    const tracked = sequences.create(maxGap, longestPart)
    const denied = createSpans()
    const allowed = createSpans()
    const tell = (word: number, from: number, to: number) =>
      (allowedFrom[word] ? allowed : denied).add(word, from, to)

    const report = (output: number, end: number) => {
      for (let state = output; state !== 0; state = shorter[state] ?? 0) {
        const part = parts[state] ?? 0
        const start = end - (depths[state] ?? 0)
        const denies = deniedBy[part] ?? 0
        const allows = allowedBy[part] ?? 0
        if (denies > 0) denied.add(denies, start, end)
        if (allows > 0) allowed.add(allows, start, end)
        if (inSequence[part] === 1) tracked.found(part, start, end, tell)
      }
    }

    const match = ({ points, count }: Folded): Found[] => {
      let isFound = false
      scan(points, count, (state, end) => {
        if (!isFound) {
          isFound = true
          denied.reset()
          allowed.reset()
          tracked.reset()
        }
        report(state, end)
      })
      if (!isFound) return []
      return denied.outside(allowed).map(({ word, from, to }) => ({ word: texts[word] ?? '', from, to }))
    }
    return { match, bytes }
  }

  return {
    deny: (word) => addWord(word, false),
    allow: (word) => addWord(word, true),
    needsRoom: automata.needsRoom,
    makeRoom: automata.makeRoom,
    build,
  }
}

type Span = { word: number; from: number; to: number }

/** For each place where words end, the one that began first. */
const createSpans = () => {
  let spans: Span[] = []
  return {
    reset: () => {
      spans = []
    },
    all: () => spans,
    add: (word: number, from: number, to: number) => {
      const last = spans.at(-1)
      if (last?.to !== to) spans.push({ word, from, to })
      else if (from < last.from) Object.assign(last, { word, from })
    },
    /** Those that do not lie inside one of `others`. */
    outside: (others: { all(): readonly Span[] }): Span[] => {
      const covers = others.all()
      let next = covers.length - 1
      let first = Number.POSITIVE_INFINITY
      const kept: Span[] = []
      for (const span of spans.toReversed()) {
        for (let cover = covers[next]; cover && cover.to >= span.to; cover = covers[--next]) {
          first = Math.min(first, cover.from)
        }
        if (span.from < first) kept.push(span)
      }
      return kept.reverse()
    },
  }
}
