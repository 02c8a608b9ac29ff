declare module '../../adapters/db/tables.ts' {
  interface Tables {
    roleGrants: RoleGrantRow
  }
}

export type RoleGrantRow = {
  userId: number
  role: string
  /** Counts for tickets of this app; empty: of every app. */
  appId: string
  grantedAt: number
}
