import type { Language } from '../protocol/errors.ts'

/** The best of our languages for an `Accept-Language` header (RFC 9110 section 12.5.4), else the first. */
export const chooseLanguage = (header: string | undefined, languages: readonly Language[]): Language => {
  return findLanguage(header, languages) ?? languages[0] ?? 'en'
}

/** The same, or undefined where none of ours is named. */
export const findLanguage = (
  header: string | undefined,
  languages: readonly Language[],
): Language | undefined => {
  if (!header || header.length > 200) return undefined
  const wanted = header
    .split(',')
    .map((part) => {
      const [tag = '', ...options] = part.trim().toLowerCase().split(';')
      const quality = options.map((option) => /^\s*q=([01](?:\.\d*)?)\s*$/.exec(option)?.[1]).find(Boolean)
      return { tag, quality: Number(quality ?? 1) }
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
  for (const { tag } of wanted) {
    const found = languages.find((language) => language.toLowerCase().split('-')[0] === tag.split('-')[0])
    if (found) return found
  }
  return undefined
}
