import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import { systemClock } from '../../../src/adapters/clock.ts'
import type { Db } from '../../../src/adapters/db/index.ts'
import { createMigrator } from '../../../src/adapters/db/migrate.ts'
import { openDb } from '../../../src/adapters/db/open.ts'
import type { DatabaseConfig } from '../../../src/config/index.ts'
import { isReady, startPrimaryAndReplica, waitForReplica } from '../../../tools/test/harness.ts'
import {
  ask,
  createDatabase,
  createEmpty,
  createFolder,
  deadHost,
  randomName,
  servers,
  toHost,
} from './databases.ts'

const failure = (name: string) => ({ name: 'Failure', entry: { name } })
const unreachable = failure('DATABASE_UNREACHABLE')
const overloaded = failure('OVERLOADED')

type Query = ReturnType<typeof sql<{ value: number | string }>>
const value = async (query: Query, executor: Db['read']) => (await query.execute(executor)).rows[0]?.value
const one: Query = sql`select 1 as value`
const serverId: Query = sql`select @@server_id as value`
const connectionId: Query = sql`select connection_id() as value`
// Longer than the limit of the server, which this lifts: only the client ends it.
const endless: Query = sql`set statement max_statement_time = 0 for select sleep(3) as value`

async function testOnSharedServer() {
  const { primary, replica } = servers
  if (primary === undefined || replica === undefined) return
  const open = (more: Partial<DatabaseConfig> = {}) => createDatabase(t, 'mysql', more)
  const openEmpty = async (more: Partial<DatabaseConfig> = {}) => {
    const db = await openDb({ config: await createEmpty(t, 'mysql', more) })
    t.teardown(() => db.close())
    return { db }
  }

  t.test('a full queue refuses and leaves the host in', async (t) => {
    const { db } = await openEmpty({ connectionsPerHost: 2, queueLimit: 5 })
    const slow = () => sql`select sleep(0.2)`.execute(db.write)
    const results = await Promise.allSettled(Array.from({ length: 30 }, slow))
    const refused = results.filter(({ status }) => status === 'rejected')
    t.equal(refused.length, 23)
    for (const one of refused) t.match(one, { reason: { ...overloaded, options: { retryAfterSeconds: 1 } } })
    t.equal(await value(one, db.write), 1)
  })

  t.test('a call waits for a connection until its deadline', async (t) => {
    const { db } = await openEmpty({ connectionsPerHost: 1, waitTimeoutMs: 150 })
    await value(one, db.write)
    const slow = sql`select sleep(0.8)`.execute(db.write)
    const startedAt = performance.now()
    await t.rejects(value(one, db.write), overloaded)
    t.ok(performance.now() - startedAt < 600)
    await slow
  })

  t.test('a statement ends at its limit, and the connection stays', async (t) => {
    const { db } = await openEmpty({ connectionsPerHost: 1, queryTimeoutMs: 300 })
    const before = await value(connectionId, db.write)
    const startedAt = performance.now()
    await t.rejects(sql`select sleep(5)`.execute(db.write), unreachable)
    t.ok(performance.now() - startedAt < 2_000)
    t.equal(await value(connectionId, db.write), before)
  })

  t.test('a connection without an answer is destroyed, and the next caller not delayed', async (t) => {
    const { db } = await openEmpty({ connectionsPerHost: 1, queryTimeoutMs: 300 })
    const before = await value(connectionId, db.write)
    await t.rejects(endless.execute(db.write), unreachable)
    const startedAt = performance.now()
    t.not(await value(connectionId, db.write), before)
    t.ok(performance.now() - startedAt < 1_500)
    await t.rejects(
      db.transaction((trx) => endless.execute(trx)),
      unreachable,
    )
    await t.resolves(db.transaction((trx) => one.execute(trx)))
  })

  t.test('a connection is set up for this program', async (t) => {
    const { db } = await openEmpty({ queryTimeoutMs: 5_000 })
    const settings = sql<Record<string, unknown>>`select @@time_zone as zone, @@tx_isolation as isolation,
      @@character_set_client as client, @@collation_connection as collation, @@max_statement_time as seconds,
      @@sql_mode as mode, @@autocommit as autocommit`
    const expected = {
      zone: '+00:00',
      isolation: 'READ-COMMITTED',
      client: 'utf8mb4',
      collation: 'utf8mb4_bin',
      seconds: 5,
      mode: 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
    }
    t.strictSame((await settings.execute(db.write)).rows, [{ ...expected, autocommit: 1 }])
    const inside = await db.transaction((trx) => settings.execute(trx))
    t.strictSame(inside.rows, [{ ...expected, autocommit: 0 }])
    await t.rejects(sql`select 1; select 2`.execute(db.write), failure('DATABASE_ERROR'))
  })

  t.test('a statement with parameters is prepared, another is not', async (t) => {
    const { db } = await open({ connectionsPerHost: 1 })
    const count = async () => {
      const status = sql<{ Value: string }>`show session status like 'Com_stmt_execute'`
      return Number((await status.execute(db.write)).rows[0]?.Value)
    }
    const before = await count()
    await one.execute(db.write)
    t.equal(await count(), before)
    await db.write.selectFrom('bans').selectAll().where('bannedUntil', '>', 5).execute()
    t.equal(await count(), before + 1)
  })

  t.test('a deadlock runs the whole work again', async (t) => {
    const { db } = await open()
    const key = (name: string) => Buffer.from(name)
    for (const name of ['a', 'b']) {
      await db.write
        .insertInto('loginStreaks')
        .values({ loginKey: key(name), failures: 0, lastFailedAt: 0 })
        .execute()
    }
    let runs = 0
    let arrived = 0
    const work = (first: string, second: string) =>
      db.transaction(async (trx) => {
        runs++
        const add = (name: string) =>
          trx
            .updateTable('loginStreaks')
            .set((eb) => ({ failures: eb('failures', '+', 1) }))
            .where('loginKey', '=', key(name))
            .execute()
        await add(first)
        arrived++
        await isReady(async () => {
          if (arrived < 2) throw new Error('the other one has not come')
        })
        await add(second)
      })
    await Promise.all([work('a', 'b'), work('b', 'a')])
    t.equal(runs, 3)
    const rows = await db.write.selectFrom('loginStreaks').select('failures').execute()
    t.strictSame(rows, [{ failures: 2 }, { failures: 2 }])
  })

  t.test('a deadlock that the work swallows commits nothing', async (t) => {
    const insert = (executor: Db['write'], name: string) =>
      executor.insertInto('settings').values({ name, value: '' }).execute()
    const lock = sql`select 1 as value from ${sql.table('settings')} where name = 'locked' for update`
    const { config } = await open({ queryTimeoutMs: 2_000 })
    const [first, second] = [await openDb({ config }), await openDb({ config })]
    t.teardown(() => Promise.all([first.close(), second.close()]))
    await insert(first.write, 'locked')
    let runs = 0
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    let held = () => {}
    const isHeld = new Promise<void>((resolve) => {
      held = resolve
    })
    const holder = first.transaction(async (trx) => {
      await lock.execute(trx)
      held()
      await released
    })
    await isHeld
    await second.transaction(async (trx) => {
      runs++
      await insert(trx, `run${runs}`)
      await lock.execute(trx).catch(() => release())
    })
    await holder
    const names = await first.write.selectFrom('settings').select('name').orderBy('name').execute()
    t.strictSame(names, [{ name: 'locked' }, { name: 'run2' }])
  })

  t.test('a COMMIT without an answer is not tried again', async (t) => {
    const { db } = await open()
    let runs = 0
    const work = db.transaction(async (trx) => {
      runs++
      const id = await value(connectionId, trx)
      await trx.insertInto('settings').values({ name: 'lost', value: '' }).execute()
      await ask(primary, `KILL ${id}`)
    })
    await t.rejects(work, unreachable)
    t.equal(runs, 1)
    await t.resolves(db.transaction((trx) => one.execute(trx)))
    t.strictSame(await db.write.selectFrom('settings').selectAll().execute(), [])
  })

  t.test('a read whose connection was cut is asked again', async (t) => {
    const { db } = await open({ connectionsPerHost: 1 })
    const id = await value(connectionId, db.write)
    const rows = db.write.selectFrom('bans').select(sql<number>`sleep(1)`.as('s'))
    await db.write
      .insertInto('bans')
      .values({ network: 'n', bannedUntil: 1, reason: '', createdAt: 1 })
      .execute()
    const reading = rows.execute()
    await isReady(async () => {
      const found = await ask(primary, 'SHOW PROCESSLIST')
      const isRunning = (row: Record<string, unknown>) =>
        String(row.Id) === String(id) && /sleep/.test(String(row.Info))
      if (!found.some(isRunning)) throw new Error('the statement has not come')
    })
    await ask(primary, `KILL ${id}`)
    t.equal((await reading).length, 1)
  })

  t.test('reads are spread by weight', async (t) => {
    const config = await createEmpty(t, 'mysql')
    const database = config.write[0]?.database ?? ''
    await waitForDatabase(replica, database)
    const db = await openDb({
      config: { ...config, read: [toHost(primary, database, 3), toHost(replica, database)] },
    })
    t.teardown(() => db.close())
    const ids = []
    for (let time = 0; time < 40; time++) ids.push(await value(serverId, db.read))
    t.equal(ids.filter((id) => id === 1).length, 30)
    t.equal(ids.filter((id) => id === 2).length, 10)
    t.equal(new Set(ids.slice(0, 4)).size, 2, 'not all of one host first')
  })

  t.test('writes go to the first host that is alive, or to any', async (t) => {
    const config = await createEmpty(t, 'mysql')
    const database = config.write[0]?.database ?? ''
    await waitForDatabase(replica, database)
    const both = [toHost(replica, database, 3), toHost(primary, database)]
    const collect = async (more: Partial<DatabaseConfig>) => {
      const db = await openDb({ config: { ...config, ...more } })
      t.teardown(() => db.close())
      const ids = []
      for (let time = 0; time < 8; time++) ids.push(await value(serverId, db.write))
      return ids.sort().join('')
    }
    t.equal(await collect({ write: both }), '22222222')
    t.equal(await collect({ write: both, writeMode: 'any' }), '11222222')
    t.equal(await collect({ write: [deadHost(database), ...both] }), '22222222')
    t.equal(await collect({ write: [deadHost(database), ...both], writeMode: 'any' }), '11222222')
  })

  t.test('a primary that became read-only is left for the next one', async (t) => {
    const { config } = await open()
    const database = config.write[0]?.database ?? ''
    await waitForDatabase(replica, database)
    const db = await openDb({
      config: { ...config, write: [toHost(replica, database), toHost(primary, database)] },
    })
    t.teardown(() => db.close())
    const insert = () => db.write.insertInto('settings').values({ name: 'n', value: 'v' }).execute()
    await isReady(async () => {
      await one.execute(db.write)
      if ((await sql`select * from ${sql.table('settings')}`.execute(db.write)).rows.length > 0)
        throw new Error()
    })
    // The refusal says that nothing was done: the same statement goes to the next host.
    await t.resolves(insert())
    t.equal((await ask({ ...primary, database }, 'SELECT 1 FROM settings')).length, 1)
  })

  t.test("reads follow the caller's own write to the primary", async (t) => {
    const clock = { ...systemClock, now: () => 1_000_000 }
    const config = await createEmpty(t, 'mysql')
    const database = config.write[0]?.database ?? ''
    await waitForDatabase(replica, database)
    const db = await openDb({ config: { ...config, read: [toHost(replica, database)] }, clock })
    t.teardown(() => db.close())
    t.equal(await value(serverId, db.readFor(undefined)), 1)
    t.equal(await value(serverId, db.readFor(1_000_001)), 1)
    t.equal(await value(serverId, db.readFor(999_999)), 2)
    t.equal(await value(serverId, db.read), 2)
  })

  t.test('health reports the lag of a replica, and its fault', async (t) => {
    const config = await createEmpty(t, 'mysql')
    const [host] = config.write
    if (host === undefined) throw new Error('no host')
    await waitForDatabase(replica, host.database)
    const read = [toHost(replica, host.database), deadHost(host.database), { ...host, password: 'wrong' }]
    const db = await openDb({ config: { ...config, read } })
    t.teardown(() => db.close())
    t.match(await db.health(), [
      { role: 'write', host: `${host.host}:${host.port}`, problem: '', version: /MariaDB/ },
      { role: 'read', problem: '', version: /MariaDB/, lagSeconds: 0 },
      { role: 'read', host: '127.0.0.1:9', problem: 'ECONNREFUSED', version: '' },
      { role: 'read', problem: 'ER_ACCESS_DENIED_ERROR', version: '' },
    ])
  })

  t.test('health reports no lag of a server without a primary', async (t) => {
    const { config } = await open()
    const [host] = config.write
    if (host === undefined) throw new Error('no host')
    const db = await openDb({ config: { ...config, read: [host] } })
    t.teardown(() => db.close())
    const [, standIn] = await db.health()
    t.match(standIn, { role: 'read', problem: '' })
    t.equal(standIn?.lagSeconds, undefined)
  })

  t.test('all hosts away: refused quickly', async (t) => {
    const dead = deadHost('nowhere')
    const config = await createEmpty(t, 'mysql', { write: [dead, { ...dead, port: 10 }], read: [dead] })
    const db = await openDb({ config })
    t.teardown(() => db.close())
    const startedAt = performance.now()
    const calls = Array.from({ length: 100 }, (_, index) => one.execute(index % 2 === 0 ? db.read : db.write))
    for (const result of await Promise.allSettled(calls)) t.match(result, { reason: unreachable })
    await t.rejects(
      db.transaction((trx) => one.execute(trx)),
      unreachable,
    )
    t.ok(performance.now() - startedAt < 1_500)
    await t.rejects(createMigrator({ config }).pending(), unreachable)
  })
}

