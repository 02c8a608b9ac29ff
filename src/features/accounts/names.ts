/** User names: what may be one, and when two are the same. */
import { Failure } from '../../protocol/errors.ts'

const nameLength = { min: 3, max: 45 } as const
// Control and format characters (zero width, direction marks) make names that look alike; line breaks forge logs.
const forbidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/u

/**
 * NFKC, each code point to lower, upper and lower case, NFKC again: the same on every engine and in every language.
 * Lower case comes first for ẞ alone, which else would be ß and not, as ß is, ss.
 */
export const canonicalName = (name: string): string =>
  Array.from(name.normalize('NFKC'), (point) => point.toLowerCase().toUpperCase().toLowerCase())
    .join('')
    .normalize('NFKC')

const lengthOf = (text: string) => Array.from(text).length
const isLengthGood = (text: string) => lengthOf(text) >= nameLength.min && lengthOf(text) <= nameLength.max

/** A name as it is kept, and its key. Throws NAME_LENGTH or TEXT_CHARACTERS. */
export const checkUserName = (typed: string): { userName: string; key: string } => {
  const userName = typed.normalize('NFKC')
  const key = canonicalName(typed)
  if (!isLengthGood(userName) || !isLengthGood(key))
    throw new Failure('NAME_LENGTH', { info: 'user.userName' })
  const isBad = forbidden.test(userName) || userName.trim() !== userName || /^\p{Nd}+$|@|^\+/u.test(key)
  if (isBad) throw new Failure('TEXT_CHARACTERS', { info: 'user.userName' })
  return { userName, key }
}

/** A nickname as it is kept. Throws NAME_LENGTH or TEXT_CHARACTERS. */
export const checkNickName = (typed: string): string => {
  const nickName = typed.normalize('NFC').trim()
  if (nickName === '' || lengthOf(nickName) > nameLength.max) {
    throw new Failure('NAME_LENGTH', { info: 'user.nickName' })
  }
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(nickName)) throw new Failure('TEXT_CHARACTERS', { info: 'user.nickName' })
  return nickName
}

/** What somebody typed as a login. `name` need not be one that could be registered. */
export type CanonicalLogin = { kind: 'number'; userId: number; text: string } | { kind: 'name'; text: string }

export const canonicalLogin = (typed: string): CanonicalLogin => {
  const text = canonicalName(typed)
  const userId = /^[0-9]{1,15}$/.test(text) ? Number(text) : 0
  return userId > 0 ? { kind: 'number', userId, text: String(userId) } : { kind: 'name', text }
}

/** The key of a login in the database. What is too long to be registered is counted by its beginning. */
export const loginKeyOf = ({ kind, text }: CanonicalLogin | { kind: 'name'; text: string }): Buffer =>
  Buffer.from(
    `${kind}:${Array.from(text)
      .slice(0, nameLength.max + 1)
      .join('')}`,
  )
