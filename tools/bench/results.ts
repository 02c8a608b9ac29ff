/** Figures of single runs, and what they come to. */
import type { StreamResult } from './load.ts'
import type { Measurement, TargetName } from './rows.ts'

/** One stream of one measurement in one round. */
export type Sample = StreamResult & {
  /** Of the measurement; further streams of it have their name behind: `mixed/redis:logins`. */
  line: string
  title: string
  target: TargetName
  round: number
  /** Beside bare Fastify, as measured last. */
  ratio: number
  /** The most that was seen of the server's memory meanwhile. */
  rssMb: number | undefined
  /** Shares of one core. */
  serverCpu: number | undefined
  loadCpu: number
  /** CPU time of the server for each request, those of the warm-up too. */
  cpuUs: number | undefined
  /** Trips for each request; undefined where they are not counted, or two streams share the server. */
  storeTrips: number | undefined
  databaseTrips: number | undefined
}

export const lineOf = ({ id }: Measurement, stream: number, name: string) =>
  stream === 0 ? id : `${id}:${name}`

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[middle]]
  return (low + high) / 2
}

export type Line = ReturnType<typeof summarise>[number]

const knownOf = (values: readonly (number | undefined)[]) => values.filter((value) => value !== undefined)

/** One line for each stream, in the order in which they were measured. */
export const summarise = (samples: readonly Sample[]) =>
  [...new Set(samples.map(({ line }) => line))].map((id) => {
    const runs = samples.filter(({ line }) => line === id)
    const [first] = runs
    const medianOf = (pick: (sample: Sample) => number | undefined) => {
      const values = knownOf(runs.map(pick))
      return values.length === 0 ? undefined : median(values)
    }
    const allOf = (pick: (sample: Sample) => number) => ({
      median: median(runs.map(pick)),
      runs: runs.map(pick),
    })
    return {
      id,
      title: first?.title ?? '',
      target: first?.target ?? ('bare' as const),
      perSecond: allOf(({ perSecond }) => perSecond),
      ratio: allOf(({ ratio }) => ratio),
      p50Ms: allOf(({ p50Ms }) => p50Ms),
      p99Ms: allOf(({ p99Ms }) => p99Ms),
      rssMb: Math.max(0, ...knownOf(runs.map(({ rssMb }) => rssMb))) || undefined,
      serverCpu: medianOf(({ serverCpu }) => serverCpu),
      cpuUs: medianOf(({ cpuUs }) => cpuUs),
      loadCpu: medianOf(({ loadCpu }) => loadCpu),
      storeTrips: medianOf(({ storeTrips }) => storeTrips),
      databaseTrips: medianOf(({ databaseTrips }) => databaseTrips),
      answered: runs.reduce((sum, { answered }) => sum + answered, 0),
      failed: runs.reduce((sum, { failed }) => sum + failed, 0),
      failures: [...new Set(runs.flatMap(({ failures }) => failures))].slice(0, 3),
    }
  })
