/** A server that is told to end answers what has reached it, and a fleet is renewed without anybody noticing. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import {
  embeddedEnvironment,
  openShared,
  type ServerProcess,
  spawnServer,
  until,
} from '../harness/test-server.ts'
import { createDice, randomName } from '../races/fleet.ts'
import { atRate, type Credentials, createJsonCaller } from './callers.ts'
import { countReplies, createHistory, type Entry, quantileMs, takeSeed } from './history.ts'
import { register } from './people.ts'
import { startProxy } from './proxy.ts'

t.setTimeout(180_000)
const dice = createDice(takeSeed(t))
const perSecond = 100
const exitWithinMs = 10_000
const password = 'correct horse battery staple'

/** Session checks and echoes, one registration in twenty, and each half second a login that takes bcrypt. */
const createLoad = async (
  t: Test,
  { folder, app, url }: { folder: string; app: Credentials; url: string },
) => {
  const caller = createJsonCaller({ app, connections: 25 })
  const slow = createJsonCaller({ app, connections: 50 })
  const history = createHistory(join(folder, `${randomName()}.jsonl`))
  t.teardown(() => {
    caller.close()
    slow.close()
  })
  const login = randomName()
  const made = await caller.call(url, '/v1/register', {
    ...{ regmode: 'anonymous', user: { userName: login }, password },
  })
  const { skey } = made.json.tickets as { skey: string }
  const call = (operation: string, send: () => ReturnType<typeof caller.call>) =>
    history.call({ process: url, operation, input: randomName() }, send)
  const logInSlowly = () => call('login', () => slow.call(url, '/v1/login', { login, password }))
  const fire = (index: number) => {
    if (index % (perSecond / 2) === 0) return logInSlowly()
    if (index % 20 === 1) return call('register', () => register(caller, url, randomName()))
    if (index % 2 === 0) return call('session', () => caller.call(url, '/v1/session', { token: skey }))
    return call('echo', () => caller.call(url, '/v1/echo', { index }))
  }
  return { history, fire, logInSlowly }
}

const isSuccess = ({ reply }: Entry) => /^1\d{6}$/.test(String(reply))
/** Ends it and tells how. */
const terminate = async (server: ServerProcess) => {
  const started = performance.now()
  const code = await server.stop()
  return { code, ms: Math.round(performance.now() - started) }
}

t.test('SIGTERM under load: what reached the server is answered, and it exits with 0', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const environment = embeddedEnvironment(folder)
  let app: Credentials | undefined
  for (let round = 0; round < 4; round++) {
    const server = await spawnServer(environment)
    app ??= server.app as Credentials
    const { history, fire, logInSlowly } = await createLoad(t, { folder, app, url: server.url })
    let isOver = false
    const load = atRate(perSecond, () => isOver, fire)
    await until('it is under load', () => history.read().length > perSecond / 2)
    await delay(dice() * 300)
    const logins = Array.from({ length: 6 }, logInSlowly)
    await delay(20)
    const sentAt = Date.now()
    const { code, ms } = await terminate(server)
    isOver = true
    await Promise.all([load, ...logins])

    const entries = history.read()
    const accepted = entries.filter(({ reply }) => reply !== 'ECONNREFUSED')
    const running = accepted.filter(({ time, tookMs }) => time + tookMs >= sentAt)
    t.comment(`exit ${code} after ${ms} ms; answered after SIGTERM ${JSON.stringify(countReplies(running))}`)
    t.strictSame(accepted.filter((entry) => !isSuccess(entry)).slice(0, 3), [])
    t.ok(running.length > 10)
    t.equal(code, 0)
    t.ok(ms <= exitWithinMs)
  }
})

t.test('ten rolling restarts of two processes behind a proxy: no call fails', async (t) => {
  const shared = await openShared()
  const proxy = await startProxy()
  const start = async () => {
    const server = await spawnServer(shared.environment)
    proxy.add(server.url)
    await until('it is in rotation', () => proxy.isIn(server.url))
    return server
  }
  const servers = await Promise.all([start(), start()])
  t.teardown(async () => {
    proxy.close()
    await Promise.all(servers.map((server) => server.stop()))
    await shared.close()
  })
  const { history, fire } = await createLoad(t, { ...shared, url: proxy.url })
  let isOver = false
  const load = atRate(perSecond, () => isOver, fire)
  const ends: { code: number | null; ms: number }[] = []
  for (let restart = 0; restart < 10; restart++)
    for (const index of [0, 1]) {
      const old = servers[index] as ServerProcess
      ends.push(await terminate(old))
      proxy.remove(old.url)
      servers[index] = await start()
    }
  isOver = true
  await load

  const entries = history.read()
  const times = ends.map(({ ms }) => ms)
  t.comment(
    `${entries.length} calls, ${JSON.stringify(countReplies(entries))}, p99 ${quantileMs(entries, 0.99)} ms`,
  )
  t.comment(`exits after ${Math.min(...times)} to ${Math.max(...times)} ms`)
  t.strictSame(entries.filter((entry) => !isSuccess(entry)).slice(0, 3), [])
  t.strictSame(new Set(ends.map(({ code }) => code)), new Set([0]))
  t.ok(Math.max(...times) <= exitWithinMs)
  t.ok(entries.length > 1_000)
})
