import { closeSync, fsyncSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'libsql'
import { Failure } from '../../protocol/errors.ts'
import { openSqlite } from './sqlite-connection.ts'

/**
 * Copies the embedded database into a new file (0600) while others read and write it: all of it as it was at one
 * moment. Returns its size in bytes once the copy is on the disk and was read through. A copy without `table` is of
 * another program, and refused.
 */
export async function copySqlite({
  file,
  to,
  table,
}: Record<'file' | 'to' | 'table', string>): Promise<number> {
  closeSync(openSync(to, 'wx', 0o600))
  const source = await openSqlite({ file })
  try {
    await source.run('VACUUM INTO ?', [to])
  } finally {
    source.close()
  }
  checkCopy(to, table)
  for (const path of [to, dirname(to)]) flush(path)
  return statSync(to).size
}

function checkCopy(file: string, table: string): void {
  const database = new Database(file, { readonly: true })
  try {
    const found = database.prepare('PRAGMA integrity_check(1)').all() as { integrity_check: string }[]
    const [first] = found.map((row) => row.integrity_check)
    if (first !== 'ok')
      throw new Failure('DATABASE_ERROR', { cause: new Error(`the copy is not sound: ${first}`) })
    const tables = database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?")
      .all(table)
    if (tables.length === 0)
      throw new Failure('DATABASE_ERROR', { info: `no table ${table}: is it the database of your server?` })
  } finally {
    database.close()
  }
}

function flush(path: string): void {
  const opened = openSync(path, 'r')
  try {
    fsyncSync(opened)
  } finally {
    closeSync(opened)
  }
}
