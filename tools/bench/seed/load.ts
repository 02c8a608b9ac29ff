/** Puts seeded rows into an empty database, as fast as MariaDB builds its tables: sorted, without checks. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Connection, createConnection } from 'mysql2/promise'
import type { Mariadb } from '../../test/harness.ts'
import { countsStatement, type SeedSizes, type SeedTable, seedTables } from './tables.ts'

export type LoadedTable = { table: string; rows: number; seconds: number; bytes: number }

type Plan = {
  server: Mariadb
  /** With the user whose rows are copied. */
  from: { database: string; userId: number }
  to: string
  sizes: SeedSizes
  say(line: string): void
}

/** Tables that apps and their settings are in: the same in both databases. */
const sharedTables = ['apps', 'businesses', 'settings']

const listColumns = async (connection: Connection, table: string): Promise<string[]> => {
  const [rows] = await connection.query(
    'SELECT column_name AS name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?',
    [table],
  )
  return (rows as { name: string }[]).map(({ name }) => name)
}

const writeInsert = (seeded: SeedTable, columns: readonly string[], { from, sizes }: Plan): string => {
  const { table, isCopied, values } = seeded
  const filled = columns.filter((column) => isCopied || column in values)
  const expressions = filled.map((column) => values[column] ?? `m.${column}`)
  const copied = `, (SELECT * FROM ${from.database}.${table} WHERE user_id = ${from.userId} LIMIT 2) m`
  return `INSERT INTO ${table} (${filled.join(', ')})
    SELECT ${expressions.join(', ')} FROM ${seeded.from(sizes)}${isCopied ? copied : ''}`
}

/** What a table takes on the disk, with its indexes. */
const readBytes = async ({ server, to }: Plan, table: string): Promise<number> => {
  const folder = join(server.folder, 'data', to)
  const files = (await readdir(folder)).filter((file) => file === `${table}.ibd`)
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(folder, file))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

export const loadSeed = async (plan: Plan): Promise<LoadedTable[]> => {
  const { server, from, to, say } = plan
  const { host, port, user, password } = server
  const connection = await createConnection({ host, port, user, password, database: to })
  const loaded: LoadedTable[] = []
  const insert = async (table: string, statement: string) => {
    const started = performance.now()
    const [result] = await connection.query(statement)
    await connection.query(`ANALYZE TABLE ${table}`)
    const rows = (result as { affectedRows: number }).affectedRows
    const one = {
      table,
      rows,
      seconds: (performance.now() - started) / 1_000,
      bytes: await readBytes(plan, table),
    }
    loaded.push(one)
    say(`${to}: ${table}: ${rows} rows in ${one.seconds.toFixed(1)} s, ${(one.bytes / 1e6).toFixed(0)} MB`)
  }
  try {
    await connection.query('SET unique_checks = 0, foreign_key_checks = 0')
    if (to !== from.database)
      for (const table of sharedTables)
        await connection.query(`REPLACE INTO ${table} SELECT * FROM ${from.database}.${table}`)
    for (const seeded of seedTables) {
      const columns = await listColumns(connection, seeded.table)
      if (columns.length > 0) await insert(seeded.table, writeInsert(seeded, columns, plan))
    }
    if ((await listColumns(connection, 'friend_counts')).length > 0)
      await insert('friend_counts', countsStatement)
  } finally {
    await connection.end()
  }
  return loaded
}
