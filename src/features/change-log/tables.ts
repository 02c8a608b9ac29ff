declare module '../../adapters/db/tables.ts' {
  interface Tables {
    changeLog: ChangeRow
  }
}

/** What was changed; every process reads on from the version that it knows. */
export type ChangeRow = { version: number; kind: string; subject: string; changedAt: number }
