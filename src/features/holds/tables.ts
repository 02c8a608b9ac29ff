declare module '../../adapters/db/tables.ts' {
  interface Tables {
    heldMarks: HeldMarkRow
  }
}

/** A name, what it looks like, or an address of an erased account, as a keyed hash: free for no user until then. */
export type HeldMarkRow = { mark: Buffer; heldUntil: number }
