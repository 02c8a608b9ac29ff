/** The form in which nicknames are searched: equal for spellings that a searcher would not tell apart. */
import { cut, foldCase, longestTyped } from '../../protocol/user-name.ts'

/** Code points of the form that are kept, at most 4 bytes each. */
const longestKey = 64

/** Folded, without what is invisible, such as zero-width characters, and with single blanks. */
export const foldNick = (typed: string): string => {
  const shown = cut(typed, longestTyped)
    .normalize('NFKC')
    .replace(/[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]/gu, '')
    .replace(/\s+/gu, ' ')
    .trim()
  return cut(foldCase(cut(shown, longestKey)), longestKey)
}

export const nickKeyOf = (nickName: string): Buffer => Buffer.from(foldNick(nickName))

/** The first key after all that begin with these bytes. UTF-8 has no byte 255, so the last one can be raised. */
export const endOfPrefix = (prefix: Buffer): Buffer => {
  const end = Buffer.from(prefix)
  end[end.length - 1] = (end[end.length - 1] ?? 0) + 1
  return end
}
