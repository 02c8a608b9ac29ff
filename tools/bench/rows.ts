/** What is measured: one table, from which come the words of the command line, the servers needed and the report. */
import type { Stream } from './load.ts'
import type { PeerPopulation } from './peer.ts'
import type { Population } from './population.ts'
import { post } from './requests.ts'
import { peerRows } from './rows-peer.ts'
import { toriiRows } from './rows-torii.ts'

/** `memory`: Torii with SQLite and the store in its process; `redis`: Torii with MariaDB and Redis. */
export type TargetName = 'bare' | 'memory' | 'redis' | 'peer'
export type People = Partial<{ memory: Population; redis: Population; peer: PeerPopulation }>

export type Row<P> = {
  name: string
  title: string
  streams(people: P, connections: number): Stream[]
  /** Rows that have to be measured in the same run; those of Torii on the same engines. */
  needs?: readonly string[]
  /** Clients that take long to prepare. */
  clients?: 'typists' | 'keys' | 'mails' | 'jwts' | undefined
}

/** One row on one server. */
export type Measurement = Omit<Row<People>, 'needs'> & {
  /** `session/redis`; without an engine where there is one only. */
  id: string
  target: TargetName
  needs: readonly string[]
}

const bareRow: Row<object> = {
  name: 'bare',
  title: 'bare Fastify, JSON',
  streams: (_, connections) => {
    const requests = [post('/bare', { hello: 'bench' })]
    return [{ name: 'bare', connections, source: { kind: 'plain', requests, expect: '"code":1000000,' } }]
  },
}

const listFor = <P>(
  target: TargetName,
  rows: readonly Row<P>[],
  peopleOf: (people: People) => P | undefined,
  suffix = '',
): Measurement[] =>
  rows.map(({ name, title, streams, needs = [], clients }) => ({
    id: name + suffix,
    name,
    title,
    target,
    clients,
    needs: needs.map((other) => other + suffix),
    streams: (people, connections) => {
      const own = peopleOf(people)
      if (own === undefined) throw new Error(`${target} is not up`)
      return streams(own, connections)
    },
  }))

const all: readonly Measurement[] = [
  ...listFor('bare', [bareRow], (people) => people),
  ...listFor('memory', toriiRows, ({ memory }) => memory, '/memory'),
  ...listFor('redis', toriiRows, ({ redis }) => redis, '/redis'),
  ...listFor('peer', peerRows, ({ peer }) => peer),
]

/** The row that is no server's: the word filter by itself. */
export const wordsRow = 'words'

export const rowNames: readonly string[] = [...new Set(all.map(({ name }) => name)), wordsRow]

/** Whether there is such a row, by its name or with its engine. */
export const isRow = (word: string): boolean =>
  word === wordsRow || all.some(({ id, name }) => word === id || word === name)

/** The rows asked for, with those that they are compared with. */
export const selectMeasurements = (rows: readonly string[]): Measurement[] => {
  if (rows.length === 0) return [...all]
  const wanted = new Set(['bare'])
  const add = ({ id, needs }: Measurement) => {
    wanted.add(id)
    for (const one of all) if (needs.includes(one.id) && !wanted.has(one.id)) add(one)
  }
  for (const one of all) if (rows.includes(one.name) || rows.includes(one.id)) add(one)
  return all.filter(({ id }) => wanted.has(id))
}
