import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import t from 'tap'
import { systemClock } from '../../../src/adapters/clock.ts'
import { createMigrator } from '../../../src/adapters/db/migrate.ts'
import { readSteps, snakeCase } from '../../../src/adapters/db/migration-steps.ts'
import { openDb } from '../../../src/adapters/db/open.ts'
import { createEmpty, engines, oddTables as tables } from './databases.ts'
import { describeIndexes, describeTables, run } from './described.ts'

t.test(
  'both engines have the same steps, of one statement each, and they make every table once',
  async (t) => {
    const config = await createEmpty(t, 'sqlite')
    const [mysql, sqlite] = await Promise.all([readSteps('mysql', config), readSteps('sqlite', config)])
    t.ok(mysql.length > 0)
    t.strictSame(
      mysql.map((step) => step.name),
      sqlite.map((step) => step.name),
    )
    for (const { name, sql } of [...mysql, ...sqlite]) {
      t.match(name, /^\d{4}_[a-z0-9_]+\.\d+$/)
      t.notMatch(sql, /[;{}]/)
    }
    const made = mysql.flatMap(({ sql }) => /^CREATE TABLE `(\w+)`/.exec(sql)?.[1] ?? [])
    t.strictSame([...made, 'migrations'].sort(), Object.keys(config.tables).map(snakeCase).sort())
  },
)

t.test('the tables are the same on both engines', async (t) => {
  const described = await Promise.all(
    engines.map(async (engine) => {
      const config = await createEmpty(t, engine)
      await createMigrator({ config }).up()
      return { columns: await describeTables(config), indexes: await describeIndexes(config), config }
    }),
  )
  const [first] = described
  const names = new Set(first?.columns.map((column) => column.split('.')[0]))
  t.strictSame([...names].sort(), Object.values(first?.config.tables ?? {}).sort())
  t.ok(first?.columns.includes('accounts.user_id INTEGER 0'))
  t.ok(first?.columns.includes('logins.device_id BLOB 1'))
  t.ok(first?.indexes.includes('unique logins (a2_handle)'))
  t.ok(first?.indexes.includes('logins (user_id, ended_at, expires_at)'))
  for (const { columns, indexes } of described) {
    t.strictSame(columns, first?.columns)
    t.strictSame(indexes, first?.indexes)
  }
})

for (const engine of engines) {
  t.test(`${engine}: reports and runs what is pending`, async (t) => {
    const config = await createEmpty(t, engine)
    const clock = { ...systemClock, now: () => 1_700_000_000_000 }
    const migrator = createMigrator({ config, clock })
    const steps = await readSteps(engine, config)
    const names = steps.map((step) => step.name)

    t.strictSame(await migrator.pending(), names)
    t.strictSame(await migrator.up({ dryRun: true }), steps)
    t.equal((await migrator.status())[0]?.state, 'pending')
    if (engine === 'sqlite') t.notOk(existsSync(config.file), 'asking creates nothing')
    else t.strictSame(await describeTables(config), [])

    t.strictSame(await migrator.up(), steps)
    t.strictSame(await migrator.pending(), [])
    t.strictSame(await migrator.up(), [])
    const times = { startedAt: clock.now(), doneAt: clock.now() }
    t.strictSame(
      await migrator.status(),
      names.map((name) => ({ name, state: 'done', ...times })),
    )
  })

  t.test(`${engine}: reports a step of a newer version`, async (t) => {
    const config = await createEmpty(t, engine)
    const migrator = createMigrator({ config })
    await migrator.up()
    const db = await openDb({ config })
    await db.write.insertInto('migrations').values({ name: '9999_new', startedAt: 1, doneAt: 2 }).execute()
    await db.close()
    t.strictSame(await migrator.pending(), [])
    const newest = { name: '9999_new', state: 'unknown', startedAt: 1, doneAt: 2 }
    t.strictSame((await migrator.status()).at(-1), newest)
  })

  t.test(`${engine}: uses the configured names`, async (t) => {
    const usual = await createEmpty(t, engine)
    const config = await createEmpty(t, engine, { tables })
    await createMigrator({ config: usual }).up()
    await createMigrator({ config }).up()
    const toOwn = new Map(Object.entries(tables).map(([key, name]) => [snakeCase(key), name]))
    const renamed = (await describeTables(usual)).map((column) =>
      column.replace(/^\w+/, (name) => toOwn.get(name) ?? name),
    )
    t.strictSame(await describeTables(config), renamed.sort())
  })

  t.test(`${engine}: of two runs at once one waits, and each step runs once`, async (t) => {
    const config = await createEmpty(t, engine)
    const results = await Promise.all([1, 2, 3].map(() => createMigrator({ config }).up()))
    const ran = results.flat().map((step) => step.name)
    t.strictSame(ran.sort(), (await readSteps(engine, config)).map((step) => step.name).sort())
    t.strictSame(await createMigrator({ config }).pending(), [])
  })

  t.test(`${engine}: does not take over a table that was there before`, async (t) => {
    const config = await createEmpty(t, engine)
    if (engine === 'sqlite') mkdirSync(dirname(config.file), { recursive: true })
    await run(config, 'CREATE TABLE users (mine INTEGER)')
    await t.rejects(createMigrator({ config }).up(), {
      message: /^migration \d{4}_users\.1 failed: .*exists/,
    })
    t.ok((await describeTables(config)).includes('users.mine INTEGER 1'))
    const pending = await createMigrator({ config }).pending()
    t.match(pending[0], /users/)
  })

  t.test(`${engine}: waits for another run, up to the time limit`, async (t) => {
    const config = await createEmpty(t, engine)
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    let begin = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const held = (await readSteps(engine, config))[3]?.name
    const holder = createMigrator({
      config,
      onStep: async (name, moment) => {
        if (name !== held || moment !== 'run') return
        begin()
        await released
      },
    })
    const holding = holder.up()
    await begun
    await t.rejects(createMigrator({ config, lockTimeoutMs: 500 }).up())
    const waiting = createMigrator({ config }).up()
    release()
    const steps = [...(await holding), ...(await waiting)]
    t.equal(steps.length, (await readSteps(engine, config)).length)
  })
}