const waitForDatabase = (login: Parameters<typeof ask>[0], database: string) =>
  isReady(async () => {
    const found = await ask(login, `SHOW DATABASES LIKE '${database}'`)
    if (found.length === 0) throw new Error(`${database} has not arrived`)
  })

/** Reads in 20 loops until `until` is true. */
function readAlong(db: Db, until: () => boolean) {
  const seen = { reads: 0, failed: [] as unknown[], servers: [] as unknown[] }
  const loop = async () => {
    while (!until()) {
      try {
        seen.servers.push(await value(serverId, db.read))
        seen.reads++
      } catch (error) {
        seen.failed.push(error)
      }
    }
  }
  const ended = Promise.all(Array.from({ length: 20 }, loop))
  /** Waits until all loops have been answered by this one, and by no other. */
  const areAnsweredBy = (id: number) =>
    isReady(async () => {
      const last = seen.servers.slice(-60)
      if (last.length < 60 || last.some((one) => one !== id)) throw new Error(`not yet by ${id}`)
    })
  return { seen, ended, areAnsweredBy }
}

async function testOnOwnServers() {
  if (servers.primary === undefined) return
  const folder = await createFolder()
  const { primary, replica } = await startPrimaryAndReplica({ folder })
  t.teardown(() => Promise.all([primary.stop(), replica.stop()]))
  const database = randomName()
  await primary.asRoot(`CREATE DATABASE ${database}`)
  await waitForReplica(primary, replica)
  const open = async (more: Partial<DatabaseConfig> = {}) => {
    const config = await createEmpty(t, 'mysql', {
      write: [toHost(primary, database)],
      read: [toHost(replica, database)],
      connectTimeoutMs: 1_000,
      hostDownMs: 300,
      ...more,
    })
    const db = await openDb({ config })
    t.teardown(() => db.close())
    return db
  }

  t.test('a replica that is killed under reads fails none of them, and comes back', async (t) => {
    const db = await open()
    let isOver = false
    const { seen, ended, areAnsweredBy } = readAlong(db, () => isOver)
    await areAnsweredBy(2)
    await replica.kill('SIGKILL')
    await areAnsweredBy(1)
    isOver = true
    await ended
    t.strictSame(seen.failed, [])
    t.comment(`${seen.reads} reads`)
    t.match(await db.health(), [{ problem: '' }, { role: 'read', problem: 'ECONNREFUSED' }])
    await replica.restart()
    await isReady(async () => {
      if ((await value(serverId, db.read)) !== 2) throw new Error('the replica is not back')
    })
  })

  t.test('a replica that stops answering fails no read', async (t) => {
    // The same limits hold for the primary, which answers all of them from then on.
    const db = await open({ queryTimeoutMs: 1_000, connectTimeoutMs: 1_000 })
    let isOver = false
    const { seen, ended, areAnsweredBy } = readAlong(db, () => isOver)
    await areAnsweredBy(2)
    await replica.kill('SIGSTOP')
    await areAnsweredBy(1)
    // Meanwhile the replica was tried again, in vain, a few times.
    await delay(2_000)
    isOver = true
    await ended
    await replica.kill('SIGCONT')
    t.strictSame(seen.failed, [])
    t.equal(seen.servers.at(-1), 1)
    t.comment(`${seen.reads} reads`)
  })

  t.test('a primary that is gone is answered for at once, and back when it is', async (t) => {
    const db = await open({ hostDownMs: 60_000 })
    await one.execute(db.write)
    await db.transaction((trx) => one.execute(trx))
    await primary.kill('SIGKILL')
    const startedAt = performance.now()
    for (let time = 0; time < 50; time++) {
      await t.rejects(one.execute(db.write), unreachable)
      await t.rejects(
        db.transaction((trx) => one.execute(trx)),
        unreachable,
      )
    }
    t.ok(performance.now() - startedAt < 2_000)
    t.equal(await value(serverId, db.read), 2, 'the replica goes on')
    await primary.restart()
    t.equal(await value(one, db.write), 1)
    await t.resolves(db.transaction((trx) => one.execute(trx)))
  })

  t.test('a server without a free connection refuses as overloaded, and stays in', async (t) => {
    const limit = (count: number) =>
      primary.asRoot(`ALTER USER ${primary.user}@'%' WITH MAX_USER_CONNECTIONS ${count}`)
    await limit(2)
    t.teardown(() => limit(0))
    const db = await open({ hostDownMs: 60_000, queryTimeoutMs: 20_000 })
    const slow = () => sql`select sleep(0.5)`.execute(db.write)
    const results = await Promise.allSettled(Array.from({ length: 5 }, slow))
    const refused = results.filter(({ status }) => status === 'rejected')
    t.ok(refused.length >= 3)
    for (const one of refused) t.match(one, { reason: overloaded })
    t.equal(await value(serverId, db.write), 1)
  })

  t.test('closes although a server does not answer', async (t) => {
    const db = await open()
    await one.execute(db.write)
    await primary.kill('SIGSTOP')
    const startedAt = performance.now()
    await db.close()
    t.ok(performance.now() - startedAt < 2_000)
    await primary.kill('SIGCONT')
  })
}

if (servers.primary === undefined) t.pass('embedded only')
await testOnSharedServer()
await testOnOwnServers()
