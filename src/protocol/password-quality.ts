/** What a new password must be. The client judges it before it hashes, and the server judges a password that it sees. */
import { toHex, utf8 } from './bytes.ts'
import { passwordBytes } from './password-kdf.ts'
import type { Primitives } from './primitives.ts'

/** Code points of a new password; older ones may be shorter. */
export const fewestCharacters = 8
/** A shorter user name is part of too many words. */
const fewestInWord = 4
/** Hex digits of a SHA-1 sum that a range is asked by; the other 35 stay with the caller. */
export const prefixLength = 5

export type QualityFault = 'PASSWORD_LENGTH' | 'PASSWORD_CHARACTERS' | 'PASSWORD_COMMON'
/** SHA-1 sums, 40 upper-case hex digits: the password is common if a list has one of them. */
export type Judged = { fault: QualityFault } | { sums: readonly string[] }

/** A text is measured before it is normalised: a character may become eighteen. */
export const isPasswordLong = (typed: string): boolean => {
  const { length } = utf8(typed)
  return length >= passwordBytes.min && length <= passwordBytes.max
}

const fold = (text: string) => text.normalize('NFC').toLowerCase()

/** The parts of names and addresses that a password must not lean on, longest first. */
const wordsOf = (context: readonly string[]): string[] =>
  [...new Set(context.flatMap((text) => [fold(text), ...fold(text).split(/[\s@.+_-]+/u)]))]
    .filter((word) => word.length >= fewestInWord)
    .sort((a, b) => b.length - a.length)

const isShort = (text: string) => Array.from(text).length < fewestCharacters

/**
 * Judges all but the lists. `context`: the user name and the addresses of the account; their characters do not count
 * towards the length, and what is left without them must not be common either.
 */
export const judgePassword = (
  { sha1 }: Pick<Primitives, 'sha1'>,
  typed: string,
  context: readonly string[],
): Judged => {
  if (!isPasswordLong(typed)) return { fault: 'PASSWORD_LENGTH' }
  const password = typed.normalize('NFC')
  if (isShort(password)) return { fault: 'PASSWORD_LENGTH' }
  if (/\p{Cc}/u.test(password)) return { fault: 'PASSWORD_CHARACTERS' }
  const folded = fold(password)
  const rest = wordsOf(context).reduce((text, word) => text.replaceAll(word, ''), folded)
  const isRepeated = new Set(Array.from(folded)).size < 3
  if (isShort(rest) || isRepeated) return { fault: 'PASSWORD_COMMON' }
  const texts = [...new Set([password, folded, rest])]
  return { sums: texts.map((text) => toHex(sha1(utf8(text))).toUpperCase()) }
}
