/** Torii as it is shipped, with limits that the load does not meet. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createMigrator } from '../../src/adapters/db/migrate.ts'
import { openDb } from '../../src/adapters/db/open.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import { generateServerKey, parseServerKey } from '../../src/adapters/server-key.ts'
import { createAdmin } from '../../src/admin.ts'
import { ConfigSchema } from '../../src/config/index.ts'
import { loadConfig } from '../../src/config/load.ts'
import { findFreePort } from '../test/harness.ts'
import type { Databases } from './databases.ts'
import { startWatched, type Watched } from './processes.ts'

export type App = { appId: string; appSecret: string }
export type Trips = { store: number; database: number }
export type Torii = Watched & {
  port: number
  app: App
  /** The id of a third-party app that gets its OpenKeys as JWTs. */
  signedAppId: string
  saltKey: Buffer
  /** The server key file. */
  keyText: string
  environment: Record<string, string>
  /** Trips to the store and the database since the start. */
  readTrips(): Promise<Trips | undefined>
}

/**
 * A window of one second: the log of a limit then holds as many calls as it would hold of a busy address under the
 * limits as they are shipped. With 60 s it would hold a hundred times that, which no real server does.
 */
export const raisedLimit = '[1, 100000]'

/**
 * Databases share a core with the load: a pause of theirs is to show in the latencies, not to fail the run. Nor is
 * the load, which is more than the server can do by design.
 */
const patience = {
  TORII__SERVER__WRITE_WAIT_MS: '10000',
  TORII__PASSWORD__MAX_WAIT_MS: '10000',
  TORII__STORE__COMMAND_TIMEOUT_MS: '2000',
  TORII__DATABASE__QUERY_TIMEOUT_MS: '10000',
  TORII__DATABASE__WAIT_TIMEOUT_MS: '10000',
  TORII__DATABASE__CONNECT_TIMEOUT_MS: '5000',
  // A benchmark has few users for its calls, and no user logs in so often.
  TORII__TICKETS__LOGINS_PER_USER: '10000',
  // Nor are so many codes sent.
  TORII__CODES__PER_DAY_OF_APP: '100000000',
  TORII__OUTBOX__MAX_WAITING: '10000000',
}

const serverFile = fileURLToPath(import.meta.resolve('#root/dist/src/server.js'))

const limitsEnvironment = () =>
  Object.fromEntries(
    Object.keys(ConfigSchema.properties.limits.properties).map((name) => [
      `TORII__LIMITS__${name.replace(/[A-Z]/g, '_$&').toUpperCase()}`,
      raisedLimit,
    ]),
  )

/** Raised like the limits, never switched off. */
const raisedDemand = JSON.stringify(
  ['register', 'login', 'code'].map((purpose) => ({ purpose, by: 'network', count: 1_000_000 })),
)

/** The servers of one Torii, and its database there. */
export type Shared = Pick<Databases, 'primary' | 'redis' | 'database'> & Partial<Pick<Databases, 'replica'>>

const sharedEnvironment = ({ primary, replica, redis, database }: Shared) => ({
  TORII__SERVER__TRIAL: 'true',
  TORII__STORE__URL: redis.url,
  TORII__STORE__KEY_PREFIX: `${database}:`,
  ...Object.fromEntries(
    [['WRITE', primary] as const, ...(replica ? [['READ', replica] as const] : [])].flatMap(
      ([role, server]) =>
        Object.entries({
          HOST: server.host,
          PORT: server.port,
          USER: server.user,
          PASSWORD: server.password,
          DATABASE: database,
        }).map(([key, value]) => [`TORII__DATABASE__${role}__0__${key}`, String(value)]),
    ),
  ),
})

export const startTorii = async (plan: {
  name: string
  folder: string
  core: number | undefined
  /** Undefined: the embedded engines. */
  databases: Shared | undefined
  /** Whose apps and keys are in the database already. */
  known?: Pick<Torii, 'app' | 'signedAppId' | 'keyText'>
}): Promise<Torii> => {
  const folder = join(plan.folder, plan.name)
  await mkdir(folder)
  const [port, metricsPort] = [await findFreePort(), await findFreePort()]
  const keyFile = join(folder, 'server.key')
  const keyText = plan.known?.keyText ?? generateServerKey(systemRandom)
  await writeFile(keyFile, keyText, { mode: 0o600 })
  const environment: Record<string, string> = {
    TORII__SERVER__PORT: String(port),
    TORII__SERVER__PUBLIC_URL: `http://127.0.0.1:${port}`,
    TORII__METRICS__PORT: String(metricsPort),
    TORII__SECURITY__KEY_FILE: keyFile,
    TORII__DATABASE__FILE: join(folder, 'torii.sqlite'),
    TORII__PROVISIONING__DEVICES_PER_ADDRESS: '1000000',
    ...patience,
    ...limitsEnvironment(),
    TORII__CAPTCHA__DEMAND: raisedDemand,
    ...(plan.databases && sharedEnvironment(plan.databases)),
  }
  const { app, signedAppId } = plan.known ?? (await addApps(environment))
  const command = [process.execPath, ...(await readShippedFlags()), serverFile]
  const { name, core } = plan
  const watched = await startWatched({ name, command, environment, core, port, folder })
  return {
    ...watched,
    port,
    app,
    signedAppId,
    keyText,
    environment,
    saltKey: parseServerKey(keyText).saltKey,
    readTrips: () => readTrips(`http://127.0.0.1:${metricsPort}/metrics`),
  }
}

/** Those of `npm start`. */
const readShippedFlags = async (): Promise<string[]> => {
  const { scripts } = JSON.parse(
    await readFile(fileURLToPath(import.meta.resolve('#root/package.json')), 'utf8'),
  )
  return scripts.start.match(/--\S+/g) ?? []
}

/** What "torii migrate up", "torii app add" and "torii business add" do. */
const addApps = async (environment: Record<string, string>): Promise<{ app: App; signedAppId: string }> => {
  const config = loadConfig(environment)
  await createMigrator({ config: config.database }).up()
  const db = await openDb({ config: config.database })
  try {
    const { apps, businesses } = createAdmin({ db, config })
    const app = await apps.add({ name: 'bench', friends: 'follow' })
    await businesses.add({ name: 'bench', idleSeconds: 3_600, routes: [], appIds: [app.appId] })
    const signed = await apps.add({ name: 'signed', isThirdParty: true, ticketFormat: 'jwt' })
    return { app, signedAppId: signed.appId }
  } finally {
    await db.close()
  }
}

const readTrips = async (url: string): Promise<Trips | undefined> => {
  const text = await fetch(url).then(
    (reply) => reply.text(),
    () => '',
  )
  const readValue = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
  const trips = {
    store: readValue('torii_store_trips_total'),
    database: readValue('torii_database_trips_total'),
  }
  return Number.isNaN(trips.store + trips.database) ? undefined : trips
}
