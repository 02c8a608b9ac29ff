import type { Generated } from '../../adapters/db/kysely.ts'
import type { Audience } from '../../protocol/profile-schema.ts'

declare module '../../adapters/db/tables.ts' {
  interface Tables {
    users: UserRow
    heldNames: HeldNameRow
    profiles: ProfileRow
    profileParams: ProfileParamRow
  }
}

export type UserRow = {
  userId: number
  userName: string
  nickName: string
  /** SHA-256 of the skeleton: no two names look alike. */
  skeleton: Buffer
  /** The nickname as it is searched, UTF-8; null where the user is not found by it. */
  nickKey: Buffer | null
  /** When the user chose another user name, at the latest; null: never. */
  renamedAt: Generated<number | null>
  updatedAt: number
}

/** A user name that its user gave up: free for no other user until then. */
export type HeldNameRow = { loginKey: Buffer; skeleton: Buffer; userId: number; heldUntil: number }

/** What a user tells of themselves; there is no row before the first change. Null: never set. */
export type ProfileRow = {
  userId: number
  gender: string | null
  /** `1990-12-31`, or the year alone of a user who has given an age. */
  birthday: string | null
  region: string | null
  introduction: string | null
  icon: string | null
  language: string | null
  genderFor: Audience | null
  birthdayFor: Audience | null
  ageFor: Audience | null
  regionFor: Audience | null
  introductionFor: Audience | null
  languageFor: Audience | null
  findByEmail: Generated<number>
  findByPhone: Generated<number>
  findByNickName: Generated<number>
  updatedAt: number
}

/** A member that an app has declared; `value` is JSON. */
export type ProfileParamRow = {
  userId: number
  appId: string
  name: string
  value: string
  updatedAt: number
}
