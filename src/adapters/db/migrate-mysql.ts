import { createHash } from 'node:crypto'
import { type Connection, createConnection } from 'mysql2'
import type { DatabaseConfig } from '../../config/index.ts'
import { Failure } from '../../protocol/errors.ts'
import { type MigrationNeeds, type Migrations, stepFailed } from './migration-steps.ts'
import { createOptions, destroy, type Rows, send, setUp } from './mysql-connection.ts'

/** Changing a large table takes long. */
const statementMs = 24 * 3_600_000

const tableUnknown = 1146
// A step that has a record, and whose statement now fails with one of these, ran before and lost the end of its
// record: table exists, column exists, key exists, no such key or column to drop, foreign key exists.
const alreadyThere = new Set([1050, 1060, 1061, 1091, 1826])

const numberOf = (error: unknown) => (error as { errno?: number } | undefined)?.errno ?? 0

export async function openMysqlMigrations(needs: MigrationNeeds): Promise<Migrations> {
  const { config, clock, lockTimeoutMs, onStep } = needs
  const connection = await connect(config)
  const table = `\`${config.tables.migrations}\``
  const ask = (sql: string, parameters: unknown[] = []) => send(connection, sql, parameters, statementMs)

  return {
    async records() {
      try {
        const sql = `SELECT name, started_at AS startedAt, done_at AS doneAt FROM ${table} ORDER BY name`
        return (await ask(sql)) as Awaited<ReturnType<Migrations['records']>>
      } catch (error) {
        if (numberOf(error) === tableUnknown) return []
        throw error
      }
    },
    async lock() {
      // The connection that changes the tables also holds the lock. When its process is killed, the lock stays
      // until the server has finished the last statement.
      const rows = (await ask('SELECT DATABASE() AS name')) as Rows
      const name = createHash('sha256').update(String(rows[0]?.name)).digest('hex').slice(0, 32)
      const seconds = Math.ceil(lockTimeoutMs / 1000)
      const locked = (await ask(`SELECT GET_LOCK('torii:migrate:${name}', ${seconds}) AS locked`)) as Rows
      if (locked[0]?.locked !== 1)
        throw new Error(`another migration has been running for more than ${seconds} s`)
      await ask(
        `CREATE TABLE IF NOT EXISTS ${table} (
          name VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
          started_at BIGINT NOT NULL,
          done_at BIGINT NULL
        ) ENGINE=InnoDB`,
      )
    },
    async run(step) {
      // A statement that changes a table commits by itself, so its record is made before it and completed after.
      const [record] = (await ask(`SELECT done_at FROM ${table} WHERE name = ?`, [step.name])) as Rows
      if (record !== undefined && record.done_at !== null) return false
      const isAgain = record !== undefined
      if (!isAgain) {
        await ask(`INSERT INTO ${table} (name, started_at) VALUES (?, ?)`, [step.name, clock.now()])
      }
      await onStep(step.name, 'started')
      try {
        await ask(step.sql)
      } catch (error) {
        if (!isAgain || !alreadyThere.has(numberOf(error))) throw stepFailed(step, error)
      }
      await onStep(step.name, 'run')
      await ask(`UPDATE ${table} SET done_at = ? WHERE name = ?`, [clock.now(), step.name])
      await onStep(step.name, 'done')
      return true
    },
    async close() {
      destroy(connection)
    },
  }
}

/** The first write host that answers. */
async function connect(config: DatabaseConfig): Promise<Connection> {
  let cause: unknown
  for (const host of config.write) {
    const connection = createConnection(createOptions(host, config))
    connection.on('error', () => {})
    try {
      await setUp(connection, config, { autocommit: true, isLimited: false })
      return connection
    } catch (error) {
      destroy(connection)
      cause = error
    }
  }
  throw new Failure('DATABASE_UNREACHABLE', { cause })
}
