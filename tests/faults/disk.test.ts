/** A disk without room, and one that can't be written to: refused with a code, nothing half-written. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Db } from '../../src/adapters/db/index.ts'
import { openDb } from '../../src/adapters/db/open.ts'
import { loadConfig } from '../../src/config/load.ts'
import { type Mariadb, startMariadb } from '../../tools/test/harness.ts'
import { type Credentials, createJsonCaller } from '../harness/callers.ts'
import { codes as replyCodes } from '../harness/codes.ts'
import { randomName } from '../harness/devices.ts'
import {
  type Environment,
  embeddedEnvironment,
  openShared,
  type ServerProcess,
  spawnServer,
  testServers,
  until,
} from '../harness/test-server.ts'
import { watchMachine } from './control.ts'
import { acknowledged, countReplies, createHistory, judgeMade, quantileMs } from './history.ts'
import { countUsers, findHalfMade, logIn, register } from './people.ts'
import { databaseDefaults } from './replicated.ts'
import { mountSmallDisk } from './small-disk.ts'

t.setTimeout(300_000)
const isLong = process.env.TORII_TEST_LONG === '1'
const registered = replyCodes.REGISTERED
const [unreachable, failed, overloaded] = [
  replyCodes.DATABASE_UNREACHABLE,
  replyCodes.DATABASE_ERROR,
  replyCodes.OVERLOADED,
]

type Plan = {
  server: ServerProcess
  app: Credentials
  db: Db
  /** Takes away what writing needs, and gives it back. */
  hit(): unknown
  mend(): unknown
  /** With which codes changes are refused, and how soon. */
  codes: readonly number[]
  refusedMs?: number
  /** How soon they are done again. */
  withinMs: number
}

/** Registers before, while nothing can be written, and afterwards without any restart. */
const judgeOutage = async (t: Test, plan: Plan) => {
  const { server, app, db, hit, mend, codes, refusedMs = 300, withinMs } = plan
  const machine = await watchMachine(t)
  const caller = createJsonCaller({ app })
  const history = createHistory(join(testServers().folder, `${randomName('disk')}.jsonl`))
  t.teardown(() => caller.close())
  const registerOne = async () => {
    const input = randomName()
    const what = { process: server.url, operation: 'register', input }
    return { input, reply: await history.call(what, () => register(caller, server.url, input)) }
  }
  const isRefused = async () => (await registerOne()).reply?.code !== registered
  for (let count = 0; count < 20; count++) t.notOk(await isRefused())
  await hit()
  const hitAt = Date.now()
  await until('it is refused', isRefused, 60_000)
  // A few may still find room for their rows.
  let refused = 0
  await until(
    'thirty are refused',
    async () => {
      const replies = await Promise.all(Array.from({ length: 30 }, registerOne))
      refused += replies.filter(({ reply }) => reply?.code !== registered).length
      return refused >= 30
    },
    60_000,
  )
  const [known = ''] = acknowledged(history.read(), registered)
  const salt = await caller.call(server.url, '/v1/prelogin', { login: known })
  t.equal(salt.code, replyCodes.OK, 'what needs no room goes on')
  await mend()
  const mendedAt = Date.now()
  await until('it is mended', async () => !(await isRefused()), withinMs)
  const backMs = Date.now() - mendedAt
  for (let count = 0; count < 20; count++) t.notOk(await isRefused())
  t.equal((await logIn(caller, server.url, known)).code, replyCodes.LOGGED_IN)

  const entries = history.read()
  const meanwhile = entries.filter(({ time, reply }) => time >= hitAt && reply !== registered)
  const judged = judgeMade(entries, registered, await countUsers(db))
  const halfMade = await findHalfMade(db)
  t.comment(
    `refused ${JSON.stringify(countReplies(meanwhile))} within ${quantileMs(meanwhile, 1)} ms; ` +
      `mended after ${backMs} ms; missing ${judged.missing.length}, half-made ${halfMade.length}`,
  )
  t.ok(meanwhile.length >= 30)
  t.strictSame(
    meanwhile.filter(({ reply }) => !codes.includes(Number(reply))).slice(0, 3),
    [],
    `each is refused with ${codes.join(' or ')}`,
  )
  t.strictSame(
    meanwhile.filter((one) => one.tookMs > refusedMs + machine.excuseMs(one)).slice(0, 3),
    [],
    `within ${refusedMs} ms`,
  )
  t.strictSame(judged.missing, [])
  t.strictSame(judged.duplicates, [])
  t.strictSame(halfMade, [])
}

