/** What a row is, and what rows of several servers share. */
import type { Stream } from './load.ts'
import type { PlainRequest } from './sources.ts'

export type Row<P> = {
  name: string
  title: string
  streams(people: P, connections: number): Stream[]
  /** Rows that have to be measured in the same run, of the same engine or by their id. */
  needs?: readonly string[]
}

const jsonHeaders = { 'content-type': 'application/json' }
/** So many wait for their password to be hashed; each hash keeps a core busy for a tenth of a second. */
export const typists = 8

export const post = (path: string, members: object, headers: Record<string, string> = {}): PlainRequest => ({
  method: 'POST',
  path,
  headers: { ...jsonHeaders, ...headers },
  body: JSON.stringify(members),
})
