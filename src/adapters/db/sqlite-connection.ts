import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { CompiledQuery, QueryResult } from 'kysely'
import Database from 'libsql'
import { Failure } from '../../protocol/errors.ts'

type Statement = ReturnType<InstanceType<typeof Database>['prepare']>
type Row = Record<string, unknown>

const maxStatements = 200

export type SqliteConnection = Awaited<ReturnType<typeof openSqlite>>

/** One connection to the file. `busy_timeout` is 0: SQLite's own waiting would block the event loop. */
export async function openSqlite(needs: { file: string; isReader?: boolean; busyDeadlineMs?: number }) {
  const { file, isReader = false, busyDeadlineMs = 5_000 } = needs
  const database = new Database(file, { timeout: 0 })
  const statements = new Map<string, Statement>()
  let isClosed = false

  function prepare(sql: string): Statement {
    const known = statements.get(sql)
    statements.delete(sql)
    const statement = known ?? database.prepare(sql)
    statements.set(sql, statement)
    const [oldest] = statements.keys()
    if (statements.size > maxStatements && oldest !== undefined) statements.delete(oldest)
    return statement
  }

  function runOnce<R>(sql: string, parameters: readonly unknown[]): QueryResult<R> {
    const statement = prepare(sql)
    // libsql binds each number as a float.
    const values = parameters.map((value) => (typeof value === 'number' ? BigInt(value) : value))
    if (statement.reader) return { rows: (statement.all(values) as Row[]).map(withBuffers) as R[] }
    const { changes, lastInsertRowid } = statement.run(values)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  }

  const connection = {
    /** Runs one statement, with checked parameters; while another process writes, tries again until the deadline. */
    async run<R = Row>(sql: string, parameters: readonly unknown[] = []): Promise<QueryResult<R>> {
      if (isClosed) throw new Failure('DATABASE_UNREACHABLE', { cause: new Error('the database is closed') })
      return retryBusy(() => runOnce<R>(sql, parameters), busyDeadlineMs).catch((error) => {
        throw toFailure(error)
      })
    },
    async execute<R>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<R>> {
      const { insertId, ...result } = await connection.run<R>(sql, parameters)
      // SQLite tells the last row number whatever the statement was.
      return query.kind === 'InsertQueryNode' && insertId !== undefined ? { ...result, insertId } : result
    },
    close(): void {
      if (isClosed) return
      isClosed = true
      statements.clear()
      database.close()
    },
  }

  await connection.run('PRAGMA journal_mode = WAL')
  await connection.run('PRAGMA synchronous = FULL')
  await connection.run('PRAGMA foreign_keys = ON')
  if (isReader) await connection.run('PRAGMA query_only = ON')
  return connection
}

/** No other user of the machine may read it; SQLite gives the files beside it the same mode. */
export function createFile(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    // Only a file that is not there: closing any descriptor of one that SQLite has open drops all its locks of this
    // process (POSIX), and the next process to leave then takes the log of this one for its own and deletes it.
    closeSync(openSync(file, 'wx', 0o600))
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST')
      throw new Failure('DATABASE_UNREACHABLE', { cause })
  }
}

/** Waits between the tries, 1 ms at first, at most 50. */
async function retryBusy<T>(run: () => T, deadlineMs: number): Promise<T> {
  const started = performance.now()
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 50)) {
    try {
      return run()
    } catch (error) {
      if (!isBusy(error) || performance.now() - started > deadlineMs) throw error
    }
    await delay(waitMs)
  }
}

function withBuffers(row: Row): Row {
  for (const [name, value] of Object.entries(row)) {
    if (value instanceof ArrayBuffer) row[name] = Buffer.from(value)
  }
  return row
}

const codeOf = (error: unknown) => String((error as { code?: unknown } | undefined)?.code)

const isBusy = (error: unknown) => codeOf(error).startsWith('SQLITE_BUSY')

/** Codes that a broken unique key has. */
export const isUniqueViolation = (error: unknown) =>
  /^SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY|ROWID)$/.test(codeOf(error))

const toFailure = (error: unknown) =>
  new Failure(
    /^SQLITE_(BUSY|CANTOPEN|IOERR)/.test(codeOf(error)) ? 'DATABASE_UNREACHABLE' : 'DATABASE_ERROR',
    {
      cause: error,
    },
  )
