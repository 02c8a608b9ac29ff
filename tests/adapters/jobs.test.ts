/** Work of the background: it goes on after a failure, and one that lasts is told. */
import t from 'tap'
import { createJobs } from '../../src/adapters/jobs.ts'
import { createTestClock, until } from '../harness/test-server.ts'

t.test('a job that keeps failing is told after minutes, and forgotten when it works again', async (t) => {
  const clock = createTestClock(0)
  let failures = 0
  let warnings = 0
  let isBroken = true
  const runner = createJobs({
    logger: {
      warn: () => {
        warnings += 1
      },
    },
    clock,
  })
  t.teardown(runner.stop)
  const work = async () => {
    if (!isBroken) return
    failures += 1
    throw new Error('no room')
  }
  runner.start([
    { everyMs: 1, name: 'tidy up', work },
    { everyMs: 1, name: 'fine', work: async () => undefined },
  ])
  await until('it failed twice', () => failures >= 2)
  t.ok(warnings >= 2, 'each failure is logged')
  t.equal(runner.problem(), '', 'a moment is no problem')
  clock.add(301_000)
  t.equal(runner.problem(), '"tidy up" has failed for 5 minutes: no room')
  isBroken = false
  await until('it is well again', () => runner.problem() === '')
})
