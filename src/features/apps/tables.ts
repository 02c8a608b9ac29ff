import type { AppFriends, TicketFormat } from '../../http/caller.ts'

declare module '../../adapters/db/tables.ts' {
  interface Tables {
    apps: AppRow
    devices: DeviceRow
  }
}

export type AppRow = {
  appId: string
  name: string
  secretHash: Buffer
  previousSecretHash: Buffer | null
  isPublic: number
  minStrength: number
  /** JSON array of origins. */
  origins: string
  /** JSON array of targets to which a browser may be sent with a login; null: none. */
  redirects: string | null
  /** Names of rights, divided by blanks. */
  rights: string
  /** JSON array of the apps whose tickets this backend checks; null for an app that is no backend. */
  checks: string | null
  /** JSON array of the apps that a login of this app may be taken to; null: there never were any. */
  jumpsTo: string | null
  isThirdParty: number
  /** Names of the scopes that it may ask users for, divided by blanks. */
  scopes: string
  ticketFormat: TicketFormat
  friends: AppFriends
  /** Bits of what a user grants a friend, and anyone else, by default; null: those of the server. */
  friendDefaults: number | null
  strangerDefaults: number | null
  /** JSON array of fields; null: none. */
  profileSchema: string | null
  disabledAt: number | null
  createdAt: number
}

/** A provisioned device: `deviceId` is `t` as 16 bytes. */
export type DeviceRow = {
  deviceId: Buffer
  appId: string
  secretSealed: Buffer
  /** Where it was provisioned from: the address or /64, and the /24 or /48 around it. */
  address: string
  site: string
  deviceType: string
  os: string
  name: string
  minStrength: number
  /** JSON of what the device said of itself in its hello; empty before. */
  hello: string
  createdAt: number
  lastSeenAt: number | null
  /** When it was provisioned or called last: of devices without a login the one used longest ago makes room. */
  usedAt: number
  /** A user has logged in on it. */
  hasLogin: number
  expiresAt: number
}
