/** One row in one round, while its server is watched; and what all rounds come to. */
import type { Job, StreamResult } from './load.ts'
import { type Load, readUse } from './processes.ts'
import type { Measurement, TargetName } from './rows.ts'
import type { Trips } from './torii.ts'

export type Target = {
  pid: number
  port: number
  stop(): Promise<void>
  readTrips?(): Promise<Trips | undefined>
}

/** One stream of one measurement in one round. */
export type Sample = StreamResult & {
  /** Of the measurement; further streams of it have their name behind: `mixed/redis:logins`. */
  line: string
  title: string
  target: TargetName
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

const lookEveryMs = 200

/** The most memory that a process has while `work` runs, and the CPU time that it uses. */
const watch = async <T>(pid: number, work: () => Promise<T>) => {
  const before = readUse(pid)
  const startedAt = performance.now()
  let rssMb = before?.rssMb
  const timer = setInterval(() => {
    const now = readUse(pid)
    if (now) rssMb = Math.max(rssMb ?? 0, now.rssMb)
  }, lookEveryMs)
  try {
    const result = await work()
    const after = readUse(pid)
    const cpuSeconds = before && after && after.cpuSeconds - before.cpuSeconds
    return { result, rssMb, cpuSeconds, seconds: (performance.now() - startedAt) / 1_000 }
  } finally {
    clearInterval(timer)
  }
}

/** @param bare requests per second of bare Fastify, measured last; undefined while it is itself measured. */
export const measure = async (
  { id, title, target: name }: Measurement,
  { target, load, job, bare }: { target: Target; load: Load; job: Job; bare: number | undefined },
): Promise<Sample[]> => {
  const before = await target.readTrips?.()
  const { result, rssMb, cpuSeconds, seconds } = await watch(target.pid, () => load.run(job))
  const after = await target.readTrips?.()
  // What two streams cost together is not the cost of either.
  const isAlone = result.streams.length === 1
  const tripsOf = (kind: keyof Trips, requests: number) =>
    before && after && isAlone ? (after[kind] - before[kind]) / requests : undefined
  return result.streams.map((stream, index) => ({
    ...stream,
    line: index === 0 ? id : `${id}:${stream.name}`,
    title,
    target: name,
    ratio: bare === undefined ? 1 : stream.perSecond / bare,
    rssMb,
    serverCpu: cpuSeconds && cpuSeconds / seconds,
    cpuUs: cpuSeconds && isAlone ? (cpuSeconds * 1e6) / stream.total : undefined,
    loadCpu: result.cpu,
    storeTrips: tripsOf('store', stream.total),
    databaseTrips: tripsOf('database', stream.total),
  }))
}

const knownOf = (values: readonly (number | undefined)[]) => values.filter((value) => value !== undefined)

export const medianOf = (values: readonly (number | undefined)[]): number | undefined => {
  const sorted = knownOf(values).sort((a, b) => a - b)
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]]
  return low === undefined || high === undefined ? undefined : (low + high) / 2
}

export type Line = ReturnType<typeof summarise>[number]

/** One line for each stream, in the order in which they were measured. */
export const summarise = (samples: readonly Sample[]) =>
  [...new Set(samples.map(({ line }) => line))].map((id) => {
    const runs = samples.filter(({ line }) => line === id)
    type Figure = 'serverCpu' | 'cpuUs' | 'loadCpu' | 'storeTrips' | 'databaseTrips'
    const median = (figure: Figure) => medianOf(runs.map((run) => run[figure]))
    const allOf = (figure: 'perSecond' | 'ratio' | 'p50Ms' | 'p99Ms') => {
      const values = runs.map((run) => run[figure])
      return { median: medianOf(values) ?? 0, runs: values }
    }
    return {
      id,
      title: runs[0]?.title ?? '',
      target: runs[0]?.target ?? ('bare' as const),
      perSecond: allOf('perSecond'),
      ratio: allOf('ratio'),
      p50Ms: allOf('p50Ms'),
      p99Ms: allOf('p99Ms'),
      rssMb: Math.max(0, ...knownOf(runs.map(({ rssMb }) => rssMb))) || undefined,
      serverCpu: median('serverCpu'),
      cpuUs: median('cpuUs'),
      loadCpu: median('loadCpu'),
      storeTrips: median('storeTrips'),
      databaseTrips: median('databaseTrips'),
      answered: runs.reduce((sum, { answered }) => sum + answered, 0),
      failed: runs.reduce((sum, { failed }) => sum + failed, 0),
      failures: [...new Set(runs.flatMap(({ failures }) => failures))].slice(0, 3),
    }
  })
