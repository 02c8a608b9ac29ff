import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sql } from 'kysely'
import Database from 'libsql'
import t from 'tap'
import { createMigrator } from '../../../src/adapters/db/migrate.ts'
import { openDb } from '../../../src/adapters/db/open.ts'
import { isReady } from '../../../tools/test/harness.ts'
import { createDatabase, createEmpty, createFolder, createGate } from './databases.ts'

const streak = (name: string) => ({ loginKey: Buffer.from(name), failures: 0, lastFailedAt: 0 })

t.test('its file and its new folder are for this user alone', async (t) => {
  const file = join(await createFolder(), 'data', 'torii.sqlite')
  const config = await createEmpty(t, 'sqlite', { file })
  await createMigrator({ config }).up()
  const db = await openDb({ config })
  t.teardown(() => db.close())
  t.equal((await stat(dirname(file))).mode & 0o777, 0o700)
  for (const name of [file, `${file}-wal`, `${file}-shm`]) t.equal((await stat(name)).mode & 0o777, 0o600)
})

t.test('another process that comes and goes leaves the log in its place', async (t) => {
  const { db, config } = await createDatabase(t, 'sqlite')
  const { ino } = await stat(`${config.file}-wal`)
  // As a server that was started does it: the connection that migrated may still be there.
  const again = await openDb({ config })
  t.teardown(() => again.close())
  const script = `
    import Database from 'libsql'
    const database = new Database(process.argv[1])
    database.exec("INSERT INTO login_streaks (login_key, failures, last_failed_at) VALUES (x'61', 1, 1)")
    database.close()`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, config.file])
  t.strictSame((await once(child, 'exit'))[0], 0)
  t.equal((await stat(`${config.file}-wal`)).ino, ino)
  for (const each of [db, again]) {
    t.equal((await each.write.selectFrom('loginStreaks').select('failures').execute()).length, 1)
  }
})

t.test('it is durable, and checks foreign keys', async (t) => {
  const { db } = await createDatabase(t, 'sqlite')
  const pragma = async (name: string) =>
    Object.values((await sql`pragma ${sql.raw(name)}`.execute(db.write)).rows[0] ?? {})
  t.strictSame(await pragma('journal_mode'), ['wal'])
  t.strictSame(await pragma('synchronous'), [2])
  t.strictSame(await pragma('foreign_keys'), [1])
  t.strictSame(await pragma('busy_timeout'), [0])
})

t.test('reads see every commit, and hold nothing open', async (t) => {
  const { db } = await createDatabase(t, 'sqlite')
  const rows = db.read.selectFrom('loginStreaks').select('loginKey').orderBy('loginKey')
  for (let count = 1; count <= 5; count++) {
    await db.write
      .insertInto('loginStreaks')
      .values(streak(`${count}`))
      .execute()
    t.equal((await rows.execute()).length, count)
    t.equal((await rows.limit(1).execute()).length, 1)
    const checkpoint = await sql`pragma wal_checkpoint(truncate)`.execute(db.write)
    t.strictSame(checkpoint.rows, [{ busy: 0, log: 0, checkpointed: 0 }])
  }
})

t.test('reading does not wait for a transaction that is open', async (t) => {
  const { db } = await createDatabase(t, 'sqlite')
  const [begun, read] = [createGate(), createGate()]
  const work = db.transaction(async (trx) => {
    await trx.insertInto('loginStreaks').values(streak('a')).execute()
    begun.open()
    await read.opened
  })
  await begun.opened
  t.strictSame(await db.read.selectFrom('loginStreaks').selectAll().execute(), [])
  read.open()
  await work
  t.equal((await db.read.selectFrom('loginStreaks').selectAll().execute()).length, 1)
})

t.test('waits for another process that writes, without blocking', async (t) => {
  const { db, config } = await createDatabase(t, 'sqlite')
  const other = new Database(config.file)
  other.exec('BEGIN IMMEDIATE')
  const ticks: number[] = []
  const timer = setInterval(() => ticks.push(performance.now()), 5)
  const writing = db.write.insertInto('loginStreaks').values(streak('statement')).execute()
  const working = db.transaction((trx) =>
    trx.insertInto('loginStreaks').values(streak('transaction')).execute(),
  )
  await db.read.selectFrom('loginStreaks').selectAll().execute()
  await isReady(async () => {
    if (ticks.length < 30) throw new Error(`only ${ticks.length} ticks`)
  })
  const gaps = ticks.map((tick, place) => tick - (ticks[place - 1] ?? tick)).sort((a, b) => a - b)
  // Now and then somebody else has the core; who blocks does so every time.
  t.ok((gaps[15] ?? 0) < 30, `half of the ticks come within ${gaps[15]} ms`)
  other.exec('COMMIT')
  other.close()
  await Promise.all([writing, working])
  clearInterval(timer)
  t.equal((await db.read.selectFrom('loginStreaks').selectAll().execute()).length, 2)
})

t.test('gives up on another process after five seconds', async (t) => {
  const { db, config } = await createDatabase(t, 'sqlite')
  const other = new Database(config.file)
  other.exec('BEGIN IMMEDIATE')
  const startedAt = performance.now()
  const failure = { name: 'Failure', entry: { name: 'DATABASE_UNREACHABLE' } }
  await t.rejects(
    db.transaction(async () => {}),
    failure,
  )
  t.ok(performance.now() - startedAt >= 5_000)
  other.exec('COMMIT')
  other.close()
  await t.resolves(db.transaction(async () => {}))
})

t.test('a long chain of statements lets timers run', async (t) => {
  const { db } = await createDatabase(t, 'sqlite')
  let ticks = 0
  const timer = setInterval(() => ticks++, 1)
  const startedAt = performance.now()
  while (performance.now() - startedAt < 300) {
    await db.read.selectFrom('loginStreaks').selectAll().execute()
  }
  clearInterval(timer)
  t.ok(ticks >= 5, `${ticks} ticks`)
})

t.test('a process that is killed while it writes loses no committed row', async (t) => {
  const { db, config } = await createDatabase(t, 'sqlite')
  const program = `
    import { openDb } from ${JSON.stringify(new URL('../../../src/adapters/db/open.js', import.meta.url).href)}
    const db = await openDb({ config: ${JSON.stringify(config)} })
    for (let version = 1; ; version++) {
      await db.transaction(async (trx) => {
        await trx.insertInto('changeLog').values({ version, kind: 'a', subject: '', changedAt: 0 }).execute()
        await trx.insertInto('changeLog').values({ version: -version, kind: 'b', subject: '', changedAt: 0 }).execute()
      })
      console.log(version)
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', (data) => {
    printed += data
    if (printed.length > 200) child.kill('SIGKILL')
  })
  await once(child, 'close')
  const told = Math.max(...printed.split('\n').slice(0, -1).map(Number))
  const versions = (await db.read.selectFrom('changeLog').select('version').execute()).map(
    (row) => row.version,
  )
  const highest = Math.max(...versions)
  t.ok(highest >= told && told > 10, `${told} told, ${highest} there`)
  t.equal(versions.length, 2 * highest)
})
