import type { Generated } from 'kysely'

/**
 * The rows, the same on both engines. Times are milliseconds since 1970, yes and no are 1 and 0,
 * keys that must compare byte by byte are Buffers. Encrypted columns hold what `Sealer.seal` returned.
 */
export type Tables = {
  apps: AppRow
  devices: DeviceRow
  addresses: AddressRow
  bans: BanRow
  accounts: AccountRow
  users: UserRow
  verifiers: VerifierRow
  logins: LoginRow
  loginFailures: LoginFailuresRow
  loginStreaks: LoginStreakRow
  auditEvents: AuditEventRow
  changeLog: ChangeRow
  settings: SettingRow
  migrations: MigrationRow
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
  disabledAt: number | null
  createdAt: number
}

/** A provisioned device: `deviceId` is `t` as 16 bytes. */
export type DeviceRow = {
  deviceId: Buffer
  appId: string
  secretSealed: Buffer
  address: string
  deviceType: string
  os: string
  name: string
  minStrength: number
  /** JSON of what the device said of itself in its hello; empty before. */
  hello: string
  createdAt: number
  lastSeenAt: number | null
  expiresAt: number
}

export type AddressRow = {
  address: string
  family: string
  scope: string
  firstSeenAt: number
  lastSeenAt: number
  requests: number
}

/** `network` is canonical CIDR: `192.0.2.1/32`, `2001:db8::/64`. */
export type BanRow = { network: string; bannedUntil: number; reason: string; createdAt: number }

export type AccountRow = {
  /** From 10001. */
  userId: Generated<number>
  /** 8 random bytes: the hash tag of everything the store keeps for this account. */
  tag: Buffer
  status: 'active' | 'disabled' | 'deleted'
  statusReason: string
  epoch: number
  createdAt: number
  updatedAt: number
}

export type UserRow = { userId: number; userName: string; nickName: string; updatedAt: number }

/** `loginKey` is `name:<canonical user name>` as UTF-8. */
export type VerifierRow = {
  loginKey: Buffer
  userId: number
  verifier: string
  nextVerifier: string | null
  createdAt: number
  updatedAt: number
}

export type LoginRow = {
  /** The account's tag (8 bytes) and 8 random bytes. */
  loginId: Buffer
  userId: number
  appId: string
  deviceId: Buffer | null
  deviceType: string
  deviceName: string
  epoch: number
  /** The first 16 bytes of every A2 of this login. */
  a2Handle: Buffer
  a2Hash: Buffer
  a2PreviousHash: Buffer | null
  a2Nonce: Buffer
  a2Counter: number
  a2RotatedAt: number
  /** The highest counter whose A2 or SKey was ever presented. */
  a2Confirmed: number
  authenticatedAt: number
  expiresAt: number
  endedAt: number | null
  endReason: string | null
  endDetail: string | null
  /** The shared key on which it was made or last exchanged. */
  keyPrint: string | null
  /** Its tickets are refused in a weaker envelope (0, 1, 2). */
  minStrength: number
  /** When the minimum strength last rose after the login was made; its older SKeys know nothing of it. */
  strengthRaisedAt: number | null
}

/** The times of the last five failures of a login from one network, newest first; 0 for none. */
export type LoginFailuresRow = {
  loginKey: Buffer
  network: string
  failed1: number
  failed2: number
  failed3: number
  failed4: number
  failed5: number
}

/** Failures of a login in a row, from anywhere. */
export type LoginStreakRow = { loginKey: Buffer; failures: number; lastFailedAt: number }

export type AuditEventRow = {
  eventId: Generated<number>
  happenedAt: number
  kind: string
  userId: number | null
  appId: string | null
  network: string | null
  /** JSON object, never a secret. */
  detail: string
}

/** What an administrator changed; every process reads on from the version it knows. */
export type ChangeRow = { version: number; kind: string; subject: string; changedAt: number }

export type SettingRow = { name: string; value: string }

export type MigrationRow = { name: string; startedAt: number; doneAt: number | null }
