import { createConnection } from 'mysql2'
import type { DatabaseConfig, DatabaseHost } from '../../config/index.ts'
import type { HostHealth } from './index.ts'
import { createOptions, destroy, type RawResult, readVersion, send } from './mysql-connection.ts'

type Ask = (sql: string) => Promise<RawResult>

/** Asks every host over a connection of its own, so that neither a queue nor a mark hides how it is. */
export const readHealth = (config: DatabaseConfig): Promise<HostHealth[]> =>
  Promise.all([
    ...config.write.map((host) => ask(host, config, 'write')),
    ...config.read.map((host) => ask(host, config, 'read')),
  ])

async function ask(
  host: DatabaseHost,
  config: DatabaseConfig,
  role: HostHealth['role'],
): Promise<HostHealth> {
  const name = `${host.host}:${host.port}`
  const connection = createConnection(createOptions(host, config))
  connection.on('error', () => {})
  const askOnce: Ask = (sql) => send(connection, sql, [], config.connectTimeoutMs)
  try {
    const server = await readServer(askOnce)
    const replication = role === 'read' ? await readReplication(askOnce) : { problem: '' }
    return { role, host: name, ...server, ...replication }
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string }
    return { role, host: name, problem: String(code ?? message), version: '' }
  } finally {
    destroy(connection)
  }
}

async function readServer(askOnce: Ask) {
  // Connecting takes its time: only the second trip is one whose middle is known.
  const version = await readVersion(askOnce)
  const start = Date.now()
  const rows = await askOnce(
    "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS clock, @@GLOBAL.read_only AS readOnly",
  )
  const middle = (start + Date.now()) / 2
  const [row] = Array.isArray(rows) ? rows : []
  return {
    version,
    clockAheadMs: Math.round(Number(row?.clock) / 1_000 - middle),
    // MariaDB has words for more than two states.
    isReadOnly: !/^(0|OFF)$/i.test(String(row?.readOnly)),
  }
}

async function readReplication(askOnce: Ask): Promise<{ problem: string; lagSeconds?: number }> {
  // Older servers know only the second; a user without the privilege learns nothing from either.
  const rows = await askOnce('SHOW REPLICA STATUS')
    .catch(() => askOnce('SHOW SLAVE STATUS'))
    .catch(() => [])
  const [state] = Array.isArray(rows) ? rows : []
  if (state === undefined) return { problem: '' }
  const lag = state.Seconds_Behind_Source ?? state.Seconds_Behind_Master
  return typeof lag === 'number' ? { problem: '', lagSeconds: lag } : { problem: 'replication has stopped' }
}
