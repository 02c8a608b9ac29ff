/** Which characters look like others: the confusables of UTS 39, from the data of the package `unhomoglyph`. */
import { createRequire } from 'node:module'

/**
 * Replaces each code point by the one or more that it looks like. The package's own function searches for all 6,311 in
 * one regular expression; a look-up for each code point is enough, since no entry is longer than one.
 */
export const openLookAlikes = (): ((text: string) => string) => {
  const prototypes = new Map<string, string>(
    Object.entries(createRequire(import.meta.url)('unhomoglyph/data.json') as Record<string, string>),
  )
  return (text) => Array.from(text, (point) => prototypes.get(point) ?? point).join('')
}
