import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import type { Db } from '../../../src/adapters/db/index.ts'
import { createStatement } from '../../../src/adapters/db/statement.ts'
import { createDatabase, createGate, engines, oddTables as tables } from './databases.ts'

const account = {
  tag: Buffer.from([0, 1, 2, 3, 4, 5, 6, 0]),
  status: 'active' as const,
  statusReason: '',
  epoch: 1,
  createdAt: 1_700_000_000_000,
  updatedAt: 1_700_000_000_000,
}
const streak = (name: string, failures = 0) => ({
  loginKey: Buffer.from(name),
  failures,
  lastFailedAt: 0,
})
const failure = (name: string) => ({ name: 'Failure', entry: { name } })
const readStreak = async (db: Db, name: string) => {
  const rows = db.write.selectFrom('loginStreaks').select('failures')
  return (await rows.where('loginKey', '=', Buffer.from(name)).executeTakeFirst())?.failures
}

for (const engine of engines) {
  t.test(engine, async (t) => {
    const { db, config } = await createDatabase(t, engine)

    t.test('gives text back as it was', async (t) => {
      const texts = [
        '',
        'plain',
        ' spaces ',
        'tab\tline\nend\r\n',
        'quote \' double " back \\ percent % under _ question ?',
        '中文, ελληνικά, עברית',
        'e\u0301 is not \u00e9',
        '\u{1f600} \u{1f468}\u200d\u{1f469}\u200d\u{1f467} \u{10ffff}',
        '\u{20000}'.repeat(200),
      ]
      for (const [index, value] of texts.entries()) {
        await db.write
          .insertInto('settings')
          .values({ name: `text${index}`, value })
          .execute()
        const rows = db.read.selectFrom('settings').select('value').where('value', '=', value)
        t.strictSame(await rows.where('name', '=', `text${index}`).execute(), [{ value }])
      }
    })

    t.test('replaces half of a surrogate pair', async (t) => {
      await db.write.insertInto('settings').values({ name: 'half', value: 'a\ud800b' }).execute()
      const rows = db.read.selectFrom('settings').select('value').where('name', '=', 'half')
      t.strictSame(await rows.execute(), [{ value: 'a\ufffdb' }])
    })

    t.test('gives bytes back as a Buffer', async (t) => {
      const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
      for (const loginKey of [all, Buffer.alloc(0), Buffer.alloc(3), all.subarray(5, 9)]) {
        await db.write
          .insertInto('loginStreaks')
          .values({ ...streak(''), loginKey })
          .execute()
        const rows = db.read.selectFrom('loginStreaks').selectAll().where('loginKey', '=', loginKey)
        const [row] = await rows.execute()
        t.ok(Buffer.isBuffer(row?.loginKey))
        t.ok(row?.loginKey.equals(loginKey))
      }
    })

    t.test('builds a statement once and fills it each time, in a transaction too', async (t) => {
      let built = 0
      const find = createStatement((db, { name, other }: { name: string; other: string | null }) => {
        built++
        const rows = db.selectFrom('settings').select(['name as givenName', 'value'])
        return rows.where(({ or, eb }) => or([eb('name', '=', name), eb('value', '=', other)]))
      })
      const insert = createStatement((db, row: { name: string; value: string }) =>
        db.insertInto('settings').values(row),
      )
      for (const name of ['a', 'b']) await insert(db.write, { name: `filled-${name}`, value: `of ${name}` })
      const read = async (from: Db['read'], name: string, other: string | null) =>
        (await find(from, { name, other })).rows
      const [a, b] = ['a', 'b'].map((name) => ({ givenName: `filled-${name}`, value: `of ${name}` }))
      t.same(await read(db.write, 'filled-a', null), [a])
      t.same(await read(db.write, 'none', 'of b'), [b])
      t.equal(built, 1)
      await db.transaction(async (trx) => {
        const { numAffectedRows } = await insert(trx, { name: 'filled-c', value: 'of c' })
        t.equal(numAffectedRows, 1n)
        t.same(await read(trx, 'filled-b', null), [b])
      })
      await db.transaction(async (trx) => {
        t.same(await read(trx, 'filled-c', null), [{ givenName: 'filled-c', value: 'of c' }])
      })
      t.equal(built, 2, 'once for what writes, once for what is a transaction')
      await t.rejects(insert(db.write, { name: 'filled-d' } as never), { message: /^parameter 2 must be/ })
      const again = insert(db.write, { name: 'filled-a', value: '' })
      t.ok(await again.catch((error) => db.isDuplicate(error)))
    })

    t.test('compares keys byte by byte', async (t) => {
      const names = ['key', 'KEY', 'key ', 'ke\u0301y', 'k\u00e9y', 'key\0']
      for (const name of names) await db.write.insertInto('loginStreaks').values(streak(name)).execute()
      for (const name of names) {
        const rows = db.read.selectFrom('loginStreaks').select('loginKey')
        const found = await rows.where('loginKey', '=', Buffer.from(name)).execute()
        t.strictSame(found, [{ loginKey: Buffer.from(name) }])
      }
      const ban = { network: 'fe80::a/128', bannedUntil: 1, reason: '', createdAt: 1 }
      await db.write.insertInto('bans').values(ban).execute()
      const bans = db.read.selectFrom('bans').selectAll()
      t.strictSame(await bans.where('network', '=', 'FE80::A/128').execute(), [])
    })

    t.test('gives null and every safe integer back', async (t) => {
      const numbers = [0, 1, -1, 2 ** 31, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, null]
      for (const number of numbers) {
        const app = {
          appId: `app${number}`,
          name: '',
          secretHash: Buffer.from('x'),
          previousSecretHash: null,
          isPublic: 0,
          minStrength: 1,
          origins: '[]',
          rights: '',
          checks: null,
          isThirdParty: 0,
          scopes: '',
          ticketFormat: 'opaque' as const,
          friends: 'off' as const,
          jumpsTo: null,
          profileSchema: null,
          friendDefaults: null,
          strangerDefaults: null,
          redirects: null,
          createdAt: 0,
        }
        await db.write
          .insertInto('apps')
          .values({ ...app, disabledAt: number })
          .execute()
        const rows = db.read.selectFrom('apps').selectAll()
        const comparable = rows.where('disabledAt', number === null ? 'is' : '=', number)
        t.strictSame(await comparable.execute(), [{ ...app, disabledAt: number }])
      }
    })

    t.test('counts and sums in numbers', async (t) => {
      await db.write.insertInto('changeLog').values([1, 2, 3].map(change)).execute()
      const { sum, count } = await db.read
        .selectFrom('changeLog')
        .select((eb) => [eb.fn.sum('version').as('sum'), eb.fn.countAll().as('count')])
        .executeTakeFirstOrThrow()
      t.strictSame({ sum, count }, { sum: 6, count: 3 })
      const page = db.read.selectFrom('changeLog').select('version').orderBy('version').limit(1).offset(1)
      t.strictSame(await page.execute(), [{ version: 2 }])
    })

    t.test('refuses any other parameter before it is sent', async (t) => {
      const bad = [
        true,
        false,
        'a\0b',
        2 ** 53,
        1.5,
        NaN,
        undefined,
        new Date(0),
        1n,
        {},
        [1],
        new Uint8Array(2),
      ]
      const sent = db.trips
      for (const value of bad) {
        const query = sql`select ${value} as value`
        await t.rejects(query.execute(db.read), TypeError)
        await t.rejects(query.execute(db.write), TypeError)
      }
      t.equal(db.trips, sent)
      await t.rejects(sql`select ${'secret\0'} as value`.execute(db.read), { message: /^(?!.*secret)/ })
    })

    t.test('numbers accounts from 10001', async (t) => {
      const insert = () => db.write.insertInto('accounts').values(account).executeTakeFirstOrThrow()
      t.equal((await insert()).insertId, 10_001n)
      t.equal((await insert()).insertId, 10_002n)
    })

    t.test('counts a row that was found, changed or not', async (t) => {
      await db.write.insertInto('loginStreaks').values(streak('same', 7)).execute()
      const update = db.write.updateTable('loginStreaks').set({ failures: 7 })
      const found = await update.where('loginKey', '=', Buffer.from('same')).executeTakeFirst()
      t.equal(found.numUpdatedRows, 1n)
      const missing = await update.where('loginKey', '=', Buffer.from('other')).executeTakeFirst()
      t.equal(missing.numUpdatedRows, 0n)
    })

    t.test('inserts or changes by one and the same query', async (t) => {
      const upsert = db.write
        .insertInto('loginStreaks')
        .values({ ...streak('upsert', 1), lastFailedAt: 5 })
        .onConflict((conflict) =>
          conflict.column('loginKey').doUpdateSet((eb) => ({
            failures: eb('loginStreaks.failures', '+', 1),
            lastFailedAt: eb.ref('excluded.lastFailedAt'),
          })),
        )
      for (let time = 1; time <= 3; time++) {
        await upsert.execute()
        t.equal(await readStreak(db, 'upsert'), time)
      }
    })

    t.test('distinguishes a duplicate key from other errors', async (t) => {
      const insert = () => db.write.insertInto('loginStreaks').values(streak('twice')).execute()
      await insert()
      const duplicate = await insert().catch((error) => error)
      t.match(duplicate, failure('DATABASE_ERROR'))
      t.ok(db.isDuplicate(duplicate))
      t.ok(db.isDuplicate(duplicate.cause))

      const user = { userId: 1, userName: 'u', nickName: 'n', skeleton: Buffer.from('look'), updatedAt: 1 }
      const others = [
        () => db.write.insertInto('users').values(user).execute(),
        () => sql`insert into ${sql.table('loginStreaks')} (login_key) values (null)`.execute(db.write),
        () => sql`select * from nowhere`.execute(db.read),
        () => sql`selekt`.execute(db.write),
      ]
      for (const other of others) {
        const error = await other().then(
          () => undefined,
          (reason) => reason,
        )
        t.match(error, failure('DATABASE_ERROR'))
        t.type(error.cause, Error)
        t.notOk(db.isDuplicate(error))
      }
      t.notOk(db.isDuplicate(undefined))
    })

    t.test('takes one statement at a time', async (t) => {
      await sql`insert into ${sql.table('settings')} values ('first', ''); delete from ${sql.table('settings')}`
        .execute(db.write)
        .catch(() => {})
      t.not((await db.read.selectFrom('settings').select('name').execute()).length, 0)
    })

    t.test(
      'commits what a transaction returns from, and counts three trips for two statements',
      async (t) => {
        const sent = db.trips
        const result = await db.transaction(async (trx) => {
          await trx.insertInto('loginStreaks').values(streak('one')).execute()
          await trx.insertInto('loginStreaks').values(streak('two')).execute()
          return 'result'
        })
        t.equal(db.trips - sent, 3)
        t.equal(result, 'result')
        t.equal(await readStreak(db, 'one'), 0)
        t.equal(await readStreak(db, 'two'), 0)
      },
    )

    t.test('undoes what a transaction throws from, and passes the error on', async (t) => {
      const error = new Error('mine')
      const work = db.transaction(async (trx) => {
        await trx.insertInto('loginStreaks').values(streak('undone')).execute()
        throw error
      })
      t.equal(await work.catch((reason) => reason), error)
      t.equal(await readStreak(db, 'undone'), undefined)
    })

    t.test('goes on in a transaction after a broken unique key', async (t) => {
      await db.transaction(async (trx) => {
        const insert = () => trx.insertInto('loginStreaks').values(streak('again')).execute()
        await insert()
        await insert().catch((error) => t.ok(db.isDuplicate(error)))
        await trx.updateTable('loginStreaks').set({ failures: 9 }).execute()
      })
      t.equal(await readStreak(db, 'again'), 9)
    })

    t.test('refuses anything but trx inside a transaction', async (t) => {
      const misuses = [
        () => db.read.selectFrom('bans').selectAll().execute(),
        () => db.write.selectFrom('bans').selectAll().execute(),
        () => db.readFor(undefined).selectFrom('bans').selectAll().execute(),
        () => db.transaction(async () => {}),
      ]
      for (const misuse of misuses) {
        const work = db.transaction(async (trx) => {
          await trx.insertInto('loginStreaks').values(streak('misused')).execute()
          await misuse()
        })
        await t.rejects(work, { message: /inside a transaction/ })
      }
      t.equal(await readStreak(db, 'misused'), undefined)
      await t.rejects(
        db.write.transaction().execute(async () => {}),
        { message: /use db.transaction/ },
      )
    })

    t.test('lets others work while a transaction is open, and its own afterwards', async (t) => {
      const gate = createGate()
      let left: Promise<unknown> = Promise.resolve()
      const work = db.transaction(async (trx) => {
        await trx.insertInto('loginStreaks').values(streak('open')).execute()
        left = gate.opened.then(() => delay(10)).then(() => db.read.selectFrom('bans').selectAll().execute())
        await gate.opened
      })
      const seen = db.read.selectFrom('loginStreaks').select('failures')
      t.strictSame(await seen.where('loginKey', '=', Buffer.from('open')).execute(), [])
      gate.open()
      await work
      await t.resolves(left)
    })

    t.test('refuses a statement of a transaction that is over', async (t) => {
      let leaked: Promise<unknown> = Promise.resolve()
      await db.transaction(async (trx) => {
        const insert = (name: string) => trx.insertInto('loginStreaks').values(streak(name)).execute()
        const first = insert('waited')
        leaked = Promise.allSettled([insert('leaked'), delay(20).then(() => insert('late'))])
        await first
      })
      const results = (await leaked) as PromiseSettledResult<unknown>[]
      t.equal(results[1]?.status, 'rejected')
      t.equal(await readStreak(db, 'late'), undefined)
      const wasSent = results[0]?.status === 'fulfilled'
      t.equal(await readStreak(db, 'leaked'), wasSent ? 0 : undefined)
    })

    t.test('loses nothing in 200 concurrent transactions', async (t) => {
      await db.write.insertInto('loginStreaks').values(streak('counter')).execute()
      const key = Buffer.from('counter')
      const add = () =>
        db.transaction(async (trx) => {
          const row = trx.selectFrom('loginStreaks').select('failures').where('loginKey', '=', key)
          const { failures } = await row.forUpdate().executeTakeFirstOrThrow()
          const update = trx.updateTable('loginStreaks').set({ failures: failures + 1 })
          await update.where('loginKey', '=', key).execute()
        })
      await Promise.all(Array.from({ length: 200 }, add))
      t.equal(await readStreak(db, 'counter'), 200)
    })

    t.test('loses nothing in 200 concurrent statements', async (t) => {
      await db.write.insertInto('loginStreaks').values(streak('single')).execute()
      const add = db.write.updateTable('loginStreaks').set((eb) => ({ failures: eb('failures', '+', 1) }))
      const one = add.where('loginKey', '=', Buffer.from('single'))
      await Promise.all(Array.from({ length: 200 }, () => one.execute()))
      t.equal(await readStreak(db, 'single'), 200)
    })

    t.test('does not write through db.read', async (t) => {
      await t.rejects(
        db.read.insertInto('loginStreaks').values(streak('read')).execute(),
        /db.read does not write/,
      )
      await t.rejects(db.read.deleteFrom('loginStreaks').execute(), /db.read does not write/)
      await t.rejects(db.read.updateTable('loginStreaks').set({ failures: 1 }).execute(), /db.read does not/)
    })

    t.test('refuses an alias that is the name of a table', async (t) => {
      await t.rejects(
        db.read.selectFrom('users as devices').select('devices.userId').execute(),
        /alias devices/,
      )
    })

    t.test('reads its own write at once from the primary', async (t) => {
      await db.write.insertInto('loginStreaks').values(streak('own')).execute()
      for (const executor of [db.readFor(undefined), db.readFor(Date.now() + 60_000)]) {
        const rows = executor.selectFrom('loginStreaks').select('failures')
        t.strictSame(await rows.where('loginKey', '=', Buffer.from('own')).execute(), [{ failures: 0 }])
      }
    })

    t.test('reports the state of its hosts', async (t) => {
      const [host, ...others] = await db.health()
      t.strictSame(others, [])
      t.match(host, { role: 'write', problem: '', version: /^\d+\./ })
      t.equal(host?.lagSeconds, undefined)
    })

    t.test('refuses with a retry time a caller that waits too long or behind too many', async (t) => {
      const { db } = await createDatabase(t, engine, {
        connectionsPerHost: 1,
        queueLimit: 1,
        waitTimeoutMs: 200,
      })
      const gate = createGate()
      const started = createGate()
      const holder = db.transaction(async (trx) => {
        await trx.selectFrom('bans').selectAll().execute()
        started.open()
        await gate.opened
      })
      await started.opened
      const startedAt = performance.now()
      const order: string[] = []
      const note = (name: string) => (error: unknown) => {
        order.push(name)
        throw error
      }
      const waiting = t.rejects(db.transaction(async () => {}).catch(note('the one in the queue')), {
        ...failure('OVERLOADED'),
        options: { retryAfterSeconds: 1 },
      })
      await t.rejects(db.transaction(async () => {}).catch(note('the one behind it')), failure('OVERLOADED'))
      await waiting
      t.strictSame(order, ['the one behind it', 'the one in the queue'], 'a full queue refuses at once')
      t.ok(performance.now() - startedAt >= 195)
      gate.open()
      await holder
      await t.resolves(db.transaction(async () => {}))
    })

    t.test('works under freely chosen names of tables', async (t) => {
      const { db } = await createDatabase(t, engine, { tables })
      const userId = await db.transaction(async (trx) => {
        const { insertId } = await trx.insertInto('accounts').values(account).executeTakeFirstOrThrow()
        const user = {
          userId: Number(insertId),
          userName: 'name',
          nickName: 'nick',
          skeleton: Buffer.from('look'),
          updatedAt: 1,
        }
        await trx.insertInto('users').values(user).execute()
        return user.userId
      })
      const joined = await db.read
        .with('names', (cte) => cte.selectFrom('users').select(['users.userId', 'users.userName']))
        .selectFrom('accounts as a')
        .innerJoin('names', 'names.userId', 'a.userId')
        .select(['a.epoch', 'names.userName', 'a.userId'])
        .execute()
      t.strictSame(joined, [{ epoch: 1, userName: 'name', userId }])
      const { rows } = await sql`select user_id from ${sql.table('accounts')}`.execute(db.read)
      t.strictSame(rows, [{ userId }])
      const event = { happenedAt: 1, kind: 'k', userId, appId: null, network: null, detail: '{}' }
      await db.write.insertInto('auditEvents').values(event).execute()
      const events = db.read.selectFrom('auditEvents').select('auditEvents.kind')
      t.strictSame(await events.where('auditEvents.userId', '=', userId).execute(), [{ kind: 'k' }])
      await db.write.deleteFrom('auditEvents').where('auditEvents.userId', '=', userId).execute()
      t.strictSame(await events.execute(), [])
    })

    t.test('is not reachable after it was closed', async (t) => {
      const { db } = await createDatabase(t, engine)
      await db.close()
      await t.rejects(sql`select 1`.execute(db.read), { name: 'Failure' })
      await t.resolves(db.close())
    })

    t.equal(config.write.length, engine === 'mysql' ? 1 : 0)
  })
}

function change(version: number) {
  return { version, kind: 'k', subject: 's', changedAt: 1 }
}
