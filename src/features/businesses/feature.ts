/** Businesses: named services that accept their own pSKeys and no other ticket. */
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import { type AdminWorld, feature } from '../feature.ts'
import { createBusinesses } from './businesses.ts'

export const businesses = feature({
  create: (
    { db, clock }: AdminWorld,
    { recordAudit, recordChange }: { recordAudit: RecordAudit; recordChange: RecordChange },
  ) => {
    const api = createBusinesses({ db, clock, recordAudit, recordChange })
    return { api, onChange: [{ kind: 'businesses', apply: api.reload, isWhole: true, missed: 'any' }] }
  },
})
