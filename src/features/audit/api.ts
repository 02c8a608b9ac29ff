import type { Executor } from '../../adapters/db/index.ts'
import type { AuditEvent } from './repo.ts'

/** Part of the transaction of what it records; `detail` never holds a secret. */
export type RecordAudit = (trx: Executor, event: Omit<AuditEvent, 'happenedAt'>) => Promise<void>
