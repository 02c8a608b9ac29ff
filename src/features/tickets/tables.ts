declare module '../../adapters/db/tables.ts' {
  interface Tables {
    logins: LoginRow
  }
}

export type LoginRow = {
  /** The account's tag (8 bytes) and 8 random bytes. */
  loginId: Buffer
  userId: number
  appId: string
  deviceId: Buffer | null
  deviceType: string
  deviceName: string
  os: string
  osver: string
  /** What its user calls the device; null: what it calls itself. */
  givenName: string | null
  /** The network that the login came from: a /24 or /64. */
  network: string
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
  /** Of its SKeys the first use, and then one within each hour. */
  lastSeenAt: number
  authenticatedAt: number
  /** When its user last proved again who is asking; null: only at the beginning. */
  reauthenticatedAt: number | null
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
