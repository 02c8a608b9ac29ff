/** Whole words and names that look like a listed one: they are compared by the skeleton of their looks. */
import type { Hit, ListName } from './filter.ts'

/** Texts that look alike have the same skeleton. */
export type SkeletonOf = (text: string) => string

export type FindLooks = (text: string, lists: readonly ListName[]) => Hit[]

/** A name is no longer than this; longer texts are no name. */
const longestName = 64
const tokens = /[\p{L}\p{M}\p{N}\p{Default_Ignorable_Code_Point}]+/gu

export type Looks = { exact: ReadonlyMap<string, string>; reserved: ReadonlyMap<string, string> }

/** `exact` hits a whole word of a text, or the whole text; `reserved` the whole text alone. */
export const createFindLooks = ({ exact, reserved }: Looks, skeletonOf: SkeletonOf): FindLooks => {
  const findWhole = (text: string, lists: readonly ListName[]): Hit[] => {
    const trimmed = text.trim()
    if (trimmed === '' || trimmed.length > 2 * longestName) return []
    const skeleton = skeletonOf(trimmed)
    const start = text.indexOf(trimmed)
    return (
      [
        ['reserved', reserved],
        ['exact', exact],
      ] as const
    ).flatMap(([list, words]) => {
      const word = lists.includes(list) ? words.get(skeleton) : undefined
      return word === undefined ? [] : [{ word, list, start, end: start + trimmed.length }]
    })
  }

  const findTokens = (text: string): Hit[] => {
    const hits: Hit[] = []
    for (const { 0: token, index } of text.matchAll(tokens)) {
      const word = token.length <= 2 * longestName ? exact.get(skeletonOf(token)) : undefined
      if (word !== undefined) hits.push({ word, list: 'exact', start: index, end: index + token.length })
    }
    return hits
  }

  return function findLooks(text, lists) {
    if (exact.size === 0 && reserved.size === 0) return []
    const whole = findWhole(text, lists)
    if (whole.length > 0) return whole.slice(0, 1)
    return exact.size > 0 && lists.includes('exact') ? findTokens(text) : []
  }
}
