/** User names: what may be one, and when two are the same or look the same. Nicknames: what may be shown. */
import type { Random } from '../../adapters/random.ts'
import { toHex } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { isOneScript } from './scripts.ts'

const nameLength = { min: 3, max: 45 } as const
/** Code points as typed. Normalizing costs little up to here; one code point may become 18. */
const longestTyped = 200
/**
 * Characters without a look of their own. Control and format characters, line breaks (they forge logs), private and
 * unassigned ones, everything that Unicode says may be left invisible, an empty Braille cell, an empty note head.
 */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]/u
const bidiControls = /\p{Bidi_Control}/u
const visible = /[^\p{C}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]/u

/** For most names the long way comes to the same. */
const ascii = /^[\x20-\x7e]*$/

/** Replaces characters by those that they look like (UTS 39). */
export type Unmask = (text: string) => string

/** Bounded: a code point is one or two units, so most texts are not taken apart. */
const isLonger = (text: string, most: number): boolean =>
  text.length > 2 * most || (text.length > most && Array.from(text).length > most)

const cut = (text: string, most: number): string =>
  isLonger(text, most)
    ? Array.from(text.slice(0, 2 * most))
        .slice(0, most)
        .join('')
    : text

/**
 * Each code point to lower, upper and lower case, NFKC: the same on every engine and in every language. Lower case
 * comes first for ẞ alone, which otherwise would be ß and not, as ß is, ss.
 */
const foldCase = (text: string): string =>
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

/** Equal for names that look alike. Unmasked before the case is folded, since I looks like l, and after. */
export const skeletonOf = (userName: string, unmask: Unmask): string => {
  const look = (text: string) => unmask(text.normalize('NFD')).normalize('NFD')
  return look(foldCase(look(userName)))
}

export type UserName = { userName: string; key: string; skeleton: string }

/** Checks names to be registered. `reserved` names, and what looks like them, are taken from the start. */
export const createNames = ({ reserved, unmask }: { reserved: readonly string[]; unmask: Unmask }) => {
  const reservedKeys = new Set(reserved.map(canonicalName))
  const reservedSkeletons = new Set(
    reserved.flatMap((name) => [name.toLowerCase(), name.toUpperCase()]).map((it) => skeletonOf(it, unmask)),
  )

  /** A name as it is kept, its key and its skeleton. Throws NAME_LENGTH, TEXT_CHARACTERS or ALREADY_REGISTERED. */
  const checkUserName = (typed: string): UserName => {
    const info = 'user.userName'
    if (isLonger(typed, longestTyped)) throw new Failure('NAME_LENGTH', { info })
    const userName = typed.normalize('NFKC').replace(/ +/g, ' ')
    if (isLonger(userName, nameLength.max)) throw new Failure('NAME_LENGTH', { info })
    const key = canonicalName(userName)
    const isShort = [userName, key].some((text) => !isLonger(text, nameLength.min - 1))
    if (isShort || isLonger(key, nameLength.max)) throw new Failure('NAME_LENGTH', { info })
    const isBad =
      invisible.test(userName) ||
      userName.trim() !== userName ||
      /^\p{Nd}+$|@|^\+/u.test(key) ||
      isPhoneLike(key) ||
      !isOneScript(userName)
    if (isBad) throw new Failure('TEXT_CHARACTERS', { info })
    const skeleton = skeletonOf(userName, unmask)
    if (reservedKeys.has(key) || reservedSkeletons.has(skeleton)) throw new Failure('ALREADY_REGISTERED')
    return { userName, key, skeleton }
  }
  return { checkUserName, checkNickName }
}

export type Names = ReturnType<typeof createNames>

/** Digits with what people write between them: typed as a login it would be a phone number. */
const isPhoneLike = (key: string) =>
  /^[\p{Nd} ().\-/]+$/u.test(key) && (key.match(/\p{Nd}/gu) ?? []).length >= 7

/** A nickname as it is kept. Throws NAME_LENGTH or TEXT_CHARACTERS. */
const checkNickName = (typed: string): string => {
  const info = 'user.nickName'
  if (isLonger(typed, longestTyped)) throw new Failure('NAME_LENGTH', { info })
  const nickName = typed.normalize('NFC').trim()
  if (nickName === '' || isLonger(nickName, nameLength.max)) throw new Failure('NAME_LENGTH', { info })
  const isBad =
    /[\p{Cc}\p{Zl}\p{Zp}]/u.test(nickName) || bidiControls.test(nickName) || !visible.test(nickName)
  if (isBad) throw new Failure('TEXT_CHARACTERS', { info })
  return nickName
}

/** A login as typed. `name` need not be one that could be registered. */
export type CanonicalLogin = { kind: 'number'; userId: number; text: string } | { kind: 'name'; text: string }

export const canonicalLogin = (typed: string): CanonicalLogin => {
  const text = canonicalName(typed)
  const userId = /^[0-9]{1,15}$/.test(text) ? Number(text) : 0
  return userId > 0 ? { kind: 'number', userId, text: String(userId) } : { kind: 'name', text }
}

export const numberKey = (userId: number): Buffer => Buffer.from(`number:${userId}`)

/** The key of a login in the database. A text that is too long to be registered counts by its beginning. */
export const loginKeyOf = ({ kind, text }: CanonicalLogin | { kind: 'name'; text: string }): Buffer =>
  Buffer.from(`${kind}:${cut(text, nameLength.max + 1)}`)

const nameBytes = 6

/** A name that no one chose: random, so that it tells nothing and is free. */
export const drawUserName = (random: Random): string => `user-${toHex(random.bytes(nameBytes))}`
