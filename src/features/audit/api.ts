import type { Executor } from '../../adapters/db/index.ts'
import type { AuditEvent, findEventsBefore } from './repo.ts'

/** Part of the transaction of what it records; `detail` never holds a secret. */
export type RecordAudit = (trx: Executor, event: Omit<AuditEvent, 'happenedAt'>) => Promise<void>

/** Part of the history of a user: what of an event the user may see is the caller's rule. */
export type { PastEvent } from './repo.ts'
export type FindEventsBefore = typeof findEventsBefore
