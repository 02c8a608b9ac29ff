declare module '../../adapters/db/tables.ts' {
  interface Tables {
    withheldCapabilities: WithheldRow
  }
}

/** What a user may not do at present. */
export type WithheldRow = {
  userId: number
  capability: string
  withheldAt: number
  /** Null: for good. */
  withheldUntil: number | null
  /** As the user is told. */
  why: string
}
