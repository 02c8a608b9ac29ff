/** Bans and rate limits. */
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import { type AdminWorld, feature, type World } from '../feature.ts'
import { createBans } from './bans.ts'
import { createLimits } from './limits.ts'

export { reservedLimitKeys } from './limits.ts'

export const bans = feature({
  create: (
    { db, clock, networkOf }: AdminWorld,
    { recordAudit, recordChange }: { recordAudit: RecordAudit; recordChange: RecordChange },
  ) => {
    const api = createBans({ db, clock, networkOf, recordAudit, recordChange })
    return { api, onChange: [{ kind: 'bans', apply: api.load, isWhole: true, missed: 'any' }] }
  },
})

export const limits = feature({
  create: ({ store, config }: World) => ({ api: createLimits({ store, limits: config.limits }) }),
})
