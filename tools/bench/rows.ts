/** What is measured: one table, from which come the words of the command line, the servers needed and the report. */
import type { Stream } from './load.ts'
import type { PeerPopulation } from './peer.ts'
import type { Population } from './population.ts'
import { post } from './requests.ts'
import type { Row } from './row.ts'
import { peerRows } from './rows-peer.ts'
import { toriiRows } from './rows-torii.ts'

/** `memory`: Torii with SQLite and the store in its process; `redis`: Torii with MariaDB and Redis. */
export type TargetName = 'bare' | 'memory' | 'redis' | 'peer'

const bareRow = {
  name: 'bare',
  title: 'bare Fastify, JSON',
  streams: (connections: number): Stream[] => {
    const requests = [post('/bare', { hello: 'bench' })]
    return [{ name: 'bare', connections, source: { kind: 'plain', requests, expect: '"code":1000000,' } }]
  },
}

export type RowName = 'bare' | (typeof toriiRows)[number]['name'] | (typeof peerRows)[number]['name']
export const rowNames: readonly RowName[] = [
  'bare',
  ...toriiRows.map(({ name }) => name),
  ...peerRows.map(({ name }) => name),
]

export type People = Partial<{ memory: Population; redis: Population; peer: PeerPopulation }>
/** One row on one server. */
export type Measurement = {
  /** `session/redis`; without an engine where there is one only. */
  id: string
  name: RowName
  title: string
  target: TargetName
  needs: readonly string[]
  streams(people: People, connections: number): Stream[]
}

const get = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('its server is not up')
  return value
}

const all: readonly Measurement[] = [
  {
    id: 'bare',
    name: 'bare',
    title: bareRow.title,
    target: 'bare',
    needs: [],
    streams: (_people, n) => bareRow.streams(n),
  },
  ...(['memory', 'redis'] as const).flatMap((target) =>
    toriiRows.map((row: Row<Population> & { name: RowName }) => ({
      id: `${row.name}/${target}`,
      name: row.name,
      title: row.title,
      target,
      needs: (row.needs ?? []).map((name) => `${name}/${target}`),
      streams: (people: People, n: number) => row.streams(get(people[target]), n),
    })),
  ),
  ...peerRows.map((row: Row<PeerPopulation> & { name: RowName }) => ({
    id: row.name,
    name: row.name,
    title: row.title,
    target: 'peer' as const,
    needs: row.needs ?? [],
    streams: (people: People, n: number) => row.streams(get(people.peer), n),
  })),
]

/** Whether there is such a row, by its name or with its engine. */
export const isRow = (word: string): boolean => all.some(({ id, name }) => word === id || word === name)

/** The rows asked for, with those that they are compared with. */
export const selectMeasurements = (rows: readonly string[]): Measurement[] => {
  if (rows.length === 0) return [...all]
  const wanted = new Set(['bare'])
  const add = (measurement: Measurement) => {
    if (wanted.has(measurement.id)) return
    wanted.add(measurement.id)
    for (const one of all) if (measurement.needs.includes(one.id)) add(one)
  }
  for (const one of all) if (rows.includes(one.name) || rows.includes(one.id)) add(one)
  return all.filter(({ id }) => wanted.has(id))
}
