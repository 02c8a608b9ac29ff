/** Bans, rate limits, and the addresses that have called. */
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import { type AdminWorld, feature, type World } from '../feature.ts'
import { createAddressBook } from './addresses.ts'
import { createBans } from './bans.ts'
import { createLimits } from './limits.ts'
import { removeOldSightings } from './repo.ts'

const addressesKeptMs = 90 * 24 * 3_600_000

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

export const addresses = feature({
  create: ({ db, clock, createBatch }: World) => {
    const { see, flush } = createAddressBook({ db, clock, createBatch })
    return {
      api: { see },
      flush: [flush],
      retention: [{ name: 'addresses', keptMs: addressesKeptMs, remove: removeOldSightings }],
    }
  },
})
