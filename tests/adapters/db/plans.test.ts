/**
 * Every query of every repo finds its rows by an index. The queries are found by calling all that the repos export, with
 * samples; a part of a repo that no call reaches fails the test. What samples do not fit is in calls.ts.
 */
import t, { type Test } from 'tap'
import { createMigrator } from '../../../src/adapters/db/migrate.ts'
import { openDb } from '../../../src/adapters/db/open.ts'
import { createWordTables } from '../../../src/features/words/repo.ts'
import { allowed, createCalls, smallTables } from './calls.ts'
import { createEmpty, defaults, type Engine, engines } from './databases.ts'
import { explain, hasPlan } from './explained.ts'
import { fillTables } from './filled.ts'
import { type Query, recordQueries, watchRepos } from './queries.ts'

const createFilled = async (t: Test, engine: Engine) => {
  const config = await createEmpty(t, engine)
  await createMigrator({ config }).up()
  const db = await openDb({ config })
  t.teardown(() => db.close())
  await createWordTables(db.write, engine)
  const [host] = config.write
  // SQLite's planner does not count rows unless it is told to.
  if (host) await fillTables(host)
  return db
}

const small = new Set(Object.keys(smallTables))
const recorded = new Map<Engine, Query[]>()

t.test('every part of a repo that builds a query is called', async (t) => {
  const unreached = await watchRepos(async () => {
    for (const engine of engines) {
      const { queries, problems } = await recordQueries(engine, defaults.tables, createCalls(engine))
      recorded.set(engine, queries)
      t.strictSame(problems, [], `${engine}: calls.ts gives arguments to a function that samples do not fit`)
    }
  })
  t.strictSame(unreached, [], 'calls.ts has a call for each branch')
})

for (const engine of engines)
  t.test(`${engine}: no query reads a table that grows, or sorts without a limit`, async (t) => {
    const db = await createFilled(t, engine)
    const queries = (recorded.get(engine) ?? []).filter(hasPlan)
    const wrong: string[] = []
    for (const query of queries) {
      const problems = await explain(db, query, small)
      if (problems.length > 0 && !(query.from in allowed))
        wrong.push(`${query.from}: ${problems.join(', ')}: ${query.sql}`)
    }
    t.comment(`${queries.length} queries`)
    t.strictSame(wrong, [], 'add an index, or a limit, or a reason to calls.ts')
    const known = new Set(queries.map(({ from }) => from))
    const former = Object.keys(allowed).filter((from) => !known.has(from))
    t.strictSame(former, [], 'a reason is for a query that is there')
  })
