/** Prometheus metrics, on a port of their own. Labels come from short lists: operations, envelopes, codes, verbs. */
import { createServer } from 'node:http'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { isSuccess } from '../protocol/errors.ts'
import type { Answered } from './access-log.ts'
import type { Health } from './health.ts'
import { isLoopbackHost } from './privacy.ts'
import { createCounter, createHistogram } from './series.ts'

type PoolFacts = { pool: string; busy: number; limit: number; waiting: number }
/** A host of the database as last looked at; `lagSeconds` of a replica that replicates. */
export type HostFacts = { role: string; host: string; isUp: boolean; lagSeconds: number | undefined }
type CacheFacts = { size: number; hits: number; misses: number }

/** What is read when the metrics are scraped. */
export type MetricSources = {
  databaseTrips(): number
  storeTrips(): number
  pools(): PoolFacts[]
  hosts(): HostFacts[]
  caches(): ({ cache: string } & CacheFacts)[]
  /** What features tell of themselves. */
  gauges: readonly { name: string; labelNames: readonly string[]; help: string; read(): Sample[] }[]
  passwordsWaiting(): number
  droppedLogLines(): number
  admission(): { running: number; waiting: number }
}

const buckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

type Sample = { labels: Record<string, string>; value: number }
type Row = [
  name: string,
  labelNames: readonly string[],
  help: string,
  read: (sources: MetricSources) => number | Sample[],
]

const poolRow = (fact: 'busy' | 'limit' | 'waiting'): Row => [
  `torii_database_pool_${fact}`,
  ['pool'],
  `Connections of a pool: ${fact}`,
  ({ pools }) => pools().map(({ pool, [fact]: value }) => ({ labels: { pool }, value })),
]

/** What is read at each scrape, not counted here. */
const watched: Row[] = [
  [
    'torii_database_trips_total',
    [],
    'Statements sent to the database',
    ({ databaseTrips }) => databaseTrips(),
  ],
  ['torii_store_trips_total', [], 'Commands sent to the store', ({ storeTrips }) => storeTrips()],
  [
    'torii_passwords_waiting',
    [],
    'Passwords that wait for a bcrypt thread',
    ({ passwordsWaiting }) => passwordsWaiting(),
  ],
  [
    'torii_log_lines_dropped_total',
    [],
    'Lines of the log that its output did not take in time',
    ({ droppedLogLines }) => droppedLogLines(),
  ],
  ['torii_writes_running', [], 'Writes that run', ({ admission }) => admission().running],
  ['torii_writes_waiting', [], 'Writes that wait for a slot', ({ admission }) => admission().waiting],
  poolRow('busy'),
  poolRow('limit'),
  poolRow('waiting'),
  [
    'torii_database_host_up',
    ['role', 'host'],
    'Whether a host of the database answers, and replicates if it is a replica',
    ({ hosts }) => hosts().map(({ role, host, isUp }) => ({ labels: { role, host }, value: isUp ? 1 : 0 })),
  ],
  [
    'torii_replica_lag_seconds',
    ['host'],
    'How far a replica is behind its primary; none for one that does not replicate',
    ({ hosts }) =>
      hosts().flatMap(({ host, lagSeconds: value }) =>
        value === undefined ? [] : [{ labels: { host }, value }],
      ),
  ],
  [
    'torii_cache_entries',
    ['cache'],
    'Entries of a cache of this process',
    ({ caches }) => caches().map(({ cache, size }) => ({ labels: { cache }, value: size })),
  ],
  [
    'torii_cache_lookups_total',
    ['cache', 'result'],
    'Look-ups in a cache of this process',
    ({ caches }) =>
      caches().flatMap(({ cache, hits, misses }) => [
        { labels: { cache, result: 'hit' }, value: hits },
        { labels: { cache, result: 'miss' }, value: misses },
      ]),
  ],
]

type Watched = { name: string; help: string; labelNames: string[]; registers: Registry[] }

/** A metric that is read at each scrape: labels that are gone are no longer shown. */
const watchMetric = (options: Watched, read: () => number | Sample[]) => {
  const isCounter = options.name.endsWith('_total')
  const metric = isCounter ? new Counter({ ...options, collect }) : new Gauge({ ...options, collect })
  function collect() {
    const found = read()
    metric.reset()
    for (const { labels, value } of typeof found === 'number' ? [{ labels: {}, value: found }] : found)
      metric.inc(labels, value)
  }
}

export const createMetrics = () => {
  const register = new Registry()
  collectDefaultMetrics({ register })
  const registers = [register]
  const requests = createCounter({
    register,
    name: 'torii_requests_total',
    help: 'Requests answered',
    labelNames: ['operation', 'envelope', 'code'],
  })
  const requestSeconds = createHistogram({
    register,
    name: 'torii_request_seconds',
    help: 'Time from the first byte of a request to the last of its reply',
    labelNames: ['operation', 'envelope'],
    buckets,
  })
  const refusals = createCounter({
    register,
    name: 'torii_refusals_total',
    help: 'Refusals by their name, and for envelopes that could not be opened by what was wrong',
    labelNames: ['name', 'reason'],
  })
  const storeSeconds = createHistogram({
    register,
    name: 'torii_store_seconds',
    help: 'Time of one trip to the store',
    labelNames: ['verb', 'result'],
    buckets,
  })

  return {
    watch: (sources: MetricSources) => {
      const told = sources.gauges.map(
        ({ name, labelNames, help, read }): Row => [name, labelNames, help, read],
      )
      for (const [name, labelNames, help, read] of [...watched, ...told]) {
        watchMetric({ name, help, labelNames: [...labelNames], registers }, () => read(sources))
      }
    },
    /** One answered request. */
    observe: ({ operation, envelope: opened, outcome, reason = '', elapsedMs }: Answered) => {
      const envelope = opened ?? 'none'
      requests(operation, envelope, String(outcome?.code ?? 0))
      if (elapsedMs !== undefined) requestSeconds(elapsedMs / 1_000, operation, envelope)
      if (!outcome || isSuccess(outcome.code)) return
      refusals(outcome.name, outcome.name === 'ENVELOPE_REFUSED' ? reason : '')
    },
    observeStore: (verb: string, seconds: number, isGood: boolean) =>
      storeSeconds(seconds, verb, isGood ? 'ok' : 'failed'),
    /** Serves `/metrics` and the health routes; resolves to its address and how to close it. */
    listen: async ({ host, port }: { host: string; port: number }, health: Health) => {
      const server = createServer(async (request, reply) => {
        const isReading = request.method === 'GET' || request.method === 'HEAD'
        // On loopback a page whose name was rebound to this machine (DNS rebinding) names its own host.
        if (isLoopbackHost(host) && !isLoopbackHost(request.headers.host ?? ''))
          return reply.writeHead(403).end()
        const read = health.paths.get(request.url ?? '')
        if (!isReading || (!read && request.url !== '/metrics')) return reply.writeHead(404).end()
        if (!read) {
          const text = await register.metrics()
          return reply.writeHead(200, { 'content-type': register.contentType }).end(text)
        }
        const { status, body } = await read()
        return reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      })
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, resolve)
      })
      const address = server.address()
      server.unref()
      return {
        url: `http://${host}:${typeof address === 'object' ? address?.port : port}/metrics`,
        close: () =>
          new Promise<void>((resolve) => {
            server.close(() => resolve())
            server.closeAllConnections()
          }),
      }
    },
  }
}
