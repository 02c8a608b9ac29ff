import type { Folding } from './fold.ts'

/** Why a word can't be listed. `single`: folding leaves one code point of several, which would match half of all texts. */
export type Refusal = 'not a text' | 'empty' | 'single' | 'too long'

/** A word as it is compared: its parts are code points; equal words have the same `key`. */
export type Word = { text: string; parts: number[][]; length: number; key: string }

/** Code points of the longest word, wildcards not counted. */
export const longestWord = 64
/** Units of the longest text that is folded at all. */
const longestRaw = 1_024

export type ReadWord = (raw: unknown) => Word | { refusal: Refusal }

export const createReadWord = ({ fold }: Folding, wildcard: string): ReadWord => {
  const divider = wildcard.codePointAt(0) ?? 0

  const splitParts = (text: string): number[][] => {
    const { points, count } = fold(text)
    const parts: number[][] = [[]]
    for (let at = 0; at < count; at++) {
      const point = points[at] ?? 0
      if (point === divider) parts.push([])
      else parts.at(-1)?.push(point)
    }
    return parts.map(trimBlanks).filter((part) => part.length > 0)
  }

  return function readWord(raw) {
    if (typeof raw !== 'string') return { refusal: 'not a text' }
    const text = raw.trim()
    if (text.length > longestRaw) return { refusal: 'too long' }
    const parts = splitParts(text)
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    if (length === 0) return { refusal: 'empty' }
    if (length > longestWord) return { refusal: 'too long' }
    if (length === 1 && Array.from(text).length > 1) return { refusal: 'single' }
    return { text, parts, length, key: parts.map((part) => String.fromCodePoint(...part)).join(wildcard) }
  }
}

const trimBlanks = (part: number[]): number[] => {
  const isBlank = (point: number) => point === 32
  const first = part.findIndex((point) => !isBlank(point))
  return first < 0 ? [] : part.slice(first, part.findLastIndex((point) => !isBlank(point)) + 1)
}
