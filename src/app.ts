/** The composition root: adapters, then features, then http, then jobs. */
import { runAll } from './adapters/batch.ts'
import type { HostHealth } from './adapters/db/index.ts'
import { createRemoveOld } from './adapters/db/retention.ts'
import { createJobs } from './adapters/jobs.ts'
import type { Collected } from './features/feature.ts'
import { openFeatures } from './features/index.ts'
import { openHealth, openHttp } from './open-http.ts'
import { type OpenWorld, openWorld, type WorldOptions } from './open-world.ts'

const times = { flushMs: 5_000, cleanMs: 60_000 } as const

/** Calls pass over a replica that fails, so the setting behind it is named once. */
const warnOfReplicas = async ({ world: { db }, logger }: OpenWorld) => {
  const replicas = (await db.health()).filter(({ role }) => role === 'read')
  for (const [at, { host, problem }] of replicas.entries()) {
    if (problem === '') continue
    const setting = `database.read.${at} (TORII__DATABASE__READ__${at}__…)`
    logger.warn(`${setting}: ${host}: ${problem}; other hosts are read until it is mended`)
  }
}

const watchMetrics = (
  { world: { db, store }, logger, metrics, admission, passwordsWaiting }: OpenWorld,
  { caches, gauges }: Pick<Collected, 'caches' | 'gauges'>,
  hosts: () => HostHealth[],
) =>
  metrics?.watch({
    databaseTrips: () => db.trips,
    storeTrips: () => store.trips,
    pools: db.pools,
    hosts: () =>
      hosts().map(({ role, host, problem, lagSeconds }) => ({
        role,
        host,
        lagSeconds,
        isUp: problem === '',
      })),
    gauges,
    caches: () => caches.map(({ cache, facts }) => ({ cache, ...facts() })),
    passwordsWaiting,
    droppedLogLines: logger.droppedLines,
    admission: admission.facts,
  })

/** The whole server, ready to listen. Throws StartError, PinError or a Failure that says what is away. */
export const openServer = async (options: WorldOptions) => {
  const opened = await openWorld(options)
  const { world, logger, metrics } = opened
  const { db, store, config } = world
  try {
    const features = openFeatures(world)
    const { onChange, jobs, flush, retention, caches, gauges, drain, close } = features.declared
    await features.admin.changeLog.start(onChange)
    let isDraining = false
    const runner = createJobs({ logger, clock: world.clock })
    features.declared.health.push({ name: 'jobs', problem: runner.problem })
    const health = openHealth(opened, features, () => isDraining)
    const http = openHttp(opened, features, health)

    let hosts: HostHealth[] = []
    const readHosts = async () => {
      hosts = await db.health()
    }
    const writeGathered = () => runAll(flush)
    const writeLast = async () => {
      await writeGathered().catch((error) => logger.warn({ err: error }, 'what was gathered is lost'))
    }
    const removeOld = createRemoveOld({ db, clock: world.clock, logger, rows: retention })
    const ownJobs = [
      { everyMs: times.flushMs, name: 'write what was gathered', work: writeGathered },
      { everyMs: times.cleanMs, name: 'remove old rows', work: removeOld },
    ]
    const hostJob = { everyMs: times.flushMs, name: 'look at the hosts of the database', work: readHosts }
    runner.start([...jobs, ...ownJobs, ...(metrics ? [hostJob] : [])])
    warnOfReplicas(opened).catch((error) =>
      logger.warn({ err: error }, 'the replicas could not be looked at'),
    )
    watchMetrics(opened, { caches, gauges }, () => hosts)
    const metricsPort = await metrics?.listen(config.metrics, health).catch((error: Error) => {
      const settings = 'metrics.host and .port (TORII__METRICS__HOST, …__PORT)'
      logger.warn(`${settings}: metrics are not served: ${error.message}; choose a free port`)
      return undefined
    })
    return {
      http,
      db,
      store,
      apps: features.apps,
      businesses: features.admin.businesses,
      openDemo: features.openDemo,
      metricsUrl: metricsPort?.url,
      removeOld,
      retention,
      personal: features.admin.personal,
      loadRest: opened.loadRest,
      /** From now on `/readyz` says so, replies ask for the connection to be closed, and no call waits for an event. */
      startDraining: () => {
        isDraining = true
        for (const answerWaiting of drain) answerWaiting()
      },
      /** Writes what was gathered; never throws. */
      flush: writeLast,
      close: async () => {
        for (const answerWaiting of drain) answerWaiting()
        await http.close()
        await metricsPort?.close()
        runner.stop()
        await writeLast()
        await runAll(close)
        await opened.close()
      },
    }
  } catch (error) {
    await opened.close().catch(() => {})
    throw error
  }
}

export type Server = Awaited<ReturnType<typeof openServer>>
