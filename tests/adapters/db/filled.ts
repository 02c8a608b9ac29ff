/** Tables with as many rows as make an index worth its while, whatever tables there are. */
import { type Connection, createConnection } from 'mysql2/promise'
import type { Login } from './databases.ts'

type Host = Login & { database: string }
type Column = { table: string; name: string; isText: number; isNullable: number }
type Part = { table: string; name: string; place: number; parts: number }

const rowCount = 2_000
const group = '10001 + seq DIV 10'

/** Texts that queries ask for by name. Most rows are of the kind that there is most of. */
const named: Record<string, string> = {
  open_id: '10001 + seq',
  status: "'active'",
  state: "IF(seq % 50 = 0, 'waiting', 'sent')",
}

/**
 * Fills every table. A column has the same numbers as all others, or their texts, so that any two can be joined: ten rows a
 * number; one where it is unique by itself; and the last column of a unique key has others in each of the ten.
 */
export const fillTables = async ({ host, port, user, password, database }: Host): Promise<void> => {
  const connection = await createConnection({ host, port, user, password, database })
  try {
    await connection.query('SET foreign_key_checks = 0')
    const columns = await readColumns(connection)
    const parts = await readParts(connection)
    for (const table of new Set(columns.map((column) => column.table))) {
      const own = columns.filter((column) => column.table === table)
      const names = own.map(({ name }) => `\`${name}\``).join(', ')
      const keys = parts.filter((part) => part.table === table)
      const values = own.map((column) => writeColumn(column, keys)).join(', ')
      await connection.query(
        `INSERT IGNORE INTO \`${table}\` (${names}) SELECT ${values} FROM seq_1_to_${rowCount}`,
      )
      await connection.query(`ANALYZE TABLE \`${table}\``)
    }
  } finally {
    await connection.end()
  }
}

const writeColumn = (column: Column, parts: readonly Part[]): string => {
  const number = numberOf(column, parts)
  const value = named[column.name] ?? (column.isText ? `CAST(${number} AS CHAR)` : number)
  return column.isNullable ? `IF(seq % 2 = 0, ${value}, NULL)` : value
}

const numberOf = ({ name }: Column, parts: readonly Part[]): string => {
  const own = parts.filter((part) => part.name === name)
  if (own.some((part) => part.parts === 1)) return '10001 + seq'
  return own.some(({ place, parts }) => place === parts) ? `${group} + 13 * (seq % 10)` : group
}

const readColumns = async (connection: Connection) => {
  const [rows] = await connection.query(
    `SELECT table_name AS \`table\`, column_name AS name, data_type NOT LIKE '%int' AS isText, is_nullable = 'YES' AS isNullable
     FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position`,
  )
  return rows as Column[]
}

/** Columns of primary and unique keys. */
const readParts = async (connection: Connection) => {
  const [rows] = await connection.query(
    `SELECT table_name AS \`table\`, column_name AS name, seq_in_index AS place,
       COUNT(*) OVER (PARTITION BY table_name, index_name) AS parts
     FROM information_schema.statistics WHERE table_schema = DATABASE() AND non_unique = 0`,
  )
  return rows as Part[]
}
