import type { Clock } from '../../adapters/clock.ts'
import type { Executor } from '../../adapters/db/index.ts'
import { type AuditEvent, insertAuditEvent } from './repo.ts'

/** Part of the transaction of what it tells of; `detail` never holds a secret. */
export type RecordAudit = (trx: Executor, event: Omit<AuditEvent, 'happenedAt'>) => Promise<void>

export const createAudit = ({ clock }: { clock: Clock }): { record: RecordAudit } => ({
  record: (trx, event) => insertAuditEvent(trx, { ...event, happenedAt: clock.now() }),
})
