/** Several processes on one MariaDB and one Redis, and old clients that call whichever of them they like. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type Connection, createConnection } from 'mysql2/promise'
import { codes } from '../harness/codes.ts'
import {
  type Environment,
  embeddedEnvironment,
  openShared,
  provisionDevice,
  spawnServer,
  testServers,
  until,
} from '../harness/test-server.ts'
import {
  type CallReply,
  createTotpClient,
  openText,
  type Provisioned,
  type Send,
  sealText,
} from '../harness/totp-client.ts'

/** Whatever answers calls: a process, or a server in this one. */
export type Target = { send: Send }
type Members = Record<string, unknown>
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

const stepMs = 30_000

/** A device whose replies are read with the step of now or, like newer clients do, one beside it. */
export const createDevice = (device: Provisioned, now: () => number = Date.now) => {
  const read = (reply: CallReply): Members | undefined => {
    if (reply.json) return reply.json
    // One moment for all three: a step may end between two looks at the clock, and its neighbour be passed over.
    const moment = now()
    const text = [0, -stepMs, stepMs]
      .map((offset) => openText(device, reply.body, moment + offset))
      .find((opened) => opened !== undefined)
    return text === undefined ? undefined : JSON.parse(text)
  }
  const seal = (members: Members, offsetMs = 0) =>
    sealText(device, JSON.stringify({ apiver: 1, ...members }), now() + offsetMs)
  /** Sends what was sealed before. */
  const send = async ({ send }: Target, path: string, j: string, method: 'GET' | 'POST' = 'POST') => {
    const reply = await createTotpClient({ send, device, now }).sendSealed(path, j, method)
    const json = read(reply)
    if (!json) throw new Error(`unreadable reply to ${path}: ${reply.status} ${reply.body}`)
    return { ...reply, json, code: Number(json.code) }
  }
  return {
    ...device,
    seal,
    send,
    call: (target: Target, path: string, members: Members = {}) => send(target, path, seal(members)),
  }
}

export type Device = ReturnType<typeof createDevice>
export type Reply = Awaited<ReturnType<Device['send']>>

export const randomName = (start = 'user') => `${start}_${randomBytes(5).toString('hex')}`
/** What a client makes of a password: to the server 31 characters. */
export const clientHashOf = (password: string) =>
  Buffer.from(password.padEnd(40, '.')).toString('base64').replaceAll('+', '.').slice(0, 31)

export const ticketsOf = ({ json }: Reply) => json.tickets as { a2: string; skey: string }

/** The members of a registration, with the salt that the server wants. */
export const registration = async (device: Device, target: Target, userName = randomName()) => {
  const { json } = await device.call(target, '/v1/prelogin', { login: userName })
  const clientHash = clientHashOf(userName)
  return { regmode: 'anonymous', user: { userName }, clientHash, salt: String(json.salt) }
}

/** A registered user, logged in. */
export const registerUser = async (device: Device, target: Target, userName = randomName()) => {
  const members = await registration(device, target, userName)
  const reply = await device.call(target, '/v1/register', members)
  if (reply.code !== codes.REGISTERED)
    throw new Error(`registration: ${reply.body} ${JSON.stringify(reply.json)}`)
  const { userId } = reply.json.user as { userId: string }
  const login = { login: userName, clientHash: members.clientHash }
  return { userName, userId, login, ...ticketsOf(reply) }
}

export type User = Awaited<ReturnType<typeof registerUser>>

/** How often each code came. */
export const countCodes = (replies: readonly { code: number }[]): Record<number, number> => {
  const counts: Record<number, number> = {}
  for (const { code } of replies) counts[code] = (counts[code] ?? 0) + 1
  return counts
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

/** Numbers from a seed, so that a run that failed can be had again. */
export const createDice = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
