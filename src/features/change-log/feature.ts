/** The change log: how running processes notice what others changed in the database. */
import { type AdminWorld, feature } from '../feature.ts'
import type { IncrementSetting } from '../settings/api.ts'
import { createChangeLog } from './change-log.ts'
import { removeOldChanges } from './repo.ts'

export { findChangedSubjects } from './repo.ts'

const noticeMs = 400

export const changeLog = feature({
  create: ({ db, clock, config }: AdminWorld, { increment }: { increment: IncrementSetting }) => {
    const skeyMs = config.tickets.skeySeconds * 1_000
    const api = createChangeLog({ db, clock, increment, lookBackMs: skeyMs })
    return {
      api,
      jobs: [{ everyMs: noticeMs, name: 'read the change log', work: api.poll }],
      // Twice as long as any SKey lives: what a process that was away has to catch up with.
      retention: [{ name: 'change log', keptMs: 2 * skeyMs, remove: removeOldChanges }],
    }
  },
})
