/** Several processes on one MariaDB and one Redis, and what a test does to both beside them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type Connection, createConnection } from 'mysql2/promise'
import { createDevice, type Target } from '../harness/devices.ts'
import {
  type Environment,
  embeddedEnvironment,
  openShared,
  provisionDevice,
  spawnServer,
  testServers,
  until,
} from '../harness/test-server.ts'
import type { Send } from '../harness/totp-client.ts'

type Credentials = { appId: string; appSecret: string }
type Teardown = { teardown(work: () => Promise<unknown>): void }

/** Processes that share everything. They stop, and what they shared goes, when the test ends. */
export const openFleet = async (t: Teardown, more: Environment = {}) => {
  // Two busy cores take their time to send a thousand requests.
  const patience = {
    TORII__SERVER__HEADERS_TIMEOUT_MS: '60000',
    TORII__SERVER__REQUEST_TIMEOUT_MS: '120000',
  }
  const shared = await openShared({ ...patience, ...more })
  /** One more process, with settings of its own, until the end of a test. */
  const start = async (t: Teardown, settings: Environment = {}) => {
    const server = await spawnServer({ ...shared.environment, ...settings })
    t.teardown(() => server.stop())
    return server
  }
  t.teardown(() => shared.close())
  const [a, b] = await Promise.all([start(t), start(t)])
  return {
    ...shared,
    a,
    b,
    start,
    connect: async (target: Target = a) => createDevice(await provisionDevice(target.send, shared.app)),
  }
}

/** The folder of this run, for servers that a test starts by itself. */
export const runFolder = () => (testServers() as unknown as { folder: string }).folder

/** One process with the embedded engines. `restart` starts it anew on the same file. */
export const openEmbedded = async (t: Teardown, more: Environment = {}) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  const environment = { ...embeddedEnvironment(folder), ...more }
  let server = await spawnServer(environment)
  const app = server.app as Credentials
  t.teardown(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    app,
    target: { send: (request: Parameters<Send>[0]) => server.send(request) },
    restart: async () => {
      await server.stop()
      server = await spawnServer(environment)
    },
    connect: async () => createDevice(await provisionDevice(server.send, app)),
  }
}

/** A connection to the primary, for what a test does to the database by itself. */
export const openConnection = async (
  t: Teardown,
  database: string,
  server = testServers().primary,
): Promise<Connection> => {
  const { host, port, user, password } = server
  const connection = await createConnection({ host, port, user, password, database })
  t.teardown(async () => connection.destroy())
  return connection
}

/** Holds a row, so that whoever changes it (or refers to it) waits. */
export const lockRow = async (t: Teardown, database: string, sql: string, values: unknown[]) => {
  const connection = await openConnection(t, database)
  await connection.query('START TRANSACTION')
  await connection.query(`${sql} FOR UPDATE`, values)
  return { connection, release: () => connection.query('ROLLBACK') }
}

/** Everything under a prefix of a Redis, keys and values, as text. */
export const readStore = async (url: string, prefix: string): Promise<Map<string, string>> => {
  const client = new Redis(url)
  const found = new Map<string, string>()
  for await (const keys of client.scanStream({ match: `${prefix}*`, count: 500 }))
    for (const key of keys as string[]) {
      const type = await client.type(key)
      if (type === 'string') found.set(key, (await client.get(key)) ?? '')
      if (type === 'hash') found.set(key, JSON.stringify(await client.hgetall(key)))
    }
  client.disconnect()
  return found
}

/** Waits until an operation is under way: of any device, or of this one. */
export const untilRunning = (url: string, database: string, device: { t?: string } = {}) =>
  until('an operation runs', async () => {
    const entries = await readStore(url, `${database}:replay:${device.t ?? ''}`)
    return [...entries.values()].some((entry) => entry.includes('"running"'))
  })
