/** A server on each engine, and what its event lists hold. */
import type { Test } from 'tap'
import { createAdmin } from '../../../src/admin.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { createTestClock, type Environment, openShared, openTestServer } from '../../harness/test-server.ts'

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
  const world = await openTestServer({ environment, clock })
  // Jobs alone do not keep a process: here nothing listens.
  const alive = setInterval(() => undefined, 1_000)
  t.teardown(async () => {
    clearInterval(alive)
    await world.close()
  })
  const { db } = world.server
  const { recordEvent } = createAdmin({ db, config: loadConfig(environment) })
  const rowsOf = (userId: number) =>
    db.write.selectFrom('userEvents').selectAll().where('userId', '=', userId).orderBy('number').execute()
  return { ...world, clock, db, recordEvent, rowsOf }
}
