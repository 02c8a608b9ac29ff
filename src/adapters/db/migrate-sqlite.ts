import { existsSync } from 'node:fs'
import { Failure } from '../../protocol/errors.ts'
import { type MigrationNeeds, type Migrations, stepFailed } from './migration-steps.ts'
import { createFile, openSqlite, type SqliteConnection } from './sqlite-connection.ts'
import type { MigrationRow } from './tables.ts'

/** A statement and its record are one transaction, so a step is either done or never began. */
export async function openSqliteMigrations(needs: MigrationNeeds): Promise<Migrations> {
  const { config, clock, lockTimeoutMs, onStep } = needs
  const { file, tables } = config
  const table = `"${tables.migrations}"`
  let opened: SqliteConnection | undefined
  const open = async () => {
    opened ??= await openSqlite({ file, busyDeadlineMs: lockTimeoutMs })
    return opened
  }

  async function transaction<T>(work: (connection: SqliteConnection) => Promise<T>): Promise<T> {
    const connection = await open()
    await connection.run('BEGIN IMMEDIATE')
    try {
      const result = await work(connection)
      await connection.run('COMMIT')
      return result
    } catch (error) {
      await connection.run('ROLLBACK').catch(() => {})
      throw error
    }
  }

  return {
    async records() {
      // Opening the file would create it.
      if (!existsSync(file)) return []
      const connection = await open()
      const known = await connection.run('SELECT 1 FROM sqlite_master WHERE name = ?', [tables.migrations])
      if (known.rows.length === 0) return []
      const sql = `SELECT name, started_at AS startedAt, done_at AS doneAt FROM ${table} ORDER BY name`
      return (await connection.run<MigrationRow>(sql)).rows
    },
    async lock() {
      createFile(file)
      await transaction((connection) =>
        connection.run(
          `CREATE TABLE IF NOT EXISTS ${table} (
            name TEXT NOT NULL PRIMARY KEY,
            started_at INTEGER NOT NULL,
            done_at INTEGER
          ) STRICT`,
        ),
      )
    },
    // Each step takes the write lock by itself: another process may have run it meanwhile.
    run: (step) =>
      transaction(async (connection) => {
        const known = await connection.run(`SELECT 1 FROM ${table} WHERE name = ?`, [step.name])
        if (known.rows.length > 0) return false
        const startedAt = clock.now()
        await onStep(step.name, 'started')
        await connection.run(step.sql).catch((error) => {
          throw stepFailed(step, error instanceof Failure ? error.cause : error)
        })
        await onStep(step.name, 'run')
        const record = [step.name, startedAt, clock.now()]
        await connection.run(`INSERT INTO ${table} (name, started_at, done_at) VALUES (?, ?, ?)`, record)
        return true
      }).then(async (ran) => {
        if (ran) await onStep(step.name, 'done')
        return ran
      }),
    async close() {
      opened?.close()
    },
  }
}
