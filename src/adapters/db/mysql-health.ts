import { createConnection } from 'mysql2'
import type { DatabaseConfig, DatabaseHost } from '../../config/index.ts'
import type { HostHealth } from './index.ts'
import { type Ask, createOptions, destroy, send, setUp } from './mysql-connection.ts'

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
    const version = await setUp(connection, config, { autocommit: true })
    const { problem, ...server } = await readServer(askOnce, version)
    if (problem) return { role, host: name, problem, ...server }
    const replication = role === 'read' ? await readReplication(askOnce) : { problem: '' }
    return { role, host: name, ...server, ...replication }
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string }
    return { role, host: name, problem: String(code ?? message), version: '' }
  } finally {
    destroy(connection)
  }
}

async function readServer(askOnce: Ask, version: string) {
  const start = Date.now()
  const rows = await askOnce(
    "SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) AS clock, @@GLOBAL.read_only AS readOnly",
  )
  const middle = (start + Date.now()) / 2
  const [row] = Array.isArray(rows) ? rows : []
  const status = await askOnce("SHOW GLOBAL STATUS LIKE 'wsrep_ready'")
  const [galera] = Array.isArray(status) ? status : []
  return {
    version,
    problem: galera !== undefined && galera.Value !== 'ON' && (await hasGalera(askOnce)) ? notReady : '',
    clockAheadMs: Math.round(Number(row?.clock) / 1_000 - middle),
    // MariaDB has words for more than two states.
    isReadOnly: !/^(0|OFF)$/i.test(String(row?.readOnly)),
  }
}

const notReady = 'not ready: this node of Galera is not in its cluster'

/** Servers that were built with Galera and run without it say that it is not ready, too. */
async function hasGalera(askOnce: Ask): Promise<boolean> {
  const rows = await askOnce("SHOW GLOBAL VARIABLES LIKE 'wsrep_on'")
  return Array.isArray(rows) && /^(1|ON)$/i.test(String(rows[0]?.Value))
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
