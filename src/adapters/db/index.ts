import type { Kysely, Transaction } from 'kysely'
import type { Tables } from './tables.ts'

export type { Tables } from './tables.ts'

/** What a repo function takes first: the database, or the transaction of the service that owns the change. */
export type Executor = Kysely<Tables>

/**
 * The database. The same contract on MySQL, MariaDB and SQLite:
 * - parameters are strings without NUL, safe integers, Buffers or null; anything else throws before it is sent;
 * - binary columns come back as Buffers, BIGINT as numbers;
 * - a server that is away fails with `Failure('DATABASE_UNREACHABLE')`, a full queue with
 *   `Failure('OVERLOADED')`, any other error with `Failure('DATABASE_ERROR')` (the driver's error is its
 *   cause), save a broken unique key: `isDuplicate` tells that.
 */
export interface Db {
  readonly engine: 'mysql' | 'sqlite'
  /** Replicas (or whatever stands for them). May lag: never for tickets, codes, counters, revocations, status. */
  readonly read: Executor
  /** The primary; each statement commits by itself. */
  readonly write: Executor
  /** `read`, or the primary while the caller's own write may not have arrived there (`writtenUntil`, ms; undefined: primary). */
  readFor(writtenUntil: number | undefined): Executor
  /**
   * Runs `work` in one transaction on the primary. Deadlocks are tried again (three times), so `work` must do
   * nothing but statements of `trx`; using `read`, `write` or another `transaction` inside throws.
   */
  transaction<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T>
  isDuplicate(error: unknown): boolean
  /** One entry a host, in configured order. */
  health(): Promise<HostHealth[]>
  /** Connections of each pool; none for the embedded database. */
  pools(): PoolState[]
  /** Statements sent so far (COMMIT counts), for the budget of trips per request. */
  readonly trips: number
  close(): Promise<void>
}

export type PoolState = {
  pool: 'read' | 'write' | 'transaction'
  busy: number
  limit: number
  /** Calls that wait for a connection. */
  waiting: number
}

export type HostHealth = {
  role: 'write' | 'read'
  host: string
  /** Empty when the host answers. */
  problem: string
  /** Server version; empty when away. */
  version: string
  /** Seconds behind the primary; undefined for a primary, and when the server doesn't tell (a missing privilege). */
  lagSeconds?: number | undefined
  /** How far its clock is ahead of ours; undefined when away. */
  clockAheadMs?: number | undefined
  /** Whether it refuses to be written to; undefined when away. */
  isReadOnly?: boolean | undefined
}
