/** Every room in the order of their needs: with app.ts the composition root, which hands each what it needs. */
import { createBatch } from './adapters/batch.ts'
import { createBcryptPool } from './adapters/bcrypt/pool.ts'
import { type Clock, systemClock } from './adapters/clock.ts'
import { createSealer, nodeCrypto, slowDown } from './adapters/crypto.ts'
import type { Db } from './adapters/db/index.ts'
import { nodeKeyPrimitives, openIdentityKey, openUnwrapKey } from './adapters/key-crypto.ts'
import type { Logger } from './adapters/logger.ts'
import { isWithin, networkOf } from './adapters/network.ts'
import { type Random, systemRandom } from './adapters/random.ts'
import { listRing, type ServerKey } from './adapters/server-key.ts'
import type { Store } from './adapters/store/index.ts'
import type { Config } from './config/index.ts'
import { createAddressBook } from './features/abuse/addresses.ts'
import { createBans } from './features/abuse/bans.ts'
import { createLimits } from './features/abuse/limits.ts'
import { createAccountAdmin } from './features/accounts/admin.ts'
import { createLogin } from './features/accounts/login.ts'
import { createPasswords } from './features/accounts/passwords.ts'
import { createFindSalt, createPrelogin } from './features/accounts/prelogin.ts'
import { createFindRedirect } from './features/accounts/redirect.ts'
import { createRegister } from './features/accounts/register.ts'
import { createAccountOperations } from './features/accounts/routes.ts'
import { createVerifiers } from './features/accounts/verifier.ts'
import { createApps } from './features/apps/apps.ts'
import { createDevices } from './features/apps/devices.ts'
import { createProvisioning } from './features/apps/provisioning.ts'
import { createAppOperations } from './features/apps/routes.ts'
import { createAudit } from './features/audit/audit.ts'
import { createChangeLog } from './features/change-log/change-log.ts'
import { createHello } from './features/hello/hello.ts'
import { createHelloOperations } from './features/hello/routes.ts'
import { createKeyExchange } from './features/key-exchange/exchange.ts'
import { createKeys } from './features/key-exchange/keys.ts'
import { createRecords } from './features/key-exchange/records.ts'
import { createKeyExchangeOperations } from './features/key-exchange/routes.ts'
import { endLoginsOfUser } from './features/tickets/repo.ts'
import { createTicketOperations } from './features/tickets/routes.ts'
import { createSKeys } from './features/tickets/skeys.ts'
import { createTickets } from './features/tickets/tickets.ts'
import { createAdmission } from './http/admission.ts'
import { findLanguage } from './http/language.ts'

export type World = { config: Config; clock: Clock; random: Random; logger: Logger }
/** What a test may hold still. */
export type WorldOptions = { config: Config; logger: Logger; clock?: Clock; random?: Random }

/** What the command line needs: the database alone. */
export const createAdmin = ({
  db,
  config,
  clock = systemClock,
  random = systemRandom,
}: Omit<WorldOptions, 'logger'> & { db: Db }) => {
  const changeLog = createChangeLog({ db, clock })
  const audit = createAudit({ clock })
  const recorders = { recordChange: changeLog.record, recordAudit: audit.record }
  return {
    changeLog,
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

export const createSKeysIn = (store: Store, { tickets }: Config) =>
  createSKeys({
    store,
    primitives: nodeCrypto,
    createBatch,
    lifeMs: tickets.skeySeconds * 1_000,
    idleMs: tickets.skeyIdleSeconds * 1_000,
  })

/** The rooms in the order of their needs. */
export const createRooms = (world: World & { db: Db; store: Store; key: ServerKey }) => {
  const { config, clock, random, db, store, key } = world
  const crypto = nodeCrypto
  const sealer = createSealer(key.atRest, random)
  const { changeLog, audit, bans, apps } = createAdmin(world)
  const chooseLanguage = (language: string | undefined) => findLanguage(language, config.languages)
  const limits = createLimits({ store, limits: config.limits })
  const addresses = createAddressBook({ db, clock, createBatch })
  const devices = createDevices({
    db,
    clock,
    createBatch,
    sealer,
    primitives: crypto,
    findApp: apps.find,
    chooseLanguage,
    recordChange: changeLog.record,
    compensation: config.transport.totpCompensation,
    idleSeconds: config.provisioning.idleSeconds,
    replicaLagBudgetMs: config.database.replicaLagBudgetMs,
  })
  const provision = createProvisioning({
    ...{ db, clock, random, sealer, apps },
    limits: config.provisioning,
    flushSeen: devices.flushSeen,
  })
  const records = createRecords({ store, sealer })
  const keyNeeds = { store, clock, random, primitives: nodeKeyPrimitives, records }
  const keys = createKeys({ ...keyNeeds, findApp: apps.find, chooseLanguage })
  const skeys = createSKeysIn(store, config)
  const tickets = createTickets({
    db,
    clock,
    random,
    crypto,
    skeys,
    ticketKey: key.ticket,
    recordAudit: audit.record,
    recordChange: changeLog.record,
    prolongKey: keys.prolong,
    createBatch,
    lives: config.tickets,
    replicaLagBudgetMs: config.database.replicaLagBudgetMs,
  })
  const keyExchange = createKeyExchange({
    ...keyNeeds,
    identities: listRing(key.identity).map(openIdentityKey),
    unwrapKeys: key.rsa ? listRing(key.rsa).map(openUnwrapKey) : [],
    allows: {
      version1: config.security.profile !== 'strict',
      weakSuites: config.security.weakSuites,
    },
    raiseMinStrength: devices.raiseMinStrength,
  })
  const bcryptPool = createBcryptPool(config.password)
  const admission = createAdmission({ ...config.server, elapsedMs: clock.elapsed })
  const passwords = createPasswords({
    crypto,
    saltKey: key.saltKey,
    config: config.password,
    hashPassword: (...work) => admission.runOutside(() => bcryptPool.hash(...work)),
  })
  const verifiers = createVerifiers({ crypto, random, pepper: key.pepper, slowDown })
  const findSalt = createFindSalt({ db, passwords })
  const account = { db, clock, passwords, verifiers, logins: tickets, findSalt, keys }
  const findRedirect = createFindRedirect({ redirects: config.server.redirects, isWithin })
  return {
    ...{ sealer, changeLog, bans, apps, limits, addresses, devices, keys, tickets, bcryptPool, admission },
    operations: [
      ...createAppOperations(provision),
      ...createAccountOperations({
        prelogin: createPrelogin({ passwords, findSalt }),
        register: createRegister({ ...account, random }),
        login: createLogin({ ...account, findRedirect }),
      }),
      ...createTicketOperations(tickets),
      ...createKeyExchangeOperations(keyExchange),
      ...createHelloOperations(
        createHello({ clock, keys, tickets, noteDevice: devices.noteHello, chooseLanguage }),
      ),
    ],
  }
}
