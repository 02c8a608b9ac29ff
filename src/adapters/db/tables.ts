/**
 * The rows, the same on both engines: each feature adds its own tables to this interface, in its tables.ts. Times are
 * milliseconds since 1970, yes and no are 1 and 0, keys that must compare byte by byte are Buffers. Encrypted columns
 * hold what `Sealer.seal` returned.
 */
export interface Tables {
  migrations: MigrationRow
}

export type MigrationRow = { name: string; startedAt: number; doneAt: number | null }
