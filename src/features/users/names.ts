/** User names: what may be one, and when two are the same or look the same. Nicknames: what may be shown. */
import type { Random } from '../../adapters/random.ts'
import { toHex } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { canonicalName, foldCase, isLonger, longestTyped, nameLength } from '../../protocol/user-name.ts'
import { isOneScript } from './scripts.ts'

/**
 * Characters without a look of their own. Control and format characters, line breaks (they forge logs), private and
 * unassigned ones, everything that Unicode says may be left invisible, an empty Braille cell, an empty note head.
 */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]/u
const bidiControls = /\p{Bidi_Control}/u
const visible = /[^\p{C}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800\u{1d159}]/u

/** Replaces characters by those that they look like (UTS 39). */
export type Unmask = (text: string) => string

/** Equal for names that look alike. Unmasked before the case is folded, since I looks like l, and after. */
export const skeletonOf = (userName: string, unmask: Unmask): string => {
  const look = (text: string) => unmask(text.normalize('NFD')).normalize('NFD')
  return look(foldCase(look(userName)))
}

/** `loginKey`: the form under which it opens an account. `skeleton`: what it looks like. */
export type UserName = { userName: string; loginKey: Buffer; skeleton: string }

/** Checks names to be registered. `reserved` names, and what looks like them, are taken from the start. */
export const createNames = ({ reserved, unmask }: { reserved: readonly string[]; unmask: Unmask }) => {
  const reservedKeys = new Set(reserved.map(canonicalName))
  const reservedSkeletons = new Set(
    reserved.flatMap((name) => [name.toLowerCase(), name.toUpperCase()]).map((it) => skeletonOf(it, unmask)),
  )

  /** A name as it is kept. Throws NAME_LENGTH, TEXT_CHARACTERS or ALREADY_REGISTERED. */
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
    return { userName, loginKey: nameKey(key), skeleton }
  }
  return { checkUserName, checkNickName }
}

/** As the table of verifiers has it. */
export const nameKey = (key: string) => Buffer.from(`name:${key}`)

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

const nameBytes = 6

/** A name that no one chose: random, so that it tells nothing and is free. */
export const drawUserName = (random: Random): string => `user-${toHex(random.bytes(nameBytes))}`
