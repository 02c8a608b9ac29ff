/** Audit events: what was done to apps, accounts and bans. */
import { type AdminWorld, feature } from '../feature.ts'
import type { RecordAudit } from './api.ts'
import { insertAuditEvent, removeOldAuditEvents } from './repo.ts'

export const audit = feature({
  create: ({ clock, config }: AdminWorld) => {
    const record: RecordAudit = (trx, event) => insertAuditEvent(trx, { ...event, happenedAt: clock.now() })
    return {
      api: { record },
      retention: [
        { name: 'audit events', keptMs: config.audit.keptSeconds * 1_000, remove: removeOldAuditEvents },
      ],
    }
  },
})
