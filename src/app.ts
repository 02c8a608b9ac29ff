/** The composition root: the one file that sees every room, and hands each its needs. */
import { createHmac } from 'node:crypto'
import { runAll } from './adapters/batch.ts'
import { systemClock } from './adapters/clock.ts'
import type { HostHealth } from './adapters/db/index.ts'
import { ensureMigrated } from './adapters/db/migrate.ts'
import { openDb } from './adapters/db/open.ts'
import { checkDependencies } from './adapters/dependencies.ts'
import { startJobs } from './adapters/jobs.ts'
import { createDescribe } from './adapters/network.ts'
import { readProtobuf, writeProtobuf } from './adapters/protobuf.ts'
import { systemRandom } from './adapters/random.ts'
import { openServerKey } from './adapters/server-key.ts'
import { measureStore } from './adapters/store/measured.ts'
import { openStore } from './adapters/store/open.ts'
import { isEmbedded, isTrial } from './config/index.ts'
import { findChangedAccounts } from './features/change-log/repo.ts'
import { checkPins } from './features/settings/settings.ts'
import { createTicketRecovery } from './features/tickets/recovery.ts'
import { createHttpApp } from './http/create-app.ts'
import { createReplay } from './http/replay.ts'
import { createForgetting } from './retention.ts'
import { createRooms, createSKeysIn, type WorldOptions } from './rooms.ts'

const times = { noticeMs: 400, flushMs: 5_000, cleanMs: 60_000 } as const

/** The whole server, ready to listen. Throws StartError, PinError or a Failure that says what is away. */
export const openServer = async (options: WorldOptions) => {
  const { config, logger, clock = systemClock, random = systemRandom } = options
  const world = { config, logger, clock, random }
  const key = openServerKey(config.security, { create: isEmbedded(config), random })
  await ensureMigrated({ config: config.database, clock })
  const db = await openDb({ config: config.database, logger, clock })
  const opened: { close(): Promise<unknown> }[] = [db]
  try {
    await checkPins(db, {
      serverKeyFingerprint: key.fingerprint,
      passwordCost: config.password.cost,
      clientSalt: config.password.clientSalt,
    })
    const metrics = config.metrics.enabled ? (await import('./http/metrics.ts')).createMetrics() : undefined
    const { recover, mark } = createTicketRecovery({
      ...{ db, clock, findChangedAccounts },
      createSKeys: (store) => createSKeysIn(store, config),
      lifeMs: config.tickets.skeySeconds * 1_000,
    })
    const unmeasured = await openStore({ config: config.store, clock, logger, recover })
    opened.unshift(unmeasured)
    const store = metrics ? measureStore(unmeasured, metrics.observeStore) : unmeasured
    const rooms = createRooms({ ...world, db, store, key })
    const {
      sealer,
      changeLog,
      bans,
      apps,
      limits,
      addresses,
      devices,
      keys,
      tickets,
      bcryptPool,
      admission,
    } = rooms
    opened.unshift(bcryptPool)
    changeLog.listen('apps', apps.reload)
    changeLog.listen('bans', bans.load)
    changeLog.listen('device', devices.forget)
    changeLog.listen('account', (userId) => tickets.applyAccountChange(Number(userId)))
    await changeLog.start(config.tickets.skeySeconds * 1_000)

    let isDraining = false
    let hosts: HostHealth[] = []
    const digest = (bytes: Uint8Array) =>
      createHmac('sha256', key.ticket).update('replay\0').update(bytes).digest('base64url')
    const randomId = () => random.bytes(8).toString('hex')
    const http = createHttpApp({
      config,
      logger,
      admission,
      randomId,
      describeAddress: createDescribe(),
      checkBan: (address) => bans.check(address.text),
      recordSighting: addresses.see,
      checkRateLimit: limits.check,
      now: clock.now,
      elapsedMs: clock.elapsed,
      isOriginListed: apps.isOriginListed,
      observe: metrics?.observe,
      operations: rooms.operations,
      pages: [],
      drawNonce: () => random.bytes(16).toString('base64'),
      writeFrame: writeProtobuf,
      authenticate: tickets.authenticate,
      health: { checkDependencies: () => checkDependencies(db, store), isDraining: () => isDraining },
      isTrial: isTrial(config),
      envelope: {
        openTotp: devices.open,
        openSealed: keys.openSealed,
        readFrame: readProtobuf,
        checkApp: apps.check,
        checkDeviceApp: apps.checkDevice,
      },
      replay: createReplay({
        store,
        sealer,
        digest,
        randomId,
        elapsedMs: () => performance.now(),
        runOutside: admission.runOutside,
        isReplyCurrent: async (payload) => tickets.isPairCurrent(JSON.parse(payload).tickets ?? {}),
      }),
    })
    const flush = () => runAll([addresses.flush, ...devices.flushes, ...tickets.flushes])
    const flushLast = async () => {
      await flush().catch((error) => logger.warn({ err: error }, 'what was gathered is lost'))
    }
    const forgetOld = createForgetting({ db, clock, skeyMs: config.tickets.skeySeconds * 1_000 })
    const stopJobs = startJobs(
      [
        { everyMs: times.noticeMs, name: 'read the change log', work: changeLog.poll },
        { everyMs: times.flushMs, name: 'write what was gathered', work: flush },
        { everyMs: times.noticeMs, name: 'mark the store', work: () => mark(store) },
        {
          everyMs: times.flushMs,
          name: 'look at the hosts of the database',
          work: async () => {
            if (metrics) hosts = await db.health()
          },
        },
        { everyMs: times.cleanMs, name: 'forget what is old', work: forgetOld },
      ],
      logger,
    )
    metrics?.watch({
      databaseTrips: () => db.trips,
      storeTrips: () => store.trips,
      pools: db.pools,
      hosts: () =>
        hosts.map(({ role, host, problem, lagSeconds }) => ({
          ...{ role, host, lagSeconds },
          isUp: problem === '',
        })),
      caches: () => [
        { cache: 'devices', ...devices.cacheFacts() },
        { cache: 'keys', ...keys.cacheFacts() },
      ],
      passwordsWaiting: bcryptPool.waiting,
      admission: admission.facts,
    })
    const metricsPort = await metrics?.listen(config.metrics).catch((error: Error) => {
      logger.warn({ err: error }, 'metrics are not served; see metrics.port')
      return undefined
    })
    return {
      http,
      db,
      store,
      apps,
      metricsUrl: metricsPort?.url,
      /** From now on `/readyz` says so and replies ask for the connection to be closed. */
      startDraining: () => {
        isDraining = true
      },
      /** Writes what was gathered; never throws. */
      flush: flushLast,
      close: async () => {
        await http.close()
        await metricsPort?.close()
        stopJobs()
        await flushLast()
        for (const part of opened) await part.close()
      },
    }
  } catch (error) {
    for (const part of opened) await part.close().catch(() => {})
    throw error
  }
}

export type Server = Awaited<ReturnType<typeof openServer>>
