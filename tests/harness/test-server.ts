/** A whole server for a test: in this process with a clock that stands still, or as processes of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createConnection } from 'mysql2/promise'
import type { Clock } from '../../src/adapters/clock.ts'
import { createMigrator } from '../../src/adapters/db/migrate.ts'
import { openDb } from '../../src/adapters/db/open.ts'
import type { Output } from '../../src/adapters/log-output.ts'
import { createLogger } from '../../src/adapters/logger.ts'
import { type Random, systemRandom } from '../../src/adapters/random.ts'
import { generateServerKey, openServerKey } from '../../src/adapters/server-key.ts'
import { createAdmin } from '../../src/admin.ts'
import { openServer } from '../../src/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import { keepLine, plant } from './planted.ts'
import { createTotpClient, type KeyForm, type Provisioned, type Send } from './totp-client.ts'

export type Environment = Record<string, string>

/** A clock for tests: stands still until it is moved. */
export const createTestClock = (
  startMs = 1_800_000_000_000,
): Clock & { set(ms: number): void; add(ms: number): void; jump(ms: number): void } => {
  let elapsed = startMs
  let aheadMs = 0
  return {
    now: () => elapsed + aheadMs,
    elapsed: () => elapsed,
    set: (ms) => {
      elapsed = ms - aheadMs
    },
    add: (ms) => {
      elapsed += ms
    },
    /** Sets the wall clock: no time passes. */
    jump: (ms) => {
      aheadMs += ms
    },
  }
}

