/** What a row is, and what rows of several servers share. */
import type { Stream } from './load.ts'

export type Row<P> = {
  name: string
  title: string
  streams(people: P, connections: number): Stream[]
  /** Rows that have to be measured in the same run, of the same engine or by their id. */
  needs?: readonly string[]
}

/** So many wait for their password to be hashed; each hash keeps a core busy for a tenth of a second. */
export const typists = 8
