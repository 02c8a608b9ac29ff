import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely'
import type { DatabaseConfig } from '../../config/index.ts'
import { refuseStream } from './driver.ts'
import { send, statementTimeoutMs, toResult } from './mysql-connection.ts'
import { createLoss, endsConnection, kindOf, toFailure } from './mysql-errors.ts'
import type { Lease, Pool } from './mysql-pool.ts'
import { checkParameters } from './parameters.ts'

type Needs = { config: DatabaseConfig; trips: { count: number }; pool: Pool }

type TransactionConnection = DatabaseConnection & {
  commit(): Promise<void>
  rollback(): Promise<void>
  release(): void
}

/** Connections that are always inside a transaction (`autocommit = 0`), so that beginning one costs no trip. */
export function createTransactionDriver({ config, trips, pool }: Needs): Driver {
  const asOurs = (connection: DatabaseConnection) => connection as TransactionConnection

  function open(lease: Lease): TransactionConnection {
    let problem: unknown
    let isOver = false

    async function run(sql: string, parameters: readonly unknown[] = []) {
      // After a deadlock the server has begun another transaction: going on would commit half of the work.
      if (problem !== undefined) throw toFailure(problem)
      trips.count++
      try {
        return await send(lease.connection, sql, parameters, statementTimeoutMs(config))
      } catch (error) {
        const kind = kindOf(error)
        if (kind !== 'duplicate' && kind !== 'other') problem = error
        throw toFailure(error)
      }
    }

    return {
      async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
        checkParameters(query.parameters)
        // A statement that the work did not wait for must not reach the next owner of the connection.
        if (isOver) throw new Error('this transaction is over')
        return toResult(await run(query.sql, query.parameters))
      },
      streamQuery: refuseStream,
      async commit() {
        isOver = true
        await run('COMMIT')
      },
      async rollback() {
        isOver = true
        if (problem !== undefined && endsConnection(problem)) return
        problem = undefined
        // The caller learns why it was rolled back; a connection that could not be is closed, which undoes too.
        await run('ROLLBACK').catch((error) => {
          problem = createLoss(error)
        })
      },
      release: () => lease.release(problem),
    }
  }

  return {
    init: async () => {},
    acquireConnection: async () => open(await pool.acquire()),
    releaseConnection: async (connection) => asOurs(connection).release(),
    beginTransaction: async () => {},
    commitTransaction: (connection) => asOurs(connection).commit(),
    rollbackTransaction: (connection) => asOurs(connection).rollback(),
    destroy: async () => {},
  }
}
