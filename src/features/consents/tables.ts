declare module '../../adapters/db/tables.ts' {
  interface Tables {
    consents: ConsentRow
  }
}

/** What a user has agreed to for one third-party app. One that is revoked stays for a day. */
export type ConsentRow = {
  userId: number
  appId: string
  openId: string
  /** Names of scopes, divided by blanks; empty for a consent that was revoked. */
  scopes: string
  /** Rises when it is revoked: OpenKeys of an older epoch have ended. */
  epoch: number
  grantedAt: number
  /** When it was revoked last, also if it was granted again since. */
  revokedAt: number | null
}