/** Waits until `check` answers something, with a deadline. */
export const until = async <T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
  ms = 10_000,
): Promise<T> => {
  const deadline = Date.now() + ms
  for (;;) {
    const result = await check()
    if (result !== undefined && result !== false) return result
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Limits that no test meets by accident: raised, not switched off. */
export const raisedLimits = (count = 1_000_000): Environment => ({
  ...Object.fromEntries(
    [
      ...['PROVISION', 'ECHO', 'PRELOGIN', 'REGISTER', 'LOGIN', 'SESSION', 'EXCHANGE', 'LOGOUT', 'OTHER'],
      ...[
        'ADDRESS',
        'HELLO',
        'USER_OP',
        'KEY_EXCHANGE',
        'SERVER_KEYS',
        'WORDS',
        'WORD_TEST',
        'CAPTCHA',
        'LOGIN_FAILURES',
      ],
      ...[
        'PASSWORD_RANGE',
        'PASSWORD_CHANGE',
        'PASSWORD_RESET',
        'CODE',
        'VERIFY',
        'TICKET_VERIFY',
        'CODES_SENT',
        'WEB_CODE',
        'WEB_CODE_REDEEM',
        'CONSENT',
        'FRIEND',
        'PROFILE',
        'PROFILE_CHANGE',
        'USER_FIND',
        'DEVICES',
        'EVENTS',
        'REAUTH',
        'UNREGISTER',
        'EXPORT',
        'EXPORT_PART',
        'RECOVER',
        'USER_STANDING',
        'USER_HISTORY',
        'OAUTH',
        'REVOCATIONS',
        'FRIEND_LISTS',
        'FRIEND_CHECK',
      ],
    ].map((name) => [`TORII__LIMITS__${name}`, `[60, ${count}]`]),
  ),
  TORII__CAPTCHA__DEMAND: JSON.stringify([
    { purpose: 'register', by: 'network', count: 1_000_000 },
    { purpose: 'login', by: 'login', count: 1_000_000 },
    { purpose: 'login', by: 'network', count: 1_000_000 },
  ]),
})

export type DatabaseLogin = { host: string; port: number; user: string; password: string }
export type TestServers = {
  /** The temporary folder of this run. */
  folder: string
  /** The same in memory, where there is enough of it. */
  memoryFolder?: string
  primary: DatabaseLogin
  replica: DatabaseLogin
  redis: { host: string; port: number; url: string }
}

/** The servers that the test runner started. */
export const testServers = (): TestServers => {
  const text = process.env.TORII_TEST_SERVERS
  if (!text) throw new Error('TORII_TEST_SERVERS is not set: run the tests by "npm test"')
  return JSON.parse(text)
}

/** Where a database of the embedded engine does not wait for a disk, if possible. */
const quickFolder = (): string =>
  process.env.TORII_TEST_SERVERS ? (testServers().memoryFolder ?? tmpdir()) : tmpdir()

/** Settings of the embedded engines, in a folder of the test's own. */
export const embeddedEnvironment = (folder: string): Environment => ({
  TORII__SERVER__PORT: '0',
  TORII__DATABASE__FILE: join(folder, 'torii.sqlite'),
  TORII__SECURITY__KEY_FILE: join(folder, 'server.key'),
  TORII__WORDS__FOLDER: join(folder, 'words'),
  TORII__LOG__LEVEL: 'warn',
  TORII__METRICS__ENABLED: 'false',
  // Two busy cores: the fault tests alone use the default.
  TORII__PASSWORD__MAX_WAIT_MS: '60000',
  TORII__SERVER__WRITE_WAIT_MS: '60000',
  ...raisedLimits(),
})

/** Standard output inside tap, which never calls back. */
const tapOutput: Output = {
  isTerminal: false,
  write: (text, done) => {
    process.stdout.write(text)
    done()
  },
  writeNow: (text) => void process.stdout.write(text),
}

/** Starts a server in this process. Calls go through `inject`; nothing listens. */
export const openTestServer = async ({
  environment = {},
  clock,
  random = systemRandom,
}: {
  environment?: Environment
  clock?: Clock
  random?: Random
} = {}) => {
  const folder = await mkdtemp(join(quickFolder(), 'torii-test-'))
  const config = loadConfig({ ...embeddedEnvironment(folder), ...environment })
  const logger = createLogger(config.log.level, tapOutput)
  const server = await openServer({ config, logger, random, ...(clock && { clock }) })
  await server.http.ready()
  const app = await server.apps.add({ name: 'test' })

  const send: Send = async ({ method, url, headers, payload }) => {
    const reply = await server.http.inject({
      method,
      url,
      headers,
      ...(payload !== undefined && { payload }),
    })
    return { status: reply.statusCode, headers: reply.headers, body: reply.body }
  }
  const now = () => (clock ? clock.now() : Date.now())
  const provision = async (): Promise<Provisioned> => {
    const { body } = await send({
      method: 'GET',
      url: `/v1/totp?n=${app.appId}&s=${app.appSecret}`,
      headers: { host: 'localhost' },
    })
    const { totp_secret: secret, totp_token: t } = JSON.parse(body)
    return { t, secret }
  }
  return {
    server,
    config,
    /** For an administrator who can read the server key. */
    findSaltKey: async () => openServerKey(config.security, { create: false, random }).saltKey,
    app,
    send,
    provision,
    /** A provisioned device whose clock is `offsetMs` away from the server's. */
    connect: async ({ offsetMs = 0, form = 'number' as KeyForm } = {}) =>
      createTotpClient({ send, device: await provision(), now: () => now() + offsetMs, form }),
    /** A call as JSON, with the app's credentials. */
    callJson: async (
      path: string,
      members: Record<string, unknown> = {},
      headers: Record<string, string> = {},
    ) => {
      const reply = await send({
        method: 'POST',
        url: path,
        headers: { host: 'localhost', 'content-type': 'application/json', ...headers },
        payload: JSON.stringify({ appid: app.appId, appsecret: app.appSecret, ...members }),
      })
      return { ...reply, json: JSON.parse(reply.body) as Record<string, unknown> }
    },
    close: async () => {
      await server.close()
      // Later, tap has ended its output, and a line would end the process.
      await logger.flushLines()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const serverFile = fileURLToPath(import.meta.resolve('#root/dist/src/server.js'))

export type ServerProcess = {
  url: string
  child: ChildProcess
  lines: string[]
  /** Set for the first process of a new embedded database. */
  app: { appId: string; appSecret: string } | undefined
  send: Send
  stop(): Promise<number | null>
  kill(): Promise<void>
}

/** A line of the log as data; empty for a line of another kind. */
export const readLine = (
  line: string,
): { start?: string; msg?: string; note?: string } & Record<string, unknown> =>
  /^\{.*\}$/.test(line) ? JSON.parse(line) : {}

/** Starts `dist/src/server.js` and waits until it listens. */
export const spawnServer = async (
  environment: Environment,
  args: readonly string[] = [],
): Promise<ServerProcess> => {
  const child = spawn(process.execPath, [serverFile, ...args], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const greeting = new Map<string, string>()
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(keepLine(line))
      const { start, msg } = readLine(line)
      if (start !== undefined) greeting.set(start, msg ?? '')
    })
  const listens = () => {
    if (child.exitCode !== null)
      throw new Error(`the server ended with ${child.exitCode}:\n${lines.join('\n')}`)
    return greeting.get('listening')
  }
  const url = await until('the server listens', listens, 30_000).catch((error) => {
    child.kill('SIGKILL')
    throw child.exitCode === null ? new Error(`${error.message}:\n${lines.join('\n')}`) : error
  })
  const [appId, appSecret] = [greeting.get('appid'), greeting.get('appsecret')]
  return {
    url,
    child,
    lines,
    app: appId && appSecret ? { appId, appSecret } : undefined,
    send: async ({ method, url: path, headers, payload }) => {
      const reply = await fetch(url + path, {
        method,
        headers,
        ...(payload !== undefined && { body: payload }),
      })
      return { status: reply.status, headers: Object.fromEntries(reply.headers), body: await reply.text() }
    },
    stop: async () => {
      child.kill('SIGTERM')
      return exited
    },
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/**
 * MariaDB and Redis for processes that share them: a database, a key prefix, a server key and an app of the test's
 * own, all migrated. `environment` starts any number of processes. A test that breaks servers brings its own.
 */
export const openShared = async (
  more: Environment = {},
  own: { primary?: DatabaseLogin; replicas?: readonly DatabaseLogin[]; redis?: { url: string } } = {},
) => {
  const shared = testServers()
  const { primary = shared.primary, replicas = [shared.replica], redis = shared.redis } = own
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  const database = `torii_${randomBytes(6).toString('hex')}`
  const { host, port, user, password } = primary
  const connection = await createConnection({ host, port, user, password })
  await connection.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`)
  await connection.end()
  const hostEnvironment = (role: 'WRITE' | 'READ', server: DatabaseLogin, index = 0): Environment => {
    const { host, port, user, password } = server
    return Object.fromEntries(
      Object.entries({ host, port, user, password, database }).map(([key, value]) => [
        `TORII__DATABASE__${role}__${index}__${key.toUpperCase()}`,
        String(value),
      ]),
    )
  }
  const environment: Environment = {
    TORII__SERVER__PORT: '0',
    TORII__SERVER__TRIAL: 'true',
    TORII__SECURITY__KEY_FILE: join(folder, 'server.key'),
    TORII__STORE__URL: redis.url,
    TORII__WORDS__FOLDER: join(folder, 'words'),
    TORII__STORE__KEY_PREFIX: `${database}:`,
    // Two busy cores: the fault tests alone use the default.
    TORII__STORE__COMMAND_TIMEOUT_MS: '2000',
    TORII__DATABASE__QUERY_TIMEOUT_MS: '10000',
    TORII__DATABASE__WAIT_TIMEOUT_MS: '10000',
    TORII__DATABASE__CONNECT_TIMEOUT_MS: '5000',
    TORII__PASSWORD__MAX_WAIT_MS: '60000',
    TORII__SERVER__WRITE_WAIT_MS: '60000',
    TORII__LOG__LEVEL: 'warn',
    TORII__METRICS__ENABLED: 'false',
    ...raisedLimits(),
    ...hostEnvironment('WRITE', primary),
    ...Object.assign({}, ...replicas.map((server, index) => hostEnvironment('READ', server, index))),
    ...more,
  }
  await writeFile(join(folder, 'server.key'), generateServerKey(systemRandom), { mode: 0o600 })
  const config = loadConfig(environment)
  await createMigrator({ config: config.database }).up()
  const db = await openDb({ config: config.database })
  const admin = createAdmin({ db, config })
  const app = await admin.apps.add({ name: 'test' })
  plant(app.appSecret)
  return {
    environment,
    database,
    folder,
    db,
    /** The verbs of the command line, on the same database. */
    admin,
    app,
    close: async () => {
      await db.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A device of that app, provisioned by a running server. */
export const provisionDevice = async (
  send: Send,
  app: { appId: string; appSecret: string },
): Promise<Provisioned> => {
  const { body } = await send({
    method: 'GET',
    url: `/v1/totp?n=${app.appId}&s=${app.appSecret}`,
    headers: {},
  })
  const { totp_secret: secret, totp_token: t } = JSON.parse(body)
  plant(t, secret)
  return { t, secret }
}
