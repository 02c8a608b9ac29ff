/** Databases that are set up differently from ours, and nodes that answer but take no statements. */
import { createServer } from 'node:net'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import type { Db } from '../../../src/adapters/db/index.ts'
import { createMigrator } from '../../../src/adapters/db/migrate.ts'
import { errorKinds, kindOf } from '../../../src/adapters/db/mysql-errors.ts'
import { openDb } from '../../../src/adapters/db/open.ts'
import type { DatabaseConfig } from '../../../src/config/index.ts'
import { type Mariadb, startMariadb } from '../../../tools/test/harness.ts'
import { ask, createDatabase, createEmpty, randomName, servers, toHost } from './databases.ts'

t.setTimeout(180_000)
const { folder } = servers
const failure = (name: string) => ({ name: 'Failure', entry: { name } })

const start = async (t: Test, serverId: number, args: readonly string[]) => {
  if (folder === undefined) throw new Error('there is no MariaDB in this run')
  const server = await startMariadb({ folder, serverId, args })
  t.teardown(() => server.stop())
  return server
}

const configFor = async (t: Test, server: Mariadb, name: string): Promise<DatabaseConfig> => {
  await ask(server, `CREATE DATABASE IF NOT EXISTS ${name}`)
  return { ...(await createEmpty(t, 'sqlite')), write: [toHost(server, name)] }
}

const open = async (t: Test, config: DatabaseConfig): Promise<Db> => {
  const db = await openDb({ config })
  t.teardown(() => db.close())
  return db
}

t.test('every setting of a foreign server is set anew for each connection', async (t) => {
  const server = await start(t, 31, [
    '--character-set-server=latin1',
    '--collation-server=latin1_swedish_ci',
    '--skip-character-set-client-handshake',
    '--init-connect=SET NAMES latin1',
    '--autocommit=0',
    '--default-time-zone=+05:00',
    '--sql-mode=ANSI_QUOTES,PIPES_AS_CONCAT',
    '--transaction-isolation=SERIALIZABLE',
    '--max-statement-time=20',
  ])
  const config = await configFor(t, server, randomName())
  await createMigrator({ config }).up()
  t.same(await createMigrator({ config }).pending(), [], 'the records of migrations are kept')
  const db = await open(t, config)
  const name = '张三丰 😀'
  await db.write.insertInto('settings').values({ name: 'a', value: name }).execute()
  await db.transaction((trx) => trx.insertInto('settings').values({ name: 'b', value: name }).execute())
  const rows = await db.read.selectFrom('settings').select('value').execute()
  t.same(
    rows.map(({ value }) => value),
    [name, name],
  )
  const [host] = config.write
  const [bytes] = await server.asRoot(
    `SELECT HEX(value) AS hex FROM ${host?.database}.settings WHERE name = 'a'`,
  )
  t.equal(bytes?.hex, Buffer.from(name).toString('hex').toUpperCase(), 'another client reads it, too')
  t.match(await db.health(), [{ problem: '' }])
})

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

