/** When two user names count as the same, whatever their spelling. Both ends of a login know it by this rule. */

/** Code points of a user name. */
export const nameLength = { min: 3, max: 45 } as const
/** Code points as typed. Normalizing costs little up to here; one code point may become 18. */
export const longestTyped = 200

/** For most names the long way comes to the same. */
const ascii = /^[\x20-\x7e]*$/

/** Bounded: a code point is one or two units, so most texts are not taken apart. */
export const isLonger = (text: string, most: number): boolean =>
  text.length > 2 * most || (text.length > most && Array.from(text).length > most)

export const cut = (text: string, most: number): string =>
  isLonger(text, most)
    ? Array.from(text.slice(0, 2 * most))
        .slice(0, most)
        .join('')
    : text

/**
 * Each code point to lower, upper and lower case, NFKC: the same on every engine and in every language. Lower case
 * comes first for ẞ alone, which otherwise would be ß and not, as ß is, ss.
 */
export const foldCase = (text: string): string =>
  ascii.test(text)
    ? text.toLowerCase()
    : Array.from(text, (point) => point.toLowerCase().toUpperCase().toLowerCase())
        .join('')
        .normalize('NFKC')

/** The key of a name: two names with one key are the same. Blanks at the ends and in runs make no difference. */
export const canonicalName = (typed: string): string => {
  const normal = cut(typed, longestTyped).normalize('NFKC').replace(/\s+/gu, ' ').trim()
  return foldCase(cut(normal, nameLength.max + 1))
}
