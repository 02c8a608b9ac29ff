import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Db } from '../../src/adapters/db/index.ts'
import { openDb } from '../../src/adapters/db/open.ts'
import { loadConfig } from '../../src/config/load.ts'
import { startMariadb } from '../../tools/test/harness.ts'
import { type Credentials, createJsonCaller, inLoops } from '../harness/callers.ts'
import { codes } from '../harness/codes.ts'
import { createDice, randomName } from '../harness/devices.ts'
import { printTime } from '../harness/print-time.ts'
import {
  embeddedEnvironment,
  openShared,
  type ServerProcess,
  spawnServer,
  testServers,
  until,
} from '../harness/test-server.ts'
import { acknowledged, countReplies, createHistory, judgeMade, takeSeed } from './history.ts'
import { countUsers, findHalfMade, logIn, register } from './people.ts'

const kills = 10
const clients = 50
const target = process.env.TORII_TEST_LONG === '1' ? 5_000 : 2_000
const registered = codes.REGISTERED

t.setTimeout(400_000)
t.jobs = 1
const dice = createDice(takeSeed(t))

type Plan = {
  folder: string
  app: Credentials
  url(): string
  /** How long the killed process takes to start without load. */
  startMs: number
  /** Kills something and brings it back. */
  kill(): Promise<void>
  openDb(): Promise<Db>
}

/** What it makes, and how long that took. */
const timed = async <T>(make: () => Promise<T>) => {
  const from = performance.now()
  const made = await make()
  return { made, ms: Math.round(performance.now() - from) }
}

const isServing = async (url: string) => (await fetch(`${url}/readyz`).catch(() => undefined))?.ok ?? false

/** Registers until enough are acknowledged, kills meanwhile, and judges what is left. */
const judgeKills = async (t: Test, { folder, app, url, startMs, kill, openDb }: Plan) => {
  const history = createHistory(join(folder, 'history.jsonl'))
  const caller = createJsonCaller({ app, connections: clients })
  const tickets = new Map<string, { a2: string; skey: string }>()
  const readyMs: number[] = []
  const started = performance.now()
  const isDone = () => readyMs.length === kills && tickets.size >= target

  const registerOne = async () => {
    const input = randomName()
    for (;;) {
      const what = { process: url(), operation: 'register', input }
      const reply = await history.call(what, () => register(caller, what.process, input))
      if (reply?.code === registered) tickets.set(input, reply.json.tickets as { a2: string; skey: string })
      // Taken: an earlier try was done, and its reply lost.
      if (reply?.code === registered || reply?.code === codes.ALREADY_REGISTERED) return !isDone()
      // All at once and without a pause they would take the cores from what is starting.
      await delay(200 + dice() * 300)
    }
  }
  const killAll = async () => {
    for (let round = 0; round < kills; round++) {
      const at = (round + dice()) * (target / kills)
      await until('registrations go on', () => tickets.size >= at, 60_000)
      const from = performance.now()
      await kill()
      await until('ready again', () => isServing(url()), 60_000)
      readyMs.push(Math.round(performance.now() - from))
    }
  }
  await Promise.all([inLoops(clients, registerOne), killAll()])
  const seconds = Math.round((performance.now() - started) / 1_000)

  const db = await openDb()
  t.teardown(() => db.close())
  const entries = history.read()
  const judged = judgeMade(entries, registered, await countUsers(db))
  const halfMade = await findHalfMade(db)
  t.comment(
    `${judged.acknowledged} acknowledged in ${seconds} s, missing ${judged.missing.length}, ` +
      `half-made ${halfMade.length}, duplicates ${judged.duplicates.length}`,
  )
  t.comment(`ready again after ${readyMs.join(' ')} ms; a start without load ${startMs} ms`)
  t.comment(`replies ${JSON.stringify(countReplies(entries))}`)
  t.ok(judged.acknowledged >= target)
  t.strictSame(judged.missing, [])
  t.strictSame(judged.duplicates, [])
  t.strictSame(judged.unasked, [])
  t.strictSame(halfMade, [])
  printTime(t, 'ready again', Math.max(...readyMs))

  const sample = [...acknowledged(entries, registered)].filter((_, index) => index % 50 === 0)
  const outcomes = await Promise.all(
    sample.map(async (name) => {
      const login = await logIn(caller, url(), name)
      const exchange = await caller.call(url(), '/v1/ticket/exchange', {
        token: tickets.get(name)?.a2,
        to: 'skey',
      })
      return [login.code, exchange.code]
    }),
  )
  t.strictSame(
    new Set(outcomes.flat()),
    new Set([codes.LOGGED_IN, codes.OK]),
    'every acknowledged user can go on',
  )
  caller.close()
  history.close()
}

/** A server on a shared MariaDB; `current` is the process of now. */
const openWithMariadb = async (t: Test, own: Parameters<typeof openShared>[1] = {}) => {
  const shared = await openShared({}, own)
  const started = await timed(() => spawnServer(shared.environment))
  let server = started.made
  t.teardown(async () => {
    await server.stop()
    await shared.close()
  })
  return {
    startMs: started.ms,
    folder: shared.folder,
    app: shared.app,
    url: () => server.url,
    openDb: () => openDb({ config: loadConfig(shared.environment).database }),
    kill: async () => {
      await server.kill()
      server = await spawnServer(shared.environment)
    },
  }
}

t.test('a server that is killed on MariaDB loses nothing that it acknowledged', async (t) => {
  await judgeKills(t, await openWithMariadb(t))
})

t.test('a MariaDB that is killed loses nothing that was acknowledged', async (t) => {
  const mariadb = await startMariadb({ folder: testServers().folder, serverId: 9 })
  t.teardown(() => mariadb.stop())
  const { ms: startMs } = await timed(() => mariadb.restart())
  const kill = async () => {
    await mariadb.kill('SIGKILL')
    await mariadb.restart()
  }
  await judgeKills(t, { ...(await openWithMariadb(t, { primary: mariadb, replicas: [] })), startMs, kill })
})

t.test('a server that is killed on its SQLite file loses nothing that it acknowledged', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  const environment = embeddedEnvironment(folder)
  const first = await spawnServer(environment)
  const app = first.app as Credentials
  await first.stop()
  const started = await timed(() => spawnServer(environment))
  let server: ServerProcess = started.made
  t.teardown(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })
  await judgeKills(t, {
    ...{ folder, app, startMs: started.ms },
    url: () => server.url,
    openDb: () => openDb({ config: loadConfig(environment).database }),
    kill: async () => {
      await server.kill()
      server = await spawnServer(environment)
    },
  })
})
