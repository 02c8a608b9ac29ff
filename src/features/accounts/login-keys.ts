/** What a login was typed as, and its key in the database. */
import { canonicalName, cut, nameLength } from '../../protocol/user-name.ts'

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
