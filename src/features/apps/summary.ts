/** An app's row as an administrator sees it, and as the stages of a call do. */
import type { AppFriends, AppRight, CallerApp, TicketFormat } from '../../http/caller.ts'
import { namesOf, type Permission } from '../../protocol/permissions.ts'
import type { ProfileField } from '../../protocol/profile-schema.ts'
import type { AppRow } from './tables.ts'

/** An app as an administrator sees it; its secret is shown once, when it is made. */
export type AppSummary = {
  appId: string
  name: string
  isPublic: boolean
  minStrength: number
  origins: string[]
  /** Targets to which a browser may be sent with a login, character by character. */
  redirects: string[]
  rights: AppRight[]
  /** The apps whose tickets this backend checks; undefined for an app that is no backend. */
  checks: string[] | undefined
  /** The apps that a login of this app may be taken to by a web code. */
  jumpsTo: string[]
  isThirdParty: boolean
  /** What a third-party app may ask users for, beside `openid`. */
  scopes: string[]
  ticketFormat: TicketFormat
  /** What a request to another user makes. */
  friends: AppFriends
  /** What its users grant a friend, and anyone else, while they have not said otherwise. */
  friendDefaults: Permission[]
  strangerDefaults: Permission[]
  /** The members that profiles of its users have beside ours. */
  profileSchema: readonly ProfileField[]
  isDisabled: boolean
  isRotating: boolean
  createdAt: number
}

const readWords = (text: string) => text.split(' ').filter((word) => word !== '')

const readRights = ({ rights }: AppRow) => readWords(rights) as AppRight[]

const readJumps = ({ jumpsTo }: AppRow): string[] => (jumpsTo === null ? [] : JSON.parse(jumpsTo))

/** Of an app without its own. */
const defaults = {
  friend: ['chat', 'viewInfo', 'viewPosts', 'add'],
  stranger: ['viewInfo', 'add'],
} as const satisfies Record<string, readonly Permission[]>

const readPermissions = (bits: number | null, otherwise: readonly Permission[]): Permission[] =>
  bits === null ? [...otherwise] : namesOf(bits)

const readDefaults = ({ friendDefaults, strangerDefaults }: AppRow) => ({
  friendDefaults: readPermissions(friendDefaults, defaults.friend),
  strangerDefaults: readPermissions(strangerDefaults, defaults.stranger),
})
const noFields: readonly ProfileField[] = []
const schemas = new WeakMap<AppRow, readonly ProfileField[]>()

/** Parsed once for each row, since every call of the app has it. */
const readSchema = (row: AppRow): readonly ProfileField[] => {
  if (row.profileSchema === null) return noFields
  const fields: readonly ProfileField[] = schemas.get(row) ?? JSON.parse(row.profileSchema)
  schemas.set(row, fields)
  return fields
}

export const toCallerApp = (row: AppRow): CallerApp => ({
  appId: row.appId,
  isPublic: row.isPublic === 1,
  minStrength: row.minStrength,
  rights: readRights(row),
  checks: row.checks === null ? [row.appId] : JSON.parse(row.checks),
  jumpsTo: readJumps(row),
  isThirdParty: row.isThirdParty === 1,
  scopes: readWords(row.scopes),
  ticketFormat: row.ticketFormat,
  friends: row.friends,
  ...readDefaults(row),
  profileSchema: readSchema(row),
})

export const summarise = (row: AppRow): AppSummary => ({
  appId: row.appId,
  name: row.name,
  isPublic: row.isPublic === 1,
  minStrength: row.minStrength,
  origins: JSON.parse(row.origins),
  redirects: JSON.parse(row.redirects ?? '[]'),
  rights: readRights(row),
  checks: row.checks === null ? undefined : JSON.parse(row.checks),
  jumpsTo: readJumps(row),
  isThirdParty: row.isThirdParty === 1,
  scopes: readWords(row.scopes),
  ticketFormat: row.ticketFormat,
  friends: row.friends,
  ...readDefaults(row),
  profileSchema: readSchema(row),
  isDisabled: row.disabledAt !== null,
  isRotating: row.previousSecretHash !== null,
  createdAt: row.createdAt,
})

/** Anything else is no app's id, and would only break the query: the column is ASCII. */
export const isAppId = (text: string): boolean => /^[A-Za-z0-9]{1,64}$/.test(text)
