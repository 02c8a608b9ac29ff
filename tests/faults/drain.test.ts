/** A server that ends answers what has reached it, and a rolling restart fails no call. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { openDb } from '../../src/adapters/db/open.ts'
import { createAdmin } from '../../src/admin.ts'
import { loadConfig } from '../../src/config/load.ts'
import { atRate, type Credentials, createJsonCaller } from '../harness/callers.ts'
import { createDice, randomName } from '../harness/devices.ts'
import { printTime } from '../harness/print-time.ts'
import {
  type Environment,
  embeddedEnvironment,
  openShared,
  type ServerProcess,
  spawnServer,
  until,
} from '../harness/test-server.ts'
import { createTotpClient, type Send } from '../harness/totp-client.ts'
import { jsonType, openSocket, requestText } from '../http/raw-socket.ts'
import { countReplies, createHistory, type Entry, quantileMs, takeSeed } from './history.ts'
import { register } from './people.ts'
import { startProxy } from './proxy.ts'
import { spawnTimed } from './slowness.ts'

t.setTimeout(600_000)
const dice = createDice(takeSeed(t))
const slowLogins = 6
const restarts = 10
const rounds = process.env.TORII_TEST_LONG === '1' ? 8 : 3
/** A machine that is busy with other things gets fewer calls and more time. */
const exitWithinMs = 10_000
const patience = (environment: Environment, slowness: number) => ({
  ...environment,
  TORII__SERVER__DRAIN_TIMEOUT_MS: `${Math.min(Math.round(6 * exitWithinMs * slowness), 120_000)}`,
})
const password = 'correct horse battery staple'

/** At a hundred calls a second: session checks, echoes, a registration in twenty, each second a login by bcrypt. */
const createLoad = async (
  t: Test,
  { folder, app, url, slowness }: { folder: string; app: Credentials; url: string; slowness: number },
) => {
  const perSecond = 100 / slowness
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
  /** Connections that the server has taken, so that many calls find one. */
  const openConnections = (count: number) =>
    Promise.all(Array.from({ length: count }, (_, index) => slow.call(url, '/v1/echo', { index })))
  const logInSlowly = () => call('login', () => slow.call(url, '/v1/login', { login, password }))
  const fire = (index: number) => {
    if (index % 100 === 0) return logInSlowly()
    if (index % 20 === 1) return call('register', () => register(caller, url, randomName()))
    if (index % 2 === 0) return call('session', () => caller.call(url, '/v1/session', { token: skey }))
    return call('echo', () => caller.call(url, '/v1/echo', { index }))
  }
  return { history, fire, logInSlowly, openConnections, perSecond }
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
  const embedded = embeddedEnvironment(folder)
  const { server: first, slowness } = await spawnTimed(embedded)
  const app = first.app as Credentials
  await first.stop()
  const environment = patience(embedded, slowness)
  for (let round = 0; round < rounds; round++) {
    const server = await spawnServer(environment)
    const world = await createLoad(t, { folder, app, url: server.url, slowness })
    const { history, fire, logInSlowly, openConnections, perSecond } = world
    let isOver = false
    const load = atRate(perSecond, () => isOver, fire)
    await until('it is under load', () => history.read().length > perSecond / 2)
    // As many are left for the load's own.
    await openConnections(2 * slowLogins)
    await delay(dice() * 300)
    const logins = Array.from({ length: slowLogins }, logInSlowly)
    // Written to their connections, as far as the kernel.
    for (let turn = 0; turn < 3; turn++) await nextTurn()
    const sentAt = Date.now()
    const { code, ms } = await terminate(server)
    isOver = true
    await Promise.all([load, ...logins])

    const entries = history.read()
    const accepted = entries.filter(({ reply }) => reply !== 'ECONNREFUSED' && reply !== 'ECONNRESET_NEW')
    const running = accepted.filter(({ time, tookMs }) => time + tookMs >= sentAt)
    t.comment(`exit ${code} after ${ms} ms; answered after SIGTERM ${JSON.stringify(countReplies(running))}`)
    t.comment(`not taken any more ${entries.length - accepted.length}`)
    t.strictSame(accepted.filter((entry) => !isSuccess(entry)).slice(0, 3), [])
    const slow = running.filter(({ operation, time }) => operation === 'login' && time <= sentAt)
    t.ok(slow.length >= slowLogins / 2, `${slow.length} logins were under way`)
    t.equal(code, 0)
    printTime(t, 'it exits', ms)
  }
})

