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
