import { Failure } from '../../protocol/errors.ts'

export type ErrorKind = 'lost' | 'timeout' | 'away' | 'full' | 'deadlock' | 'duplicate' | 'other'

// Numbers of MySQL and MariaDB; names differ between them.
const kinds = new Map<number | string, ErrorKind>([
  [1053, 'lost'], // ER_SERVER_SHUTDOWN
  [1927, 'lost'], // MariaDB: ER_CONNECTION_KILLED
  [3169, 'lost'], // MySQL: ER_SESSION_WAS_KILLED
  [4031, 'lost'], // MySQL: ER_CLIENT_INTERACTION_TIMEOUT
  ['ECONNRESET', 'lost'],
  ['EPIPE', 'lost'],
  ['PROTOCOL_CONNECTION_LOST', 'lost'],
  [1317, 'timeout'], // ER_QUERY_INTERRUPTED
  [1969, 'timeout'], // MariaDB: max_statement_time
  [3024, 'timeout'], // MySQL: max_execution_time
  ['PROTOCOL_SEQUENCE_TIMEOUT', 'timeout'],
  ['ECONNREFUSED', 'away'],
  ['EHOSTUNREACH', 'away'],
  ['ENETUNREACH', 'away'],
  ['ENOTFOUND', 'away'],
  ['ETIMEDOUT', 'away'],
  ['EAI_AGAIN', 'away'],
  [1290, 'away'], // ER_OPTION_PREVENTS_STATEMENT: a primary that became a replica
  [1836, 'away'], // ER_READ_ONLY_MODE: the same on MySQL
  [1040, 'full'], // ER_CON_COUNT_ERROR
  [1203, 'full'], // ER_TOO_MANY_USER_CONNECTIONS
  [1226, 'full'], // ER_USER_LIMIT_REACHED
  [1205, 'deadlock'], // ER_LOCK_WAIT_TIMEOUT
  [1213, 'deadlock'], // ER_LOCK_DEADLOCK
  [1062, 'duplicate'], // ER_DUP_ENTRY
])

/** What an error of the driver means. `lost`: the connection is gone and the statement may have run. */
export function kindOf(error: unknown): ErrorKind {
  const { errno, code, fatal } = (error ?? {}) as { errno?: unknown; code?: unknown; fatal?: unknown }
  const kind = kinds.get(code as string) ?? kinds.get(errno as number)
  return kind ?? (fatal === true ? 'lost' : 'other')
}

/** True if nothing may be sent over this connection any more. */
export const endsConnection = (error: unknown) =>
  kindOf(error) === 'lost' || kindOf(error) === 'away' || isClientTimeout(error)

const isClientTimeout = (error: unknown) =>
  (error as { code?: unknown } | undefined)?.code === 'PROTOCOL_SEQUENCE_TIMEOUT'

/** For a connection whose state is not known any more. */
export const createLoss = (cause: unknown) =>
  Object.assign(new Error('the connection is lost', { cause }), { fatal: true })

/** The same shape as mysql2's own: an answer that did not come in time. */
export const createTimeout = (ms: number) =>
  Object.assign(new Error(`no answer within ${ms} ms`), { code: 'PROTOCOL_SEQUENCE_TIMEOUT' })

export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  const kind = kindOf(error)
  if (kind === 'full') return new Failure('OVERLOADED', { cause: error, retryAfterSeconds: 1 })
  const isAway = kind === 'lost' || kind === 'timeout' || kind === 'away'
  return new Failure(isAway ? 'DATABASE_UNREACHABLE' : 'DATABASE_ERROR', { cause: error })
}

/** The kind of an error as the callers of `Db` see it. */
export const kindOfFailure = (error: unknown): ErrorKind =>
  kindOf(error instanceof Failure ? error.cause : error)