/** One call of a new device. */
const useDevice = async ({ url: place }: ServerProcess, { appId, appSecret }: Credentials) => {
  const send: Send = async ({ url, payload, ...request }) => {
    const reply = await fetch(place + url, { ...request, ...(payload !== undefined && { body: payload }) })
    return { status: reply.status, headers: {}, body: await reply.text() }
  }
  const url = `/v1/totp?n=${appId}&s=${appSecret}`
  const { totp_token: t, totp_secret: secret } = JSON.parse(
    (await send({ method: 'GET', url, headers: {} })).body,
  )
  await createTotpClient({ send, device: { t, secret }, now: Date.now }).call('/v1/echo')
}

t.test('the shortest times to drain: requests get all of it, and what was gathered is written', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const environment = embeddedEnvironment(folder)
  const config = loadConfig(environment)
  const db = await openDb({ config: config.database })
  t.teardown(() => db.close())
  const body = JSON.stringify({ padding: 'x'.repeat(100) })
  const request = requestText('POST', '/v1/echo', { type: jsonType, body })
  const used = db.read.selectFrom('devices').select('deviceId').where('lastSeenAt', 'is not', null)
  let devices = 0
  for (const { drainTimeoutMs, isEnded } of [
    { drainTimeoutMs: 1_000, isEnded: true },
    { drainTimeoutMs: 1_000, isEnded: false },
    { drainTimeoutMs: 100, isEnded: false },
  ]) {
    const server = await spawnServer({
      ...environment,
      TORII__SERVER__DRAIN_TIMEOUT_MS: `${drainTimeoutMs}`,
    })
    const port = Number(new URL(server.url).port)
    const [socket, last] = await Promise.all([openSocket(port), openSocket(port)])
    const half = request.length - 50
    socket.write(request.slice(0, half))
    last.write(requestText('GET', '/v1/none'))
    t.equal((await last.read())?.status, 404, 'so the other one has arrived too')
    await useDevice(server, await createAdmin({ db, config }).apps.add({ name: 'drain' }))
    t.equal((await used.execute()).length, devices, 'its use is gathered first')
    devices++
    const began = performance.now()
    const stopped = server.stop()
    if (isEnded) {
      await until('no new connection is accepted', () =>
        fetch(`${server.url}/healthz`).then(
          () => false,
          () => true,
        ),
      )
      socket.write(request.slice(half))
      // Without an app: refused, but answered.
      t.match(await socket.read(), { status: 400, headers: { connection: 'close' } })
    }
    t.equal(await stopped, 0)
    const ms = Math.round(performance.now() - began)
    t.comment(`${drainTimeoutMs} ms to drain: gone after ${ms}`)
    if (!isEnded) t.ok(ms >= drainTimeoutMs)
    t.equal((await used.execute()).length, devices, 'and written at the end')
  }
})

t.test('ten rolling restarts of two processes behind a proxy: no call fails', async (t) => {
  const shared = await openShared()
  const { server: quick, slowness } = await spawnTimed(shared.environment)
  await quick.stop()
  const environment = patience(shared.environment, slowness)
  const proxy = await startProxy()
  const start = async () => {
    const server = await spawnServer(environment)
    proxy.add(server.url)
    await until('it is in rotation', () => proxy.isIn(server.url), 60_000)
    return server
  }
  const servers = await Promise.all([start(), start()])
  t.teardown(async () => {
    proxy.close()
    await Promise.all(servers.map((server) => server.stop()))
    await shared.close()
  })
  const { history, fire, perSecond } = await createLoad(t, { ...shared, url: proxy.url, slowness })
  let isOver = false
  const load = atRate(perSecond, () => isOver, fire)
  const ends: { code: number | null; ms: number }[] = []
  // Its successor starts while a process ends: the other one serves alone until it is in rotation.
  const restart = async (index: number) => {
    const old = servers[index] as ServerProcess
    const [end, server] = await Promise.all([terminate(old), start()])
    ends.push(end)
    proxy.remove(old.url)
    servers[index] = server
  }
  const startedAt = performance.now()
  for (let round = 0; round < restarts; round++) for (const index of [0, 1]) await restart(index)
  const seconds = (performance.now() - startedAt) / 1_000
  isOver = true
  await load

  const entries = history.read()
  const times = ends.map(({ ms }) => ms)
  t.comment(
    `${entries.length} calls, ${JSON.stringify(countReplies(entries))}, p99 ${quantileMs(entries, 0.99)} ms`,
  )
  t.comment(
    `${ends.length} exits after ${Math.min(...times)} to ${Math.max(...times)} ms, ` +
      `${(seconds / restarts).toFixed(1)} s for a rolling restart of both`,
  )
  t.strictSame(entries.filter((entry) => !isSuccess(entry)).slice(0, 3), [])
  t.strictSame(new Set(ends.map(({ code }) => code)), new Set([0]))
  printTime(t, 'the slowest exit', Math.max(...times), 120_000)
  t.ok(entries.length > 10 * perSecond)
  t.comment(`${Math.round(perSecond)} calls a second`)
})
