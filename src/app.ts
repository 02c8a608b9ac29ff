/** The composition root: the one file that sees every room, and hands each its needs. */
import { createHmac } from 'node:crypto'
import { createBatch } from './adapters/batch.ts'
import { createBcryptPool } from './adapters/bcrypt/pool.ts'
import { type Clock, systemClock } from './adapters/clock.ts'
import { createSealer, nodeCrypto, slowDown } from './adapters/crypto.ts'
import type { Db } from './adapters/db/index.ts'
import { ensureMigrated } from './adapters/db/migrate.ts'
import { openDb } from './adapters/db/open.ts'
import { checkDependencies } from './adapters/dependencies.ts'
import { startJobs } from './adapters/jobs.ts'
import type { Logger } from './adapters/logger.ts'
import { describeAddress, networkOf } from './adapters/network.ts'
import { type Random, systemRandom } from './adapters/random.ts'
import { openServerKey, type ServerKey } from './adapters/server-key.ts'
import type { Store } from './adapters/store/index.ts'
import { measureStore } from './adapters/store/measured.ts'
import { openStore } from './adapters/store/open.ts'
import { type Config, isEmbedded, isTrial } from './config.ts'
import { createAddressBook } from './features/abuse/addresses.ts'
import { createBans } from './features/abuse/bans.ts'
import { createLimits } from './features/abuse/limits.ts'
import { createAccountAdmin } from './features/accounts/admin.ts'
import { createLogin } from './features/accounts/login.ts'
import { createPasswords } from './features/accounts/passwords.ts'
import { createFindSalt, createPrelogin } from './features/accounts/prelogin.ts'
import { createRegister } from './features/accounts/register.ts'
import { removeOldFailures } from './features/accounts/repo.ts'
import { createAccountOperations } from './features/accounts/routes.ts'
import { createVerifiers } from './features/accounts/verifier.ts'
import { createApps } from './features/apps/apps.ts'
import { createDevices } from './features/apps/devices.ts'
import { createProvisioning } from './features/apps/provisioning.ts'
import { createAppOperations } from './features/apps/routes.ts'
import { createAudit } from './features/audit/audit.ts'
import { createChanges } from './features/changes/changes.ts'
import { findChangedAccounts } from './features/changes/repo.ts'
import { checkPins } from './features/settings/settings.ts'
import { createTicketRecovery } from './features/tickets/recovery.ts'
import {
  endLoginsOfUser,
  insertGuardedLogin,
  insertLogin,
  isKnownDevice,
  removeOldLogins,
} from './features/tickets/repo.ts'
import { createTicketOperations } from './features/tickets/routes.ts'
import { createSKeys } from './features/tickets/skeys.ts'
import { createTickets } from './features/tickets/tickets.ts'
import type { Address } from './http/caller.ts'
import { createHttpApp } from './http/create-app.ts'
import { createOpen } from './http/open.ts'
import { createReplay } from './http/replay.ts'

type World = { config: Config; clock: Clock; random: Random; logger: Logger }
/** What a test may hold still. */
export type WorldOptions = { config: Config; logger: Logger; clock?: Clock; random?: Random }

/** What the command line needs: the database alone. */
export const createAdmin = ({
  db,
  config,
  clock = systemClock,
  random = systemRandom,
}: Omit<WorldOptions, 'logger'> & { db: Db }) => {
  const changes = createChanges({ db, clock })
  const audit = createAudit({ clock })
  const recorders = { recordChange: changes.record, recordAudit: audit.record }
  return {
    changes,
    audit,
    bans: createBans({ db, clock, networkOf, ...recorders }),
    apps: createApps({ db, clock, random, crypto: nodeCrypto, ...recorders, origins: config.server.origins }),
    accounts: createAccountAdmin({
      db,
      clock,
      ...recorders,
      endAll: (trx, userId, endReason) => endLoginsOfUser(trx, userId, { endedAt: clock.now(), endReason }),
    }),
  }
}

const createSKeysIn = (store: Store, { tickets }: Config) =>
  createSKeys({
    store,
    primitives: nodeCrypto,
    createBatch,
    lifeMs: tickets.skeySeconds * 1_000,
    idleMs: tickets.skeyIdleSeconds * 1_000,
  })

