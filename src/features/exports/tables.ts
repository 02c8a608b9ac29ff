declare module '../../adapters/db/tables.ts' {
  interface Tables {
    exports: ExportRow
    exportParts: ExportPartRow
  }
}

/** What is held about a user, as it is being collected: one export of each user at a time. */
export type ExportRow = {
  userId: number
  exportId: Buffer
  askedAt: number
  /** Null: it is being made. */
  readyAt: number | null
  expiresAt: number
  /** The process that makes it has it until then. */
  claimedUntil: number
  /** The table that is collected next, and the page of it; empty: the first. */
  section: string
  behind: string | null
  parts: number
  bytes: number
  /** 0: it was larger than it may be. */
  isComplete: number
}

/** A piece of an export: JSON, sealed. */
export type ExportPartRow = { exportId: Buffer; part: number; userId: number; body: Buffer }
