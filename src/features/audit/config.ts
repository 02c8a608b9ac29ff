import { table, whole } from '../../config/fields.ts'

export const audit = {
  keptSeconds: whole(31_536_000, 86_400, 3_153_600_000, 'An audit event is removed after this time'),
}

export const tables = { auditEvents: table('audit_events') }
