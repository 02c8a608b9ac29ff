import type { DatabaseConfig } from '../../config/index.ts'
import { type Clock, systemClock } from '../clock.ts'
import type { Db } from './index.ts'
import type { DbLogger } from './mysql-hosts.ts'

/** MySQL or MariaDB when a write host is configured, else the embedded database (its file is created). */
export async function openDb(needs: {
  config: DatabaseConfig
  logger?: DbLogger | undefined
  clock?: Clock
}): Promise<Db> {
  const { config, logger, clock = systemClock } = needs
  if (config.write.length === 0) {
    const { openSqliteDb } = await import('./sqlite.ts')
    return openSqliteDb({ config })
  }
  const { createMysqlDb } = await import('./mysql.ts')
  return createMysqlDb({ config, clock, logger })
}
