/** Audit events: what was done to apps, accounts and bans. */
import { type AdminWorld, feature } from '../feature.ts'
import type { RecordAudit } from './api.ts'
import {
  collectAuditEvents,
  findEventsBefore,
  hideNetworks,
  insertAuditEvent,
  removeOldAuditEvents,
} from './repo.ts'

export const audit = feature({
  create: ({ clock, config, actor }: AdminWorld) => {
    const by: Record<string, string> = actor === undefined ? {} : { by: actor }
    const record: RecordAudit = (trx, event) =>
      insertAuditEvent(trx, { ...event, detail: { ...by, ...event.detail }, happenedAt: clock.now() })
    return {
      api: { record, findBefore: findEventsBefore },
      personal: [{ name: 'auditEvents' as const, collect: collectAuditEvents, removeSome: hideNetworks }],
      retention: [
        { name: 'audit events', keptMs: config.audit.keptSeconds * 1_000, remove: removeOldAuditEvents },
      ],
    }
  },
})
