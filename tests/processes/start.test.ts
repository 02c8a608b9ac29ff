/** The first command of a stranger: `npm start` on a fresh machine, and what refuses to start. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import t, { type Test } from 'tap'
import { systemRandom } from '../../src/adapters/random.ts'
import { generateServerKey } from '../../src/adapters/server-key.ts'
import { codes as replyCodes } from '../harness/codes.ts'
import { printTime } from '../harness/print-time.ts'
import {
  embeddedEnvironment,
  openTestServer,
  readLine,
  spawnServer,
  type TestServers,
  until,
} from '../harness/test-server.ts'
import { openSocket, requestText } from '../http/raw-socket.ts'

const root = fileURLToPath(new URL('./', import.meta.resolve('#root/package.json')))
const run = promisify(execFile)
t.setTimeout(120_000)

const openFolder = async (t: Test) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}
const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8)

/** The whole project as a clone would have it, built; times are kept, so that nothing has to be built again. */
const cloneProject = async (t: Test) => {
  const folder = await openFolder(t)
  const names = (await readdir(root)).filter(
    (name) => !/^(\.git|node_modules|data|coverage|\.tap)$/.test(name),
  )
  await run('cp', ['-a', ...names.map((name) => join(root, name)), folder])
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

const npmStart = async (t: Test, folder: string) => {
  const child: ChildProcess = spawn('npm', ['start'], {
    cwd: folder,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      TORII__SERVER__PORT: '0',
      TORII__METRICS__PORT: '0',
    },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const { pid = 0 } = child
  const isGroupAlive = () => {
    try {
      return process.kill(-pid, 0)
    } catch {
      return false
    }
  }
  t.teardown(() => {
    if (isGroupAlive()) process.kill(-pid, 'SIGKILL')
  })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr])
    if (stream) createInterface({ input: stream }).on('line', (line) => lines.push(line))
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const find = (name: string) => lines.map(readLine).find(({ start }) => start === name)
  const field = (name: string) => find(name)?.msg
  const url = await until(
    'npm start listens',
    () => {
      if (child.exitCode !== null)
        throw new Error(`npm start ended with ${child.exitCode}:\n${lines.join('\n')}`)
      return field('listening')
    },
    60_000,
  )
  return { child, lines, url, find, field, exited, isGroupAlive }
}

t.test('npm start creates what it needs, says what to do next, and ends on SIGTERM', async (t) => {
  const folder = await cloneProject(t)
  const data = join(folder, 'data')
  t.notOk(existsSync(data))
  const first = await npmStart(t, folder)
  t.match(first.url, /^http:\/\/127\.0\.0\.1:\d+$/)
  t.equal(modeOf(data), '700')
  t.equal(modeOf(join(data, 'server.key')), '600')
  t.ok(existsSync(join(data, 'torii.sqlite')))
  const key = readFileSync(join(data, 'server.key'), 'utf8')
  t.same(Object.keys(JSON.parse(key)), ['atRest', 'pepper', 'ticket', 'identity', 'signing', 'saltKey'])
  const appId = first.field('appid') ?? ''
  const appSecret = first.field('appsecret') ?? ''
  t.match(appId, /^[A-Za-z0-9]{16}$/)
  t.match(appSecret, /^[A-Za-z0-9]{32}$/)
  t.match(first.field('trial'), /doctor --production/)
  t.same(
    first.lines.filter((line) => !line.startsWith('{') && !/^(> |$|built |building )/.test(line)),
    [],
    'all else is of npm and the build',
  )
  t.equal(first.lines.filter((line) => readLine(line).start !== undefined).length, 6)

  const command = first.field('register') ?? ''
  const { stdout } = await run('sh', ['-c', command]).catch(async () => {
    // Without curl the same call is made here.
    const [, address = '', body = ''] = /curl -s (\S+) .* -d '(.*)'$/.exec(command) ?? []
    const headers = { 'content-type': 'application/json' }
    const reply = await fetch(address, { method: 'POST', headers, body })
    return { stdout: await reply.text() }
  })
  t.match(
    JSON.parse(stdout),
    { code: replyCodes.REGISTERED, tickets: { skey: /^sk_/ } },
    'the call works as it is printed',
  )
  t.match(await (await fetch(`${first.url}/readyz`)).json(), { status: 'ready' })
  t.match(await (await fetch(`${first.url}/healthz`)).json(), { status: 'ok' })
  t.notMatch(
    first.lines.filter((line) => readLine(line).start === undefined).join('\n'),
    new RegExp(appSecret),
    'no secret in the log',
  )

  process.kill(first.child.pid ?? 0, 'SIGTERM')
  t.equal(await first.exited, 0, 'SIGTERM to npm alone')
  await until('no process is left', () => !first.isGroupAlive())
  await t.rejects(fetch(`${first.url}/healthz`), 'no process answers any more')

  const second = await npmStart(t, folder)
  t.match(second.find('appid'), { msg: appId, note: /app rotate/ }, 'the same app, and how to get a secret')
  t.notOk(second.find('appsecret'))
  t.equal(readFileSync(join(data, 'server.key'), 'utf8'), key, 'nor another key')
  const again = await fetch(`${second.url}/v1/totp?n=${appId}&s=${appSecret}`)
  t.match(await again.json(), { code: replyCodes.OK }, 'the first app lives')
  process.kill(second.child.pid ?? 0, 'SIGINT')
  t.equal(await second.exited, 0)
  await until('no process is left', () => !second.isGroupAlive())
})

