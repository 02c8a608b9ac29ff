import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely'
import type { Slots } from '../../protocol/queue.ts'
import { checkIsRead, refuseStream, refuseTransaction } from './driver.ts'
import { checkParameters } from './parameters.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import type { TransactionGuard } from './transaction-guard.ts'

type Needs = {
  purpose: 'read' | 'write' | 'transaction'
  connection: SqliteConnection
  guard: TransactionGuard
  trips: { count: number }
  /** The one connection that writes has one slot. */
  writer?: Pick<Slots, 'enter' | 'leave'>
}

export function createSqliteDriver({ purpose, connection, guard, trips, writer }: Needs): Driver {
  const open = (): DatabaseConnection & { end(): void } => {
    let isOver = false
    return {
      async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
        if (isOver) throw new Error('this transaction is over')
        if (purpose === 'read') checkIsRead(query.query)
        checkParameters(query.parameters)
        trips.count++
        return connection.execute<R>(query)
      },
      streamQuery: refuseStream,
      end() {
        isOver = true
      },
    }
  }
  const finish = async (opened: DatabaseConnection, sql: 'COMMIT' | 'ROLLBACK') => {
    const { end } = opened as ReturnType<typeof open>
    end()
    trips.count++
    await connection.run(sql)
  }

  return {
    init: async () => {},
    async acquireConnection() {
      if (purpose !== 'transaction') guard.checkOutside()
      await breathe()
      await writer?.enter()
      return open()
    },
    async releaseConnection() {
      writer?.leave()
    },
    // Not counted: on MySQL beginning costs no trip.
    beginTransaction: async () => {
      if (purpose !== 'transaction') return refuseTransaction()
      await connection.run('BEGIN IMMEDIATE')
    },
    commitTransaction: (opened) => finish(opened, 'COMMIT'),
    // SQLite rolls back by itself after some errors, and then refuses: the caller learns about the first one.
    rollbackTransaction: (opened) => finish(opened, 'ROLLBACK').catch(() => {}),
    destroy: async () => {},
  }
}

const longestTurnMs = 10
let turnStartedAt = 0

/** Statements answer without ever going round the event loop: without a pause, a long chain starves all else. */
async function breathe(): Promise<void> {
  const now = performance.now()
  if (turnStartedAt === 0) {
    turnStartedAt = now
    setImmediate(() => {
      turnStartedAt = 0
    })
  }
  if (now - turnStartedAt > longestTurnMs) await new Promise<void>((resolve) => setImmediate(resolve))
}
