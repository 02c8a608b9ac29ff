/** The load generator, a process of its own. Jobs come in and results go out by messages. */
import { type HttpSocket, openHttpSocket } from './http-socket.ts'
import type { Shot } from './requests.ts'
import { createSource, type SourceSpec } from './sources.ts'

export type Stream = { name: string; connections: number; source: SourceSpec }
/** Streams run at the same time against one server. */
export type Job = { port: number; warmMs: number; measureMs: number; streams: Stream[] }

export type StreamResult = {
  name: string
  /** Replies within the time that is measured. */
  answered: number
  perSecond: number
  p50Ms: number
  p99Ms: number
  /** All replies, with those of the warm-up. */
  total: number
  failed: number
  /** Some of what was wrong. */
  failures: string[]
}
export type JobResult = {
  streams: StreamResult[]
  /** Share of one core that this process used. */
  cpu: number
}

const shownFailures = 3
const mostFailures = 500
const patienceMs = 15_000
/** On Linux all of 127.0.0.0/8 is this machine: each connection is a client with an address of its own. */
const hasManyAddresses = process.platform === 'linux'
const addressOf = (index: number) => `127.0.${1 + (index >> 8)}.${index & 255}`

/** The times within which 50 % and 99 % of all were answered; 0 when there are none. */
const findQuantiles = (latencies: readonly number[]) => {
  const sorted = Float64Array.from(latencies).sort()
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0
  return { p50Ms: at(0.5), p99Ms: at(0.99) }
}

const runStream = (stream: Stream, { port, warmMs, measureMs }: Job, startedAt: number) => {
  const from = startedAt + warmMs
  const until = from + measureMs
  const next = createSource(stream.source)
  const latencies: number[] = []
  const failures: string[] = []
  let [total, failed, waiting] = [0, 0, 0]

  const fail = (reason: string) => {
    failed++
    if (failures.length < shownFailures) failures.push(reason)
  }
  return new Promise<StreamResult>((resolve) => {
    const sockets = new Set<HttpSocket>()
    const end = () => {
      clearTimeout(timer)
      for (const socket of sockets) socket.close()
      const answered = latencies.length
      const perSecond = answered / (measureMs / 1_000)
      const { p50Ms, p99Ms } = findQuantiles(latencies)
      const { name } = stream
      resolve({ name, answered, perSecond, p50Ms, p99Ms, total, failed, failures })
    }
    const timer = setTimeout(
      () => {
        fail(`${waiting} requests without a reply`)
        end()
      },
      warmMs + measureMs + patienceMs,
    )

    const open = (index: number) => {
      let shot: Shot
      let sentAt = 0
      const fire = () => {
        shot = next()
        sentAt = performance.now()
        socket.send(shot.bytes)
      }
      const leave = () => {
        socket.close()
        sockets.delete(socket)
        if (--waiting === 0) end()
      }
      const socket = openHttpSocket({
        port,
        localAddress: hasManyAddresses ? addressOf(index) : undefined,
        onOpen: fire,
        onReply: (status, body) => {
          const now = performance.now()
          total++
          if (now >= from && now < until) latencies.push(now - sentAt)
          const problem = shot.judge(status, body)
          if (problem !== undefined) fail(problem)
          if (now < until && failed < mostFailures) fire()
          else leave()
        },
        onLost: (reason) => {
          fail(reason)
          sockets.delete(socket)
          if (performance.now() < until && failed < mostFailures) open(index)
          else if (--waiting === 0) end()
        },
      })
      sockets.add(socket)
    }
    waiting = stream.connections
    for (let index = 0; index < stream.connections; index++) open(index)
  })
}

const runJob = async (job: Job): Promise<JobResult> => {
  const startedAt = performance.now()
  const before = process.cpuUsage()
  const streams = await Promise.all(job.streams.map((stream) => runStream(stream, job, startedAt)))
  const { user, system } = process.cpuUsage(before)
  return { streams, cpu: (user + system) / 1_000 / (performance.now() - startedAt) }
}

process.on('message', (job: Job) => {
  runJob(job).then(
    (result) => process.send?.(result),
    (error: Error) => process.send?.({ error: error.stack ?? error.message }),
  )
})
// The process that gave the jobs is gone.
process.on('disconnect', () => process.exit(0))
