import type { Driver } from 'kysely'
import type { DatabaseConfig } from '../../config/index.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Db, HostHealth, Tables } from './index.ts'
import { Kysely } from './kysely.ts'
import { createNamePlugins } from './names.ts'
import { createWriterSlot } from './queue.ts'
import { createSqliteDialect } from './sqlite-compiler.ts'
import { createFile, isUniqueViolation, openSqlite, type SqliteConnection } from './sqlite-connection.ts'
import { createSqliteDriver } from './sqlite-driver.ts'
import { createTransactionGuard } from './transaction-guard.ts'

/** The embedded database: one file, one connection that reads and one that writes. */
export async function openSqliteDb({ config }: { config: DatabaseConfig }): Promise<Db> {
  const { file, tables } = config
  createFile(file)
  const writing = await openSqlite({ file })
  const reading = await openSqlite({ file, isReader: true })
  const guard = createTransactionGuard()
  const trips = { count: 0 }
  const writer = createWriterSlot(config)
  const plugins = createNamePlugins(tables)
  const createExecutor = (driver: Driver) =>
    new Kysely<Tables>({ dialect: createSqliteDialect(driver), plugins })
  const shared = { guard, trips }
  const read = createExecutor(createSqliteDriver({ ...shared, purpose: 'read', connection: reading }))
  const write = createExecutor(
    createSqliteDriver({ ...shared, purpose: 'write', connection: writing, writer }),
  )
  const transactions = createExecutor(
    createSqliteDriver({ ...shared, purpose: 'transaction', connection: writing, writer }),
  )

  return {
    engine: 'sqlite',
    read,
    write,
    // The reading connection sees every commit at once.
    readFor: () => read,
    async transaction(work) {
      guard.checkOutside()
      return guard.run(() => transactions.transaction().execute(work))
    },
    isDuplicate: (error) => isUniqueViolation(error instanceof Failure ? error.cause : error),
    health: async () => [await readHealth(reading, file)],
    pools: () => [],
    get trips() {
      return trips.count
    },
    async close() {
      // So that the file alone is a whole copy.
      await writing.run('PRAGMA wal_checkpoint(TRUNCATE)').catch(() => {})
      reading.close()
      writing.close()
    },
  }
}

async function readHealth(connection: SqliteConnection, file: string): Promise<HostHealth> {
  try {
    const { rows } = await connection.run<{ version: string }>('SELECT sqlite_version() AS version')
    return {
      role: 'write',
      host: file,
      problem: '',
      version: rows[0]?.version ?? '',
      clockAheadMs: 0,
      isReadOnly: false,
    }
  } catch (error) {
    const { cause } = error as { cause?: unknown }
    return { role: 'write', host: file, problem: String(cause ?? error), version: '' }
  }
}
