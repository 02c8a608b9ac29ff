import type { DatabaseConfig } from '../../config/index.ts'
import type { Clock } from '../clock.ts'
import type { Db, PoolState, Tables } from './index.ts'
import { Kysely } from './kysely.ts'
import { createMysqlDialect } from './mysql-compiler.ts'
import { retryUndone } from './mysql-connection.ts'
import { kindOfFailure } from './mysql-errors.ts'
import { readHealth } from './mysql-health.ts'
import { createHosts, type DbLogger } from './mysql-hosts.ts'
import { createPool } from './mysql-pool.ts'
import { createStatementDriver } from './mysql-statements.ts'
import { createTransactionDriver } from './mysql-transactions.ts'
import { createNamePlugins } from './names.ts'
import { createTransactionGuard } from './transaction-guard.ts'

/** MySQL or MariaDB. Connects when first used. */
export function createMysqlDb(needs: {
  config: DatabaseConfig
  clock: Clock
  logger?: DbLogger | undefined
}): Db {
  const { config, clock, logger } = needs
  const { hostDownMs, writeMode } = config
  const guard = createTransactionGuard()
  const trips = { count: 0 }
  const primaries = createHosts({ settings: config.write, hostDownMs, logger })
  const replicas = createHosts({ settings: config.read, hostDownMs, logger })
  const writePool = createPool({ hosts: primaries, config, order: writeMode, autocommit: true })
  const transactionPool = createPool({ hosts: primaries, config, order: writeMode, autocommit: false })
  const readPool =
    config.read.length === 0
      ? writePool
      : createPool({ hosts: replicas, config, order: 'any', autocommit: true })

  const pools = {
    ...(config.read.length > 0 && { read: readPool }),
    write: writePool,
    transaction: transactionPool,
  }

  const plugins = createNamePlugins(config.tables)
  const createExecutor = (driver: Parameters<typeof createMysqlDialect>[0]) =>
    new Kysely<Tables>({ dialect: createMysqlDialect(driver), plugins })
  const shared = { config, guard, trips }
  const read = createExecutor(createStatementDriver({ ...shared, readPool, writePool }))
  const write = createExecutor(createStatementDriver({ ...shared, writePool }))
  const transactions = createExecutor(createTransactionDriver({ config, trips, pool: transactionPool }))

  return {
    engine: 'mysql',
    read,
    write,
    readFor: (writtenUntil) => (writtenUntil === undefined || clock.now() <= writtenUntil ? write : read),
    async transaction(work) {
      guard.checkOutside()
      return retryUndone(config.write.length, () => guard.run(() => transactions.transaction().execute(work)))
    },
    isDuplicate: (error) => kindOfFailure(error) === 'duplicate',
    health: () => readHealth(config),
    pools: () =>
      Object.entries(pools).map(([pool, { state }]) => ({ pool: pool as PoolState['pool'], ...state() })),
    get trips() {
      return trips.count
    },
    async close() {
      await Promise.all(Object.values(pools).map((pool) => pool.close()))
    },
  }
}
