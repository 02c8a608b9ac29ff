declare module '../../adapters/db/tables.ts' {
  interface Tables {
    identities: IdentityRow
  }
}

/** A user of a provider who is a user here: one of each provider and account at most. */
export type IdentityRow = {
  userId: number
  /** Its name in the configuration. */
  provider: string
  issuer: string
  /** As UTF-8, compared byte by byte. */
  subject: Buffer
  /** What the provider calls the user, so that the user knows the identity again. Empty: it says nothing. */
  displayName: string
  createdAt: number
}
