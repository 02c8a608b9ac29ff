/** A server on each engine, and what its event lists hold. */
import type { Test } from 'tap'
import { createAdmin } from '../../../src/admin.ts'
import { loadConfig } from '../../../src/config/load.ts'
import {
  createTestClock,
  type Environment,
  openShared,
  openTestServer,
  until,
} from '../../harness/test-server.ts'

export const engines: [name: string, open: (t: Test, more?: Environment) => Promise<Environment>][] = [
  ['SQLite', async (_t, more = {}) => more],
  [
    'MariaDB',
    async (t, more = {}) => {
      const shared = await openShared(more)
      t.teardown(() => shared.close())
      return shared.environment
    },
  ],
]

export const openEvents = async (t: Test, environment: Environment) => {
  const clock = createTestClock(Date.now())
  const world = await openTestServer({
    environment: { ...environment, TORII__METRICS__ENABLED: 'true', TORII__METRICS__PORT: '0' },
    clock,
  })
  // Jobs alone do not keep a process: here nothing listens.
  const alive = setInterval(() => undefined, 1_000)
  t.teardown(async () => {
    clearInterval(alive)
    await world.close()
  })
  const { db } = world.server
  const admin = createAdmin({ db, config: loadConfig(environment), clock })
  const { recordEvent } = admin
  const rowsOf = (userId: number) =>
    db.write.selectFrom('userEvents').selectAll().where('userId', '=', userId).orderBy('number').execute()
  /** Until so many calls wait for an event. */
  const untilWaiting = (count: number) =>
    until(`${count} calls wait`, async () => {
      const metrics = await (await fetch(`${world.server.metricsUrl}`)).text()
      return metrics.includes(`torii_event_waits ${count}\n`)
    })
  return { ...world, untilWaiting, admin, clock, db, recordEvent, rowsOf }
}
