/** Lists of words, compiled. A check uses one set of lists from its beginning to its end. */
import { createMatcherBuilder } from './compile.ts'
import { createFolding, type FoldingOptions } from './fold.ts'
import { createFindLooks, type SkeletonOf } from './looks.ts'
import { createReadWord, type Refusal } from './read-word.ts'

export const listNames = ['deny', 'allow', 'exact', 'reserved'] as const
export type ListName = (typeof listNames)[number]
/** Texts as a source has them. What is no word is refused and listed among the facts. */
export type Lists = Record<ListName, readonly unknown[]>

export type Hit = {
  word: string
  list: ListName
  /** UTF-16 units of the original text: `text.slice(start, end)` was hit. */
  start: number
  end: number
}

/** `text` is the original with each hit covered by the mask, once for each code point. */
export type Checked = { isClean: boolean; text: string; hits: Hit[] }

export type FilterOptions = FoldingOptions & {
  mask: string
  /** Most code points between two parts of a word. */
  maxGap: number
  skeletonOf: SkeletonOf
}

export type RefusedWord = { list: ListName; word: string; reason: Refusal }

export type FilterFacts = {
  words: Record<ListName, number>
  /** Code points of the longest denied or allowed word. */
  longest: number
  /** Bytes of the automaton. */
  bytes: number
  refused: readonly RefusedWord[]
}

export type Filter = {
  /** `lists`: which of them count; `allow` always does. */
  check(text: string, lists?: readonly ListName[]): Checked
  facts: FilterFacts
}

/** The lists that a text is checked against; a name is checked against all. */
export const textLists: readonly ListName[] = ['deny', 'exact']

/** Words between two yields. */
const slice = 64

/** Compiles lists; yields after each piece of work, so that others may go first. */
export function* compileFilter(lists: Lists, options: FilterOptions): Generator<void, Filter> {
  const folding = createFolding(options)
  const readWord = createReadWord(folding, options.wildcard)
  const builder = createMatcherBuilder()
  const looks = { exact: new Map<string, string>(), reserved: new Map<string, string>() }
  const words: Record<ListName, number> = { deny: 0, allow: 0, exact: 0, reserved: 0 }
  const refused: RefusedWord[] = []
  let longest = 0

  const look = (list: 'exact' | 'reserved') => (word: { text: string }) => {
    looks[list].set(options.skeletonOf(word.text), word.text)
  }
  const adders = {
    deny: builder.deny,
    allow: builder.allow,
    exact: look('exact'),
    reserved: look('reserved'),
  }
  for (const list of listNames) {
    for (const [at, raw] of lists[list].entries()) {
      if (at % slice === slice - 1) yield
      if (builder.needsRoom()) yield* builder.makeRoom()
      const word = readWord(raw)
      if ('refusal' in word) {
        refused.push({ list, word: String(raw).slice(0, 64), reason: word.refusal })
        continue
      }
      adders[list](word)
      words[list]++
      longest = Math.max(longest, word.length)
    }
  }
  const matcher = yield* builder.build(options.maxGap)
  const findLooks = createFindLooks(looks, options.skeletonOf)

  const check = (text: string, chosen: readonly ListName[] = textLists): Checked => {
    const folded = folding.fold(text)
    const denied: Hit[] = chosen.includes('deny')
      ? matcher.match(folded).map(({ word, from, to }) => ({
          word,
          list: 'deny',
          start: folded.starts[from] ?? 0,
          end: folded.ends[to - 1] ?? 0,
        }))
      : []
    const hits = chooseLongest(text.length, [...findLooks(text, chosen), ...denied])
    if (hits.length === 0) return { isClean: true, text, hits }
    return { isClean: false, text: cover(text, hits, options.mask), hits }
  }
  return { check, facts: { words, longest, bytes: matcher.bytes, refused } }
}

/** Of hits that overlap the longest stays, of equal ones the first. */
const chooseLongest = (length: number, hits: Hit[]): Hit[] => {
  if (hits.length < 2) return hits
  const taken = new Uint8Array(length)
  const longestFirst = hits.toSorted((one, other) => other.end - other.start - (one.end - one.start))
  return longestFirst
    .filter(({ start, end }) => {
      // A longer one, or one as long, covers one of its ends if it covers any of it.
      if (taken[start] === 1 || taken[end - 1] === 1) return false
      taken.fill(1, start, end)
      return true
    })
    .sort((one, other) => one.start - other.start)
}

const cover = (text: string, hits: readonly Hit[], mask: string): string => {
  let covered = ''
  let at = 0
  for (const { start, end } of hits) {
    covered += text.slice(at, start) + mask.repeat(Array.from(text.slice(start, end)).length)
    at = end
  }
  return covered + text.slice(at)
}
