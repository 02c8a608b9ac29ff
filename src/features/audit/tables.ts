import type { Generated } from '../../adapters/db/kysely.ts'

declare module '../../adapters/db/tables.ts' {
  interface Tables {
    auditEvents: AuditEventRow
  }
}

export type AuditEventRow = {
  eventId: Generated<number>
  happenedAt: number
  kind: string
  userId: number | null
  appId: string | null
  network: string | null
  /** JSON object, never a secret. */
  detail: string
}
