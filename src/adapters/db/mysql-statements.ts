import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely'
import type { DatabaseConfig } from '../../config/index.ts'
import { Failure } from '../../protocol/errors.ts'
import { checkIsRead, refuseStream, refuseTransaction } from './driver.ts'
import { retryUndone, send, statementTimeoutMs, toResult } from './mysql-connection.ts'
import { kindOf, toFailure } from './mysql-errors.ts'
import type { Host } from './mysql-hosts.ts'
import type { Lease, Pool } from './mysql-pool.ts'
import { checkParameters } from './parameters.ts'
import type { TransactionGuard } from './transaction-guard.ts'

type Needs = {
  config: DatabaseConfig
  guard: TransactionGuard
  trips: { count: number }
  writePool: Pool
  /** Makes the driver one for reading only. The write hosts stand in when none of these answers. */
  readPool?: Pool
}

const none: ReadonlySet<Host> = new Set()

/** Each statement on a connection of its own: what `db.read` and `db.write` are. */
export function createStatementDriver({ config, guard, trips, writePool, readPool }: Needs): Driver {
  const sendOver = async (lease: Lease, query: CompiledQuery) => {
    trips.count++
    try {
      const result = await send(lease.connection, query.sql, query.parameters, statementTimeoutMs(config))
      lease.release()
      return toResult<never>(result)
    } catch (error) {
      lease.release(error)
      throw error
    }
  }

  async function acquire(avoid: ReadonlySet<Host>): Promise<Lease> {
    if (readPool === undefined || readPool === writePool) return writePool.acquire(avoid)
    return readPool.acquire(avoid).catch((error) => {
      if (!isUnreachable(error)) throw error
      return writePool.acquire(avoid)
    })
  }

  /**
   * Asked again when there was no answer: of every host that is left while connections only break (all replicas may
   * have died at once), of one after a timeout, over a new connection if there is no other host.
   */
  async function read(query: CompiledQuery) {
    const asked = new Set<Host>()
    let problem: unknown
    for (;;) {
      const lease = await acquire(asked).catch((failure) => {
        if (problem === undefined || !isUnreachable(failure)) throw failure
        if (kindOf(problem) === 'timeout') throw problem
        return acquire(none)
      })
      try {
        return await sendOver(lease, query)
      } catch (error) {
        const kind = kindOf(error)
        const isBroken = kind === 'lost' || kind === 'unready'
        const isAgain = isBroken ? !asked.has(lease.host) : kind === 'timeout' && asked.size === 0
        if (!isAgain) throw error
        asked.add(lease.host)
        problem = error
      }
    }
  }

  /** As `read`, but the host stays the one that is written to: another may not have the newest rows. */
  async function readPrimary(query: CompiledQuery) {
    try {
      return await sendOver(await writePool.acquire(), query)
    } catch (error) {
      if (kindOf(error) !== 'lost' && kindOf(error) !== 'unready') throw error
      return sendOver(await writePool.acquire(), query)
    }
  }

  /** Without an answer it may have happened: only what was undone, or refused by the node, is tried again. */
  const write = (query: CompiledQuery) =>
    retryUndone(config.write.length, async () => sendOver(await writePool.acquire(), query))

  function choose({ query }: CompiledQuery) {
    if (readPool !== undefined) {
      checkIsRead(query)
      return read
    }
    return query.kind === 'SelectQueryNode' ? readPrimary : write
  }

  const connection: DatabaseConnection = {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      checkParameters(query.parameters)
      const run = choose(query)
      return run(query).catch((error) => {
        throw toFailure(error)
      })
    },
    streamQuery: refuseStream,
  }

  return {
    init: async () => {},
    async acquireConnection() {
      guard.checkOutside()
      return connection
    },
    releaseConnection: async () => {},
    beginTransaction: refuseTransaction,
    commitTransaction: refuseTransaction,
    rollbackTransaction: refuseTransaction,
    destroy: async () => {},
  }
}

const isUnreachable = (error: unknown) =>
  error instanceof Failure && error.entry.name === 'DATABASE_UNREACHABLE'
