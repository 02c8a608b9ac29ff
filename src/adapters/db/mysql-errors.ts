import { Failure } from '../../protocol/errors.ts'

/**
 * - `lost`: the connection is gone, and the statement may have run;
 * - `timeout`: no answer in time, and the statement may have run;
 * - `away`: the host could not be reached;
 * - `unready`: the host answers, but this node takes no statements now: nothing was done, so another host is asked;
 * - `full`: the host takes no more connections;
 * - `deadlock`: the transaction was undone and may run again;
 * - `duplicate`: a unique key is broken;
 * - `unprepared`: the server has no room for another prepared statement;
 * - `other`: a fault of the statement, which every host would refuse.
 */
export type ErrorKind =
  | 'lost'
  | 'timeout'
  | 'away'
  | 'unready'
  | 'full'
  | 'deadlock'
  | 'duplicate'
  | 'unprepared'
  | 'other'

/** Numbers of MySQL and MariaDB, since names differ between them; names for what Node and mysql2 say. */
export const errorKinds: readonly (readonly [id: number | string, kind: ErrorKind, meaning: string])[] = [
  [1053, 'lost', 'ER_SERVER_SHUTDOWN'],
  [1927, 'lost', 'MariaDB: ER_CONNECTION_KILLED'],
  [3169, 'lost', 'MySQL: ER_SESSION_WAS_KILLED'],
  [4031, 'lost', 'MySQL: ER_CLIENT_INTERACTION_TIMEOUT'],
  ['ECONNRESET', 'lost', ''],
  ['EPIPE', 'lost', ''],
  ['PROTOCOL_CONNECTION_LOST', 'lost', ''],
  [1317, 'timeout', 'ER_QUERY_INTERRUPTED'],
  [1969, 'timeout', 'MariaDB: max_statement_time'],
  [3024, 'timeout', 'MySQL: max_execution_time'],
  ['PROTOCOL_SEQUENCE_TIMEOUT', 'timeout', ''],
  ['ECONNREFUSED', 'away', ''],
  ['EHOSTUNREACH', 'away', ''],
  ['ENETUNREACH', 'away', ''],
  ['ENOTFOUND', 'away', ''],
  ['ETIMEDOUT', 'away', ''],
  ['EAI_AGAIN', 'away', ''],
  [1129, 'away', 'ER_HOST_IS_BLOCKED: too many broken connections came from here'],
  [1047, 'unready', 'Galera: the node has not joined the cluster, is a donor, or is cut off'],
  [1290, 'unready', 'ER_OPTION_PREVENTS_STATEMENT: a primary that became a replica'],
  [1792, 'unready', 'ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION'],
  [1836, 'unready', 'MySQL: ER_READ_ONLY_MODE'],
  [3032, 'unready', 'MySQL: ER_SERVER_OFFLINE_MODE'],
  [3100, 'unready', 'MySQL: ER_RUN_HOOK_ERROR: group replication refuses the transaction'],
  [3101, 'unready', 'MySQL: ER_TRANSACTION_ROLLBACK_DURING_COMMIT: group replication undid the transaction'],
  [1040, 'full', 'ER_CON_COUNT_ERROR'],
  [1203, 'full', 'ER_TOO_MANY_USER_CONNECTIONS'],
  [1226, 'full', 'ER_USER_LIMIT_REACHED'],
  [1020, 'deadlock', 'MariaDB: ER_CHECKREAD: the row has changed since it was read'],
  [1205, 'deadlock', 'ER_LOCK_WAIT_TIMEOUT'],
  [1213, 'deadlock', 'ER_LOCK_DEADLOCK, and a conflict between Galera nodes'],
  [1062, 'duplicate', 'ER_DUP_ENTRY'],
  [1461, 'unprepared', 'ER_MAX_PREPARED_STMT_COUNT_REACHED'],
]

const kinds = new Map(errorKinds.map(([id, kind]) => [id, kind]))

/** What an error of the driver means. */
export function kindOf(error: unknown): ErrorKind {
  const { errno, code, fatal } = (error ?? {}) as { errno?: unknown; code?: unknown; fatal?: unknown }
  const kind = kinds.get(code as string) ?? kinds.get(errno as number)
  return kind ?? (fatal === true ? 'lost' : 'other')
}

/** True if nothing may be sent over this connection any more. */
export const endsConnection = (error: unknown) =>
  ['lost', 'away', 'unready'].includes(kindOf(error)) || isClientTimeout(error)

const isClientTimeout = (error: unknown) =>
  (error as { code?: unknown } | undefined)?.code === 'PROTOCOL_SEQUENCE_TIMEOUT'

/** For a connection whose state is not known any more. */
export const createLoss = (cause: unknown) =>
  Object.assign(new Error('the connection is lost', { cause }), { fatal: true })

/** The same shape as mysql2's own: an answer that did not come in time. */
export const createTimeout = (ms: number) =>
  Object.assign(new Error(`no answer within ${ms} ms`), { code: 'PROTOCOL_SEQUENCE_TIMEOUT' })

const awayKinds: readonly ErrorKind[] = ['lost', 'timeout', 'away', 'unready']

export function toFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  const kind = kindOf(error)
  if (kind === 'full') return new Failure('OVERLOADED', { cause: error, retryAfterSeconds: 1 })
  return new Failure(awayKinds.includes(kind) ? 'DATABASE_UNREACHABLE' : 'DATABASE_ERROR', { cause: error })
}

/** The kind of an error as the callers of `Db` see it. */
export const kindOfFailure = (error: unknown): ErrorKind =>
  kindOf(error instanceof Failure ? error.cause : error)
