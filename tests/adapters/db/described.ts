/** What is in a database, past everything that is tested. */
import Database from 'libsql'
import type { DatabaseConfig } from '../../../src/config/index.ts'
import { ask } from './databases.ts'

/** One statement, past everything that is tested here. */
export async function run(config: DatabaseConfig, sql: string) {
  const [host] = config.write
  return host === undefined ? askSqlite(config, sql) : ask(host, sql)
}

async function askSqlite(config: DatabaseConfig, sql: string) {
  const database = new Database(config.file)
  try {
    return database.prepare(sql).all([]) as Record<string, unknown>[]
  } finally {
    database.close()
  }
}

/** What a table is, said alike for both engines: columns with their type and whether null may be there. */
export async function describeTables(config: DatabaseConfig) {
  const [host] = config.write
  const rows =
    host === undefined
      ? await askSqlite(
          config,
          `SELECT m.name AS t, c.name AS c, c.type AS type, c."notnull" = 0 AND c.pk = 0 AS nullable
           FROM sqlite_master m JOIN pragma_table_info(m.name) c
           WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`,
        )
      : await ask(
          host,
          `SELECT table_name AS t, column_name AS c, data_type AS type, is_nullable = 'YES' AS nullable
           FROM information_schema.columns WHERE table_schema = '${host.database}'`,
        )
  return rows
    .map(({ t, c, type, nullable }) => `${t}.${c} ${typeNames[String(type)] ?? type} ${nullable}`)
    .sort()
}

const typeNames: Record<string, string> = {
  bigint: 'INTEGER',
  int: 'INTEGER',
  tinyint: 'INTEGER',
  varchar: 'TEXT',
  text: 'TEXT',
  mediumtext: 'TEXT',
  varbinary: 'BLOB',
  mediumblob: 'BLOB',
}

/** `table (columns)` of every index, with `unique` before those that are; the order of the columns counts. */
export async function describeIndexes(config: DatabaseConfig) {
  const [host] = config.write
  const rows =
    host === undefined
      ? await askSqlite(
          config,
          `SELECT m.name AS t, i.name AS i, i."unique" AS is_unique, c.name AS c, c.seqno AS place
           FROM sqlite_master m JOIN pragma_index_list(m.name) i JOIN pragma_index_info(i.name) c
           WHERE m.type = 'table' AND i.origin <> 'pk' ORDER BY t, i, place`,
        )
      : await ask(
          host,
          `SELECT table_name AS t, index_name AS i, 1 - non_unique AS is_unique, column_name AS c
           FROM information_schema.statistics
           WHERE table_schema = '${host.database}' AND index_name <> 'PRIMARY' ORDER BY t, i, seq_in_index`,
        )
  const indexes = new Map<string, string[]>()
  for (const row of rows) {
    const key = `${row.is_unique === 1 ? 'unique ' : ''}${row.t} ${row.i}`
    indexes.set(key, [...(indexes.get(key) ?? []), String(row.c)])
  }
  return [...indexes].map(([key, columns]) => `${key.replace(/ \S+$/, '')} (${columns.join(', ')})`).sort()
}