/** What a process has computed so far; only Linux tells. */
const cpuSecondsOf = (pid: number): number => {
  if (!existsSync(`/proc/${pid}/stat`)) return Number.POSITIVE_INFINITY
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

t.test('is ready within 2 s', async (t) => {
  const folder = await openFolder(t)
  const seconds: number[] = []
  const computed: number[] = []
  // Other tests may keep the machine busy: then the best of three counts, or else what it had to compute.
  for (let tries = 0; tries < 3 && !seconds.some((it) => it < 2); tries++) {
    const began = performance.now()
    const own = join(folder, String(tries))
    await mkdir(own)
    const server = await spawnServer(embeddedEnvironment(own))
    t.equal((await fetch(`${server.url}/readyz`)).status, 200)
    seconds.push((performance.now() - began) / 1_000)
    computed.push(cpuSecondsOf(server.child.pid ?? 0))
    t.equal(await server.stop(), 0)
  }
  t.comment(
    `seconds until ready, in a new folder: ${seconds.map((it) => it.toFixed(2))}; of them CPU: ${computed}`,
  )
  t.ok(Math.min(...seconds, ...computed) < 2)
})

for (const signal of ['SIGTERM', 'SIGHUP'] as const)
  t.test(`requests in flight at ${signal} are answered`, async (t) => {
    const folder = await openFolder(t)
    const server = await spawnServer(embeddedEnvironment(folder))
    const { app, url } = server
    if (!app) throw new Error('no demo app')
    const port = Number(new URL(url).port)
    const sockets = await Promise.all(Array.from({ length: 6 }, () => openSocket(port)))
    for (const [at, socket] of sockets.entries()) {
      const body = JSON.stringify({
        ...{ appid: app.appId, appsecret: app.appSecret, regmode: 'anonymous', password: 'quite right' },
        user: { userName: `flight-${at}` },
      })
      socket.write(requestText('POST', '/v1/register', { type: 'application/json', body }))
    }
    // They wait for one bcrypt thread, so when one is answered the others are under way.
    const first = await Promise.race(sockets.map((socket) => socket.read()))
    t.equal(first?.status, 200)
    server.child.kill(signal)
    const stopped = once(server.child, 'exit')
    const rest = await Promise.all(sockets.map((socket) => socket.read().catch(() => undefined)))
    const codes = [first, ...rest].map((reply) => reply && JSON.parse(reply.body).code)
    t.equal(codes.filter((code) => code === replyCodes.REGISTERED).length, 6, JSON.stringify(codes))
    t.ok(
      rest.some((reply) => reply?.headers.connection === 'close'),
      'and told that the connection ends',
    )
    t.same(await stopped, [0, null])
  })

t.test('a caller that never ends its request does not hold up the end', async (t) => {
  const folder = await openFolder(t)
  const server = await spawnServer({
    ...embeddedEnvironment(folder),
    TORII__SERVER__DRAIN_TIMEOUT_MS: '2000',
  })
  const socket = await openSocket(Number(new URL(server.url).port))
  socket.write(
    requestText('POST', '/v1/echo', { type: 'application/json', headers: ['Content-Length: 100'] }),
  )
  await until('its request is seen', async () => (await fetch(`${server.url}/healthz`)).ok)
  const began = performance.now()
  t.equal(await server.stop(), 0)
  const ms = performance.now() - began
  printTime(t, 'ended', ms)
  await socket.closed()
})

t.test('a server that drains says so', async (t) => {
  const { server, send, close } = await openTestServer()
  t.teardown(close)
  const get = (url: string) => send({ method: 'GET', url, headers: { host: 'localhost' } })
  t.match(await get('/readyz'), { status: 200, body: /"ready"/ })
  server.startDraining()
  t.match(await get('/readyz'), { status: 503, body: /"draining"/, headers: { connection: 'close' } })
  t.match(await get('/healthz'), { status: 200 })
  t.match(await get('/nothing'), { status: 404, headers: { connection: 'close' } })
})

/** What a server that does not start says, on one line. */
const refusalOf = async (environment: Record<string, string>) => {
  const file = join(root, 'dist/src/server.js')
  const env = { PATH: process.env.PATH ?? '', TORII__METRICS__ENABLED: 'false', ...environment }
  const failed = await run(process.execPath, [file], { env, timeout: 60_000 }).catch((error) => error)
  const { code, stderr } = failed as { code?: number; stderr: string }
  return { code, text: stderr.trim(), lines: stderr.trim().split('\n').length }
}

t.test('refuses to start in one line that says what to do', async (t) => {
  const folder = await openFolder(t)
  const embedded = embeddedEnvironment(folder)
  const server = await spawnServer(embedded)
  t.teardown(() => server.stop())
  const { app } = server
  if (!app) throw new Error('no demo app')
  const members = {
    appid: app.appId,
    appsecret: app.appSecret,
    regmode: 'anonymous',
    user: { userName: 'first' },
  }
  const registered = await server.send({
    method: 'POST',
    url: '/v1/register',
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify({ ...members, password: 'quite right' }),
  })
  t.equal(registered.status, 200)
  await server.stop()
  const otherKey = join(folder, 'other.key')
  await writeFile(otherKey, generateServerKey(systemRandom), { mode: 0o600 })
  const badKey = join(folder, 'bad.key')
  await writeFile(badKey, '{"atRest":{}}')
  const rows: [what: string, environment: Record<string, string>, message: RegExp][] = [
    [
      'another key',
      { ...embedded, TORII__SECURITY__KEY_FILE: otherKey },
      /security\.keyFile: this is not the server key/,
    ],
    ['another cost', { ...embedded, TORII__PASSWORD__COST: '11' }, /password\.cost: accounts exist/],
    [
      'another salt',
      { ...embedded, TORII__PASSWORD__CLIENT_SALT: '.'.repeat(22) },
      /password\.clientSalt: accounts/,
    ],
    [
      'a MySQL and no key',
      { TORII__DATABASE__WRITE__0__HOST: '127.0.0.1', TORII__SECURITY__KEY_FILE: join(folder, 'none.key') },
      /security\.keyFile .*none\.key: there is no key; make one with "torii key create"/,
    ],
    [
      'a Redis and no key',
      {
        ...embedded,
        TORII__STORE__URL: 'redis://127.0.0.1:1',
        TORII__SECURITY__KEY_FILE: join(folder, 'none.key'),
      },
      /security\.keyFile .*: there is no key/,
    ],
  ]
  for (const [what, environment, message] of rows) {
    const { code, text, lines } = await refusalOf(environment)
    t.equal(code, 1, `${what}: ends with 1`)
    t.match(text, message, what)
    t.equal(lines, 1, `${what}: one line`)
  }
  t.notOk(existsSync(join(folder, 'none.key')), 'no key is made beside a MySQL or Redis')
})

const servers: Partial<TestServers> = JSON.parse(process.env.TORII_TEST_SERVERS ?? '{}')
const { primary, redis } = servers
// Without servers the whole run says at its end that they were not tested.
if (primary && redis) {
  t.test('a MySQL with pending migrations refuses, and names the command', async (t) => {
    const folder = await openFolder(t)
    const database = `torii_${randomBytes(6).toString('hex')}`
    const { host, port, user, password } = primary
    const connection = await createConnection({ host, port, user, password })
    await connection.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`)
    t.teardown(async () => {
      await connection.query(`DROP DATABASE ${database}`)
      await connection.end()
    })
    const keyFile = join(folder, 'server.key')
    await writeFile(keyFile, generateServerKey(systemRandom), { mode: 0o600 })
    const { code, text, lines } = await refusalOf({
      ...Object.fromEntries(
        Object.entries({ host, port, user, password, database }).map(([key, value]) => [
          `TORII__DATABASE__WRITE__0__${key.toUpperCase()}`,
          String(value),
        ]),
      ),
      TORII__STORE__URL: redis.url,
      TORII__STORE__KEY_PREFIX: `${database}:`,
      TORII__SERVER__PORT: '0',
      TORII__SECURITY__KEY_FILE: keyFile,
    })
    t.same([code, lines], [1, 1])
    t.match(text, /^torii: database: \d+ migrations are pending; run "torii migrate up"$/)
    const [tables] = await connection.query(`SHOW TABLES FROM ${database}`)
    t.same(tables, [], 'nothing was changed')
  })
}

t.test('npm start -- --lan listens on all addresses, warns, and names those of phones', async (t) => {
  const folder = await openFolder(t)
  const server = await spawnServer(embeddedEnvironment(folder), ['--lan'])
  t.teardown(() => server.stop())
  const { port } = new URL(server.url)
  const lines = server.lines.map(readLine)
  t.match(
    lines.find(({ start }) => start === 'lan'),
    { msg: new RegExp(`http://10\\.0\\.2\\.2:${port}$`) },
  )
  t.match(
    lines.find(({ start }) => start === 'warning'),
    { level: 40, msg: /^server\.lan: every device of this network may call/ },
  )
  t.equal((await fetch(`http://127.0.0.2:${port}/healthz`)).status, 200)
})