t.test('a Galera node that takes no statements is away, and the next host is used', async (t) => {
  const port = await freePort()
  const galera = await start(t, 32, [
    '--wsrep-on=ON',
    '--wsrep-provider=/usr/lib/galera/libgalera_smm.so',
    '--wsrep-cluster-address=gcomm://',
    `--wsrep-provider-options=base_port=${port};gmcast.listen_addr=tcp://127.0.0.1:${port};gcache.size=16M`,
    '--wsrep-node-address=127.0.0.1',
    '--innodb-autoinc-lock-mode=2',
  ])
  const name = randomName()
  const first = await configFor(t, galera, name)
  await createMigrator({ config: first }).up()
  const { primary } = servers
  if (primary === undefined) throw new Error('there is no MariaDB in this run')
  const second = await createEmpty(t, 'mysql')
  await createMigrator({ config: second }).up()
  const config = { ...second, hostDownMs: 60_000, write: [...first.write, ...second.write] }
  const db = await open(t, config)
  await db.write.insertInto('settings').values({ name: 'before', value: '1' }).execute()
  t.match(await db.health(), [{ problem: '' }, { problem: '' }])

  await galera.asRoot('SET GLOBAL wsrep_reject_queries = ALL')
  const read = (name: string) =>
    db.write.selectFrom('settings').selectAll().where('name', '=', name).execute()
  await db.write.insertInto('settings').values({ name: 'after', value: '2' }).execute()
  t.equal((await read('after')).length, 1, 'a statement goes to the next host')
  await db.transaction((trx) => trx.insertInto('settings').values({ name: 'trx', value: '3' }).execute())
  t.equal((await read('before')).length, 0, 'which has rows of its own here')
  const [broken, good] = await db.health()
  t.match(broken, { role: 'write', problem: /.+/ })
  t.match(good, { problem: '' })

  const alone = await open(t, { ...first, hostDownMs: 50 })
  await t.rejects(alone.write.selectFrom('settings').selectAll().execute(), failure('DATABASE_UNREACHABLE'))
  await galera.asRoot('SET GLOBAL wsrep_reject_queries = NONE')
  t.equal((await alone.write.selectFrom('settings').selectAll().execute()).length, 1, 'it is back')
})

const refusals: Record<string, string> = {
  lost: 'DATABASE_UNREACHABLE',
  timeout: 'DATABASE_UNREACHABLE',
  away: 'DATABASE_UNREACHABLE',
  unready: 'DATABASE_UNREACHABLE',
  full: 'OVERLOADED',
  deadlock: 'DATABASE_ERROR',
  unprepared: 'DATABASE_ERROR',
  other: 'DATABASE_ERROR',
}
/** Faults of a statement: no such table, no such column, text too long, disk full, table full, right missing. */
const statementFaults = [1146, 1054, 1406, 1021, 1114, 1142]

t.test('each number of the server has its refusal, and the next statement is served', async (t) => {
  const { db } = await createDatabase(t, 'mysql', { hostDownMs: 50 })
  const rows = errorKinds.flatMap(([id, kind]) => (typeof id === 'number' ? [{ id, kind }] : []))
  for (const { id, kind } of [...rows, ...statementFaults.map((id) => ({ id, kind: 'other' }))]) {
    t.equal(kindOf({ errno: id }), kind, `${id} is ${kind}`)
    const fail = sql.raw(`signal sqlstate '45000' set mysql_errno = ${id}`)
    if (kind === 'duplicate') {
      await fail.execute(db.write).catch((error) => t.ok(db.isDuplicate(error)))
    } else {
      await t.rejects(fail.execute(db.write), failure(refusals[kind] ?? ''), `${id} is ${refusals[kind]}`)
    }
    t.equal((await sql`select 1 as one`.execute(db.write)).rows.length, 1)
  }
})

t.test('a server without room for prepared statements is asked in text', async (t) => {
  const server = await start(t, 33, ['--max-prepared-stmt-count=0'])
  const config = await configFor(t, server, randomName())
  await createMigrator({ config }).up()
  const db = await open(t, config)
  const value = `'"\\\0%_ 张三丰`.replace('\0', '')
  await db.write.insertInto('settings').values({ name: 'a', value }).execute()
  const id = Buffer.from([0, 39, 92, 255])
  await db.write
    .insertInto('loginStreaks')
    .values({ loginKey: id, failures: 3, lastFailedAt: Number.MAX_SAFE_INTEGER })
    .execute()
  t.match(await db.read.selectFrom('settings').selectAll().where('name', '=', 'a').execute(), [{ value }])
  const [streak] = await db.read.selectFrom('loginStreaks').selectAll().where('loginKey', '=', id).execute()
  t.same(streak?.loginKey, id)
  t.equal(streak?.lastFailedAt, Number.MAX_SAFE_INTEGER)
})
