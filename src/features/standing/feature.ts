/** Standing: what a user may not do at present, until when, and why. */
import { type AdminWorld, feature } from '../feature.ts'
import type { Standing } from './api.ts'
import { createCheck } from './check.ts'
import { removeOldWithheld } from './repo.ts'

const dayMs = 24 * 3_600_000

export const standing = feature({
  create: ({ clock }: AdminWorld) => {
    const api: Standing = { check: createCheck(clock) }
    return {
      api,
      retention: [{ name: 'withheld capabilities', keptMs: dayMs, remove: removeOldWithheld }],
    }
  },
})
