/** What is kept for how long, in one place; `docs/operations.md` has the same list. */
import type { Clock } from './adapters/clock.ts'
import type { Db } from './adapters/db/index.ts'
import { removeOldSightings } from './features/abuse/repo.ts'
import { removeOldFailures } from './features/accounts/repo.ts'
import { removeExpiredDevices } from './features/apps/repo.ts'
import { removeOldChanges } from './features/change-log/repo.ts'
import { removeOldLogins } from './features/tickets/repo.ts'

const dayMs = 24 * 3_600_000

/** Removes what is old; every process does it again and again. */
export const createForgetting =
  ({ db: { write }, clock, skeyMs }: { db: Pick<Db, 'write'>; clock: Clock; skeyMs: number }) =>
  async (): Promise<void> => {
    const now = clock.now()
    await Promise.all([
      removeExpiredDevices(write, now),
      // Twice as long as any SKey lives: what a process that was away has to catch up with.
      removeOldChanges(write, now - 2 * skeyMs),
      // For a year: a device that has logged in before stays known.
      removeOldLogins(write, now - 365 * dayMs),
      removeOldFailures(write, { failedBefore: now - dayMs, streaksBefore: now - 90 * dayMs }),
      // Addresses are people's: kept for as long as somebody looks back.
      removeOldSightings(write, now - 90 * dayMs),
    ])
  }