/** The rooms in the order of their needs. */
const createRooms = (world: World & { db: Db; store: Store; key: ServerKey }) => {
  const { config, clock, random, db, store, key } = world
  const crypto = nodeCrypto
  const sealer = createSealer(key.atRest, random)
  const { changes, audit, bans, apps } = createAdmin(world)
  const limits = createLimits({ store, limits: config.limits })
  const addresses = createAddressBook({ db, clock, createBatch })
  const devices = createDevices({
    db,
    clock,
    createBatch,
    sealer,
    primitives: crypto,
    findApp: apps.find,
    compensation: config.transport.totpCompensation,
    idleSeconds: config.provisioning.idleSeconds,
  })
  const provision = createProvisioning({
    ...{ db, clock, random, sealer, apps },
    limits: config.provisioning,
    flushSeen: devices.flush,
  })
  const skeys = createSKeysIn(store, config)
  const tickets = createTickets({
    db,
    clock,
    random,
    crypto,
    skeys,
    ticketKey: key.ticket,
    recordAudit: audit.record,
    recordChange: changes.record,
    createBatch,
    lives: config.tickets,
    replicaLagBudgetMs: config.database.replicaLagBudgetMs,
  })
  const bcryptPool = createBcryptPool(config.password)
  const passwords = createPasswords({
    crypto,
    saltKey: key.saltKey,
    config: config.password,
    hashPassword: bcryptPool.hash,
  })
  const verifiers = createVerifiers({ crypto, random, pepper: key.pepper, slowDown })
  const findSalt = createFindSalt({ db, passwords })
  const account = { db, clock, passwords, verifiers, tickets, findSalt }
  return {
    ...{ sealer, changes, bans, apps, limits, addresses, devices, tickets, bcryptPool },
    operations: [
      ...createAppOperations(provision),
      ...createAccountOperations({
        prelogin: createPrelogin({ passwords, findSalt }),
        register: createRegister({ ...account, random, insertLogin }),
        login: createLogin({ ...account, insertGuardedLogin, isKnownDevice }),
      }),
      ...createTicketOperations(tickets),
    ],
  }
}

const times = { noticeMs: 400, flushMs: 5_000, cleanMs: 60_000, dayMs: 24 * 3_600_000 } as const

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
    const { sealer, changes, bans, apps, limits, addresses, devices, tickets, bcryptPool } = rooms
    opened.unshift(bcryptPool)
    changes.listen('apps', apps.reload)
    changes.listen('bans', bans.load)
    changes.listen('account', (userId) => tickets.applyAccountChange(Number(userId)))
    // The log's version first: what is changed while the rest loads is then noticed by the first poll.
    await changes.start(clock.now() - config.tickets.skeySeconds * 1_000)
    await Promise.all([bans.load(), apps.reload()])

    let isDraining = false
    let lags: { host: string; lagSeconds: number }[] = []
    const admit = async (operation: string, address: Address) => {
      bans.check(address.text)
      addresses.see(address)
      await limits.check(operation, address)
    }
    const digest = (bytes: Uint8Array) =>
      createHmac('sha256', key.ticket).update('replay\0').update(bytes).digest('base64url')
    const randomId = () => random.bytes(8).toString('hex')
    const http = createHttpApp({
      config,
      logger,
      now: clock.now,
      elapsedMs: clock.elapsed,
      randomId,
      describeAddress,
      admit,
      isOriginListed: apps.isOriginListed,
      observe: metrics?.observe,
      operations: rooms.operations,
      authenticate: tickets.authenticate,
      health: { checkDependencies: () => checkDependencies(db, store), isDraining: () => isDraining },
      open: createOpen({
        profile: config.security.profile,
        isTrial: isTrial(config),
        transport: config.transport,
        openTotp: devices.open,
        checkApp: apps.check,
        checkDeviceApp: apps.checkDevice,
      }),
      replay: createReplay({
        store,
        sealer,
        digest,
        randomId,
        elapsedMs: () => performance.now(),
        isReplyCurrent: async (payload) => tickets.isPairCurrent(JSON.parse(payload).tickets ?? {}),
      }),
    })
    const flush = () => Promise.all([addresses.flush(), devices.flush(), tickets.flush()])
    const forgetOld = () => {
      const now = clock.now()
      return Promise.all([
        devices.removeExpired(),
        // Twice as long as any SKey lives: what a process that was away has to catch up with.
        changes.removeOld(now - 2 * config.tickets.skeySeconds * 1_000),
        // For a year: a device that has logged in before stays known.
        removeOldLogins(db.write, now - 365 * times.dayMs),
        removeOldFailures(db.write, {
          failedBefore: now - times.dayMs,
          streaksBefore: now - 90 * times.dayMs,
        }),
      ])
    }
    const stopJobs = startJobs(
      [
        { everyMs: times.noticeMs, name: 'notice changes', work: changes.poll },
        { everyMs: times.flushMs, name: 'write what was gathered', work: flush },
        { everyMs: times.noticeMs, name: 'mark the store', work: () => mark(store) },
        {
          everyMs: times.flushMs,
          name: 'look at replicas',
          work: async () => {
            const hosts = metrics ? await db.health() : []
            lags = hosts.flatMap(({ host, lagSeconds }) =>
              lagSeconds === undefined ? [] : [{ host, lagSeconds }],
            )
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
      lags: () => lags,
      caches: () => [{ cache: 'devices', size: devices.size() }],
      passwordsWaiting: bcryptPool.waiting,
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
      close: async () => {
        await http.close()
        await metricsPort?.close()
        stopJobs()
        await flush().catch((error) => logger.warn({ err: error }, 'what was gathered is lost'))
        for (const part of opened) await part.close()
      },
    }
  } catch (error) {
    for (const part of opened) await part.close().catch(() => {})
    throw error
  }
}

export type Server = Awaited<ReturnType<typeof openServer>>
