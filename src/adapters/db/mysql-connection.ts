import { setTimeout as delay } from 'node:timers/promises'
import type { QueryResult } from 'kysely'
import type { Connection, ConnectionOptions, QueryError } from 'mysql2'
import type { DatabaseConfig, DatabaseHost } from '../../config/index.ts'
import { createTimeout, kindOfFailure } from './mysql-errors.ts'

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
  ...(host.tls && { ssl: { rejectUnauthorized: true, verifyIdentity: true, minVersion: 'TLSv1.2' } }),
})

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
    const done = (error: QueryError | null, result: unknown) => {
      clearTimeout(timer)
      if (error) reject(error)
      else resolve(result as RawResult)
    }
    // MySQL refuses some statements in the prepared protocol (BEGIN, SAVEPOINT, SHOW …): none has parameters.
    if (parameters.length === 0) connection.query(sql, done)
    else connection.execute(sql, parameters as (string | number | Buffer | null)[], done)
  })
}

/** Ends a connection at once. mysql2's `destroy` waits for the other end to close, which may be stopped. */
export function destroy(connection: Connection): void {
  connection.destroy()
  const { stream } = connection as unknown as { stream?: { destroy(): void } }
  stream?.destroy()
}

export const statementTimeoutMs = (config: DatabaseConfig) => config.queryTimeoutMs + graceMs

/** What every connection is told first. Returns the server's version. */
export async function setUp(
  connection: Connection,
  config: DatabaseConfig,
  autocommit: boolean,
): Promise<string> {
  const ask = (sql: string) => send(connection, sql, [], config.connectTimeoutMs + graceMs)
  const version = await readVersion(ask)
  const seconds = config.queryTimeoutMs / 1000
  const limit = version.includes('MariaDB')
    ? `max_statement_time = ${seconds}`
    : `max_execution_time = ${config.queryTimeoutMs}`
  await ask(
    `SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', ` +
      `innodb_lock_wait_timeout = ${Math.max(1, Math.ceil(seconds) - 1)}, ${limit}, ` +
      `autocommit = ${autocommit ? 1 : 0}`,
  )
  await ask('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
  return version
}

export async function readVersion(ask: (sql: string) => Promise<RawResult>): Promise<string> {
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

/** Runs `work` again after a deadlock, three times, with waits of 5, 10 and 20 ms. */
export async function retryDeadlocks<T>(work: () => Promise<T>): Promise<T> {
  for (let retry = 0; ; retry++) {
    try {
      return await work()
    } catch (error) {
      if (kindOfFailure(error) !== 'deadlock' || retry === 3) throw error
      await delay(5 * 2 ** retry)
    }
  }
}
