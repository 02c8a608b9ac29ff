import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { QueryResult } from 'kysely'
import type { Connection, ConnectionOptions, QueryError, SslOptions } from 'mysql2'
import type { DatabaseConfig, DatabaseHost } from '../../config/index.ts'
import { StartError } from '../start-error.ts'
import { createTimeout, kindOf, kindOfFailure } from './mysql-errors.ts'

export type Rows = Record<string, unknown>[]
export type RawResult = Rows | { insertId: number; affectedRows: number; changedRows?: number }

/** Time that the server gets beyond the limit to end a statement by itself, which keeps the connection. */
const graceMs = 250

export const createOptions = (host: DatabaseHost, config: DatabaseConfig): ConnectionOptions => ({
  host: host.host,
  port: host.port,
  user: host.user,
  password: host.password,
  database: host.database,
  charset: 'UTF8MB4_BIN',
  timezone: 'Z',
  multipleStatements: false,
  connectTimeout: config.connectTimeoutMs,
  // SQLite's sums are numbers too.
  decimalNumbers: true,
  // The server keeps at most 16,382 for all connections together.
  maxPreparedStatements: 200,
  ...(host.tls && { ssl: createTls(host) }),
})

/** Certificates are read for each pool and each look at a host, so that doctor sees the files as they are. */
function createTls(host: DatabaseHost): SslOptions {
  const read = (name: 'tlsCaFile' | 'tlsCertFile' | 'tlsKeyFile') => {
    if (host[name] === '') return {}
    try {
      return { [tlsOptions[name]]: readFileSync(host[name]) }
    } catch (error) {
      throw new StartError(`database, ${name} of ${host.host}: ${(error as Error).message}`)
    }
  }
  return {
    rejectUnauthorized: true,
    verifyIdentity: true,
    minVersion: 'TLSv1.2',
    ...read('tlsCaFile'),
    ...read('tlsCertFile'),
    ...read('tlsKeyFile'),
  }
}

const tlsOptions = { tlsCaFile: 'ca', tlsCertFile: 'cert', tlsKeyFile: 'key' } as const

/**
 * Sends one statement. Without an answer in time the connection is destroyed: mysql2's own `timeout` leaves it
 * busy, and does not cover the preparation of a statement.
 */
export function send(
  connection: Connection,
  sql: string,
  parameters: readonly unknown[],
  timeoutMs: number,
): Promise<RawResult> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      destroy(connection)
      reject(createTimeout(timeoutMs))
    }, timeoutMs)
    const values = parameters as (string | number | Buffer | null)[]
    const done = (error: QueryError | null, result: unknown) => {
      clearTimeout(timer)
      if (error) reject(error)
      else resolve(result as RawResult)
    }
    // MySQL refuses some statements in the prepared protocol (BEGIN, SAVEPOINT, SHOW …): none has parameters.
    if (values.length === 0) return connection.query(sql, done)
    connection.execute(sql, values, (error, result) => {
      // The server holds as many prepared statements as it may, of all its clients: the text protocol needs none.
      if (error && kindOf(error) === 'unprepared') connection.query(sql, values, done)
      else done(error, result)
    })
  })
}

/** Ends a connection at once. mysql2's `destroy` waits for the other end to close, which may be stopped. */
export function destroy(connection: Connection): void {
  connection.destroy()
  const { stream } = connection as unknown as { stream?: { destroy(): void } }
  stream?.destroy()
}

export const statementTimeoutMs = (config: DatabaseConfig) => config.queryTimeoutMs + graceMs

const sqlMode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'

/** What a session must be like, whatever the server, its `init_connect` or a proxy makes of a new one. */
export const sessionRules = {
  clientCharset: 'utf8mb4',
  connectionCharset: 'utf8mb4',
  resultCharset: 'utf8mb4',
  collation: 'utf8mb4_bin',
  zone: '+00:00',
  mode: sqlMode,
  isolation: 'READ-COMMITTED',
} as const

export type Ask = (sql: string) => Promise<RawResult>

/**
 * Gives a new connection all of its settings and reads them back. Fails when the connection did not take them, and like any
 * statement when the node takes none. Returns the server's version.
 */
export async function setUp(
  connection: Connection,
  config: DatabaseConfig,
  { autocommit, isLimited = true }: { autocommit: boolean; isLimited?: boolean },
): Promise<string> {
  const ask: Ask = (sql) => send(connection, sql, [], config.connectTimeoutMs + graceMs)
  const version = await readVersion(ask)
  const isMariadb = version.includes('MariaDB')
  const limitMs = isLimited ? config.queryTimeoutMs : 0
  const limit = isMariadb ? `max_statement_time = ${limitMs / 1000}` : `max_execution_time = ${limitMs}`
  const lockSeconds = Math.max(1, Math.ceil(config.queryTimeoutMs / 1000) - 1)
  await ask('SET NAMES utf8mb4 COLLATE utf8mb4_bin')
  await ask(
    `SET time_zone = '+00:00', sql_mode = '${sqlMode}', autocommit = ${autocommit ? 1 : 0}, ${limit}` +
      (isLimited ? `, innodb_lock_wait_timeout = ${lockSeconds}` : ''),
  )
  await ask('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
  await checkSession(ask, isMariadb, autocommit)
  await askTable(ask, config)
  return version
}

async function checkSession(ask: Ask, isMariadb: boolean, autocommit: boolean): Promise<void> {
  const isolation = isMariadb ? '@@tx_isolation' : '@@transaction_isolation'
  const rows = await ask(
    'SELECT @@character_set_client AS clientCharset, @@character_set_connection AS connectionCharset, ' +
      '@@character_set_results AS resultCharset, @@collation_connection AS collation, @@time_zone AS zone, ' +
      `@@sql_mode AS mode, ${isolation} AS isolation, @@autocommit AS autocommit`,
  )
  const found = Array.isArray(rows) ? (rows[0] ?? {}) : {}
  for (const [name, expected] of Object.entries({ ...sessionRules, autocommit: autocommit ? 1 : 0 })) {
    if (String(found[name]) === String(expected)) continue
    throw new Error(`the session has ${name} ${found[name]} instead of ${expected}: is a proxy in between?`)
  }
}

const tableUnknown = 1146

/** A node of Galera that is not ready answers all that concerns no table. Before the migrations there is none. */
export async function askTable(ask: Ask, config: DatabaseConfig): Promise<void> {
  await ask(`SELECT 1 FROM \`${config.tables.settings}\` LIMIT 1`).catch((error) => {
    if ((error as { errno?: number }).errno !== tableUnknown) throw error
  })
}

export async function readVersion(ask: Ask): Promise<string> {
  const rows = await ask('SELECT VERSION() AS version')
  return Array.isArray(rows) ? String(rows[0]?.version) : ''
}

export function toResult<R>(result: RawResult): QueryResult<R> {
  if (Array.isArray(result)) return { rows: result as R[] }
  return {
    rows: [],
    numAffectedRows: BigInt(result.affectedRows),
    ...(result.insertId !== 0 && { insertId: BigInt(result.insertId) }),
  }
}

/**
 * Runs `work` again when nothing of it was done: after a deadlock three times, with waits of 5, 10 and 20 ms, and once for
 * each host that takes no statements, since another one is chosen then.
 */
export async function retryUndone<T>(hostCount: number, work: () => Promise<T>): Promise<T> {
  let deadlocks = 0
  let unready = 0
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const kind = kindOfFailure(error)
      if (kind === 'deadlock' && deadlocks < 3) await delay(5 * 2 ** deadlocks++)
      else if (kind !== 'unready' || ++unready >= hostCount) throw error
    }
  }
}
