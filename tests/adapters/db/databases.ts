import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import type { Clock } from '../../../src/adapters/clock.ts'
import { createMigrator } from '../../../src/adapters/db/migrate.ts'
import { openDb } from '../../../src/adapters/db/open.ts'
import { ConfigSchema, type DatabaseConfig, type DatabaseHost } from '../../../src/config/index.ts'
import { fillDefaults, type SchemaNode } from '../../../src/config/shape.ts'

export type Login = { host: string; port: number; user: string; password: string }
type Test = { teardown(end: () => unknown): void }

/** The servers of this run; none when only the embedded database is tested. */
export const servers: { folder?: string; primary?: Login; replica?: Login } = JSON.parse(
  process.env.TORII_TEST_SERVERS ?? '{}',
)

export const engines = servers.primary === undefined ? (['sqlite'] as const) : (['sqlite', 'mysql'] as const)
export type Engine = (typeof engines)[number]

export const defaults = fillDefaults(ConfigSchema.properties.database as SchemaNode, {}) as DatabaseConfig

const renamed = Object.keys(defaults.tables).map((key) => [key, `t_${key.toLowerCase()}`])

/** Names that differ from the keys in every way that the schema allows; some are reserved words. */
export const oddTables: DatabaseConfig['tables'] = {
  ...(Object.fromEntries(renamed) as DatabaseConfig['tables']),
  apps: 'order',
  devices: 'z9_d',
  bans: 'b',
  accounts: 'users',
  users: 'user_names',
  loginStreaks: 'l_s_2',
  auditEvents: 'select',
  changeLog: 'group',
  settings: 'key',
  migrations: 'table',
}

export const randomName = () => `torii_${randomBytes(6).toString('hex')}`

export const createFolder = () => mkdtemp(join(servers.folder ?? tmpdir(), 'db-'))

export const toHost = (login: Login, database: string, weight = 1): DatabaseHost => ({
  host: login.host,
  port: login.port,
  user: login.user,
  password: login.password,
  database,
  weight,
  tls: false,
  tlsCaFile: '',
  tlsCertFile: '',
  tlsKeyFile: '',
})

/** A promise to settle from outside. */
export const createGate = () => {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

/** A port on which nobody listens. */
export const deadHost = (database: string): DatabaseHost =>
  toHost({ host: '127.0.0.1', port: 9, user: 'torii', password: '' }, database)

/** One statement over a connection of its own. */
export async function ask(
  login: Login & { database?: string },
  sql: string,
): Promise<Record<string, unknown>[]> {
  const connection = await createConnection({ ...pickLogin(login), decimalNumbers: true })
  try {
    const [rows] = await connection.query(sql)
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []
  } finally {
    await connection.end()
  }
}

const pickLogin = ({ host, port, user, password, database }: Login & { database?: string }) => ({
  host,
  port,
  user,
  password,
  ...(database !== undefined && { database }),
})

/** An empty database of its own. Two busy cores answer later than production. */
export async function createEmpty(
  t: Test,
  engine: Engine,
  more: Partial<DatabaseConfig> = {},
): Promise<DatabaseConfig> {
  const patient = { ...defaults, waitTimeoutMs: 20_000, queryTimeoutMs: 20_000, connectTimeoutMs: 20_000 }
  if (engine === 'sqlite') return { ...patient, file: join(await createFolder(), 'torii.sqlite'), ...more }
  const { primary } = servers
  if (primary === undefined) throw new Error('there is no MariaDB in this run')
  const name = randomName()
  await ask(primary, `CREATE DATABASE ${name}`)
  t.teardown(() => ask(primary, `DROP DATABASE ${name}`))
  return { ...patient, write: [toHost(primary, name)], ...more }
}

/** A database with its tables, opened. */
export async function createDatabase(
  t: Test,
  engine: Engine,
  more: Partial<DatabaseConfig> = {},
  clock?: Clock,
) {
  const config = await createEmpty(t, engine, more)
  await createMigrator({ config }).up()
  const db = await openDb({ config, ...(clock && { clock }) })
  t.teardown(() => db.close())
  return { config, db }
}
