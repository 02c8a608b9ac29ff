/** Prometheus metrics, on a port of their own. Labels come from short lists: operations, envelopes, codes, verbs. */
import { createServer } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type PoolFacts = { pool: string; busy: number; limit: number; waiting: number }
export type LagFacts = { host: string; lagSeconds: number }

/** What is read when somebody asks for the metrics. */
export type MetricSources = {
  databaseTrips(): number
  storeTrips(): number
  pools(): PoolFacts[]
  /** Replicas, as last looked at. */
  lags(): LagFacts[]
  caches(): { cache: string; size: number }[]
  passwordsWaiting(): number
  crowd(): { inside: number; waiting: number }
}

const buckets = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

export const createMetrics = () => {
  const registers = [new Registry()]
  const [register] = registers as [Registry]
  collectDefaultMetrics({ register })
  const requests = new Counter({
    name: 'torii_requests_total',
    help: 'Requests answered',
    labelNames: ['operation', 'envelope', 'code'],
    registers,
  })
  const durations = new Histogram({
    name: 'torii_request_seconds',
    help: 'Time from the first byte of a request to the last of its reply',
    labelNames: ['operation', 'envelope'],
    buckets,
    registers,
  })
  const refusals = new Counter({
    name: 'torii_refusals_total',
    help: 'Refusals by their name, and for envelopes that could not be opened by what was wrong',
    labelNames: ['name', 'reason'],
    registers,
  })
  const store = new Histogram({
    name: 'torii_store_seconds',
    help: 'Time of one trip to the store',
    labelNames: ['verb', 'result'],
    buckets,
    registers,
  })

  /** Gauges and counters that are read, not counted here. */
  const watch = (sources: MetricSources) => {
    const single = [
      ['torii_database_trips_total', 'Statements sent to the database', sources.databaseTrips],
      ['torii_store_trips_total', 'Commands sent to the store', sources.storeTrips],
      ['torii_passwords_waiting', 'Passwords that wait for a bcrypt thread', sources.passwordsWaiting],
      ['torii_changes_running', 'Changing operations that run', () => sources.crowd().inside],
      [
        'torii_changes_waiting',
        'Changing operations that wait for their turn',
        () => sources.crowd().waiting,
      ],
    ] as const
    for (const [name, help, read] of single) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read())
        },
      })
    }
    const pools = ['busy', 'limit', 'waiting'] as const
    for (const fact of pools) {
      new Gauge({
        name: `torii_database_pool_${fact}`,
        help: `Connections of a pool: ${fact}`,
        labelNames: ['pool'],
        registers,
        collect() {
          for (const row of sources.pools()) this.set({ pool: row.pool }, row[fact])
        },
      })
    }
    new Gauge({
      name: 'torii_replica_lag_seconds',
      help: 'How far a replica is behind its primary',
      labelNames: ['host'],
      registers,
      collect() {
        for (const { host, lagSeconds } of sources.lags()) this.set({ host }, lagSeconds)
      },
    })
    new Gauge({
      name: 'torii_cache_entries',
      help: 'Entries of a cache of this process',
      labelNames: ['cache'],
      registers,
      collect() {
        for (const { cache, size } of sources.caches()) this.set({ cache }, size)
      },
    })
  }

  return {
    watch,
    /** One answered request. */
    observe: ({ caller, outcome, reason, routeOptions }: FastifyRequest, elapsedMs: number) => {
      const operation = routeOptions.config.shape?.path ?? 'other'
      const envelope = caller.envelope ?? 'none'
      requests.inc({ operation, envelope, code: outcome?.code ?? 0 })
      durations.observe({ operation, envelope }, elapsedMs / 1_000)
      if (!outcome || !String(outcome.code).startsWith('2')) return
      const isEnvelope = outcome.name === 'ENVELOPE_REFUSED'
      refusals.inc({ name: outcome.name, reason: isEnvelope ? (reason ?? '') : '' })
    },
    observeStore: (verb: string, seconds: number, isGood: boolean) => {
      store.observe({ verb, result: isGood ? 'ok' : 'failed' }, seconds)
    },
    /** Serves `/metrics`; resolves to its address and how to close it. */
    listen: async ({ host, port }: { host: string; port: number }) => {
      const server = createServer(async (request, reply) => {
        if (request.url !== '/metrics' || request.method !== 'GET') return reply.writeHead(404).end()
        const text = await register.metrics()
        return reply.writeHead(200, { 'content-type': register.contentType }).end(text)
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