t.test('SQLite on a full disk refuses, and goes on when there is room', async (t) => {
  const disk = await mountSmallDisk(t, 8)
  const environment = embeddedEnvironment(disk.folder)
  const server = await spawnServer(environment)
  const db = await openDb({ config: loadConfig(environment).database })
  t.teardown(async () => {
    await db.close()
    await server.stop()
  })
  const app = server.app as Credentials
  await judgeOutage(t, {
    server,
    app,
    db,
    hit: () => disk.fill(),
    mend: disk.free,
    codes: [failed],
    withinMs: 2_000,
  })
})

/** A server on this MariaDB alone. */
const openOn = async (t: Test, mariadb: Mariadb) => {
  t.teardown(() => mariadb.stop())
  const shared = await openShared({}, { primary: mariadb, replicas: [] })
  const server = await spawnServer({ ...shared.environment, ...databaseDefaults })
  t.teardown(async () => {
    await server.stop()
    await shared.close()
  })
  return { server, app: shared.app, db: shared.db }
}

const rows = [
  // InnoDB says that a table is full, and at once that it is not.
  { title: 'MariaDB on a full disk', args: ['--skip-log-bin'], codes: [failed], withinMs: 2_000 },
  // For its binary log MariaDB waits until there is room, and looks once a minute.
  {
    title: 'MariaDB with its binary log on a full disk',
    args: [],
    codes: [failed, unreachable, overloaded],
    refusedMs: 4_000,
    withinMs: 90_000,
    isLong: true,
  },
]

for (const { title, args, ...limits } of rows.filter((row) => isLong || !('isLong' in row)))
  t.test(`${title} refuses, and goes on when there is room`, async (t) => {
    const disk = await mountSmallDisk(t, 256)
    const mariadb = await startMariadb({ folder: disk.folder, serverId: 11, args })
    const world = await openOn(t, mariadb)
    await judgeOutage(t, { ...world, ...limits, hit: () => disk.fill(), mend: disk.free })
  })

t.test('a MariaDB that becomes read-only refuses, and goes on when it is not any more', async (t) => {
  const mariadb = await startMariadb({ folder: testServers().folder, serverId: 12 })
  const set = (value: 0 | 1) => () => mariadb.asRoot(`SET GLOBAL read_only = ${value}`)
  const world = await openOn(t, mariadb)
  await judgeOutage(t, { ...world, hit: set(1), mend: set(0), codes: [unreachable], withinMs: 2_000 })
})

/** Judges a start that must fail: status 1, and a last line that has these words. */
const judgeStart = async (t: Test, environment: Environment, words: RegExp) => {
  const started = await spawnServer(environment).catch((error: Error) => error)
  const message = started instanceof Error ? started.message : 'it started'
  const line = message.split('\n').at(-1) ?? ''
  t.comment(line)
  t.match(message, /ended with 1/)
  t.match(line, /^torii: /)
  t.match(line, words)
}

t.test('on a read-only folder it refuses to start, in one line', async (t) => {
  for (const isUsed of [false, true]) {
    const disk = await mountSmallDisk(t, 8)
    const environment = embeddedEnvironment(disk.folder)
    if (isUsed) await (await spawnServer(environment)).stop()
    await disk.makeReadOnly()
    await judgeStart(t, environment, /read-?only/)
  }
})

const tightDisks = [
  { title: 'without room for a key', roomBytes: 0, left: ['filler'] },
  {
    title: 'with room for half of the tables',
    roomBytes: 200_000,
    left: ['filler', 'server.key', 'torii.sqlite'],
  },
]

for (const { title, roomBytes, left } of tightDisks)
  t.test(`on a disk ${title} it refuses to start, and starts when there is more`, async (t) => {
    const disk = await mountSmallDisk(t, 8)
    await disk.fill(roomBytes)
    const environment = embeddedEnvironment(disk.folder)
    await judgeStart(t, environment, /no space|full/)
    const names = await readdir(disk.folder)
    t.strictSame(names.filter((name) => !/-(wal|shm|server)$/.test(name)).sort(), left)
    await disk.free()
    const server = await spawnServer(environment)
    t.teardown(() => server.stop())
    const caller = createJsonCaller({ app: server.app as Credentials })
    t.teardown(() => caller.close())
    t.equal((await register(caller, server.url, randomName())).code, registered)
  })
