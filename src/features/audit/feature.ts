/** Audit events: what was done to apps, accounts and bans. */
import { type AdminWorld, feature } from '../feature.ts'
import type { RecordAudit } from './api.ts'
import { insertAuditEvent } from './repo.ts'

export const audit = feature({
  create: ({ clock }: AdminWorld) => {
    const record: RecordAudit = (trx, event) => insertAuditEvent(trx, { ...event, happenedAt: clock.now() })
    return { api: { record } }
  },
})
