import { table } from '../../config/fields.ts'

export const tables = { auditEvents: table('audit_events') }
