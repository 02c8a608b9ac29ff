import { createConnection } from 'mysql2'
import type { DatabaseConfig, DatabaseHost } from '../../config.ts'
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
    const version = await readVersion(askOnce)
    const replication = role === 'read' ? await readReplication(askOnce) : { problem: '' }
    return { role, host: name, version, ...replication }
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string }
    return { role, host: name, problem: String(code ?? message), version: '' }
  } finally {
    destroy(connection)
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
