/** One row in one round: the load runs while the server is watched. */
import type { Job } from './load.ts'
import { type Load, readUse } from './processes.ts'
import { lineOf, type Sample } from './results.ts'
import type { Measurement } from './rows.ts'
import type { Trips } from './torii.ts'

export type Target = {
  pid: number
  port: number
  stop(): Promise<void>
  readTrips?(): Promise<Trips | undefined>
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

export const measure = async ({
  measurement,
  target,
  load,
  job,
  round,
  bare,
}: {
  measurement: Measurement
  target: Target
  load: Load
  job: Job
  round: number
  /** Requests per second of bare Fastify, measured last; NaN while it is itself measured. */
  bare: number
}): Promise<Sample[]> => {
  const before = await target.readTrips?.()
  const { result, rssMb, cpuSeconds, seconds } = await watch(target.pid, () => load.run(job))
  const after = await target.readTrips?.()
  // What two streams cost together is not the cost of either.
  const isAlone = result.streams.length === 1
  const tripsOf = (kind: keyof Trips, requests: number) =>
    before && after && isAlone ? (after[kind] - before[kind]) / requests : undefined
  return result.streams.map((stream, index) => ({
    ...stream,
    line: lineOf(measurement, index, stream.name),
    title: measurement.title,
    target: measurement.target,
    round,
    ratio: measurement.name === 'bare' ? 1 : stream.perSecond / bare,
    rssMb,
    serverCpu: cpuSeconds && cpuSeconds / seconds,
    cpuUs: cpuSeconds && isAlone ? (cpuSeconds * 1e6) / stream.total : undefined,
    loadCpu: result.cpu,
    storeTrips: tripsOf('store', stream.total),
    databaseTrips: tripsOf('database', stream.total),
  }))
}
