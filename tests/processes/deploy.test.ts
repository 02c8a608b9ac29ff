/** The files of docs/deploy: each is checked by the program that it is for, and nginx serves through its own. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import {
  type Environment,
  openShared,
  type ServerProcess,
  spawnServer,
  until,
} from '../harness/test-server.ts'

t.setTimeout(300_000)
const run = promisify(execFile)
const deployFile = (name: string) => fileURLToPath(import.meta.resolve(`#root/docs/deploy/${name}`))
const rollingRestarts = 3
const callsAtOnce = 8

const openFolder = async (t: Test) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Ports that were free a moment ago. */
const findPorts = async (count: number): Promise<number[]> => {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** A certificate for login.example.com that signs itself. */
const createCertificate = async (folder: string) => {
  const certFile = join(folder, 'fullchain.pem')
  const keyFile = join(folder, 'privkey.pem')
  await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=login.example.com',
    '-addext',
    'subjectAltName=DNS:login.example.com',
    '-out',
    certFile,
    '-keyout',
    keyFile,
  ])
  const both = join(folder, 'both.pem')
  const certificate = await readFile(certFile, 'utf8')
  await writeFile(both, certificate + (await readFile(keyFile, 'utf8')))
  return { certificate }
}

/** The sample as it is, but for its ports and folders. */
const adaptNginx = async (folder: string, ports: { https: number; backends: number[] }) => {
  const sample = await readFile(deployFile('nginx.conf'), 'utf8')
  const [first, second] = ports.backends
  const adapted = sample
    .replace('127.0.0.1:8081', `127.0.0.1:${first}`)
    .replace('127.0.0.1:8082', `127.0.0.1:${second}`)
    .replaceAll(/listen \[::\]:.*;/g, '')
    .replace('listen 80;', `listen unix:${folder}/http.sock;`)
    .replace('listen 443 ssl http2;', `listen 127.0.0.1:${ports.https} ssl http2;`)
    .replaceAll('/etc/ssl/login.example.com', folder)
    .replaceAll('/var/log/nginx', folder)
  const file = join(folder, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ')
  await writeFile(
    file,
    `daemon off; pid ${folder}/nginx.pid; error_log stderr; worker_processes 1;
     events {} http { ${temporary} ${adapted} }`,
  )
  return file
}

const startNginx = async (t: Test, ports: { https: number; backends: number[] }) => {
  const folder = await openFolder(t)
  const { certificate } = await createCertificate(folder)
  const file = await adaptNginx(folder, ports)
  const nginx = spawn('nginx', ['-p', folder, '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const errors: string[] = []
  nginx.stderr.on('data', (data) => errors.push(String(data)))
  const exited = once(nginx, 'exit')
  t.teardown(async () => {
    nginx.kill('SIGTERM')
    await exited
  })
  return { certificate, errors }
}

type Call = { status: number; code: number; text: string }

const createCaller = (t: Test, port: number, certificate: string) => {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: callsAtOnce,
    ca: certificate,
    servername: 'login.example.com',
  })
  t.teardown(() => agent.destroy())
  return (path: string, members: Record<string, unknown>, headers = {}): Promise<Call> =>
    new Promise((resolve, reject) => {
      const body = JSON.stringify(members)
      const sent = request(
        {
          agent,
          port,
          path,
          method: 'POST',
          headers: {
            host: 'login.example.com',
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            ...headers,
          },
        },
        async (reply) => {
          let text = ''
          for await (const chunk of reply) text += chunk
          const code = Number(/"code":(\d{7})/.exec(text)?.[1])
          resolve({ status: reply.statusCode ?? 0, code, text })
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
}

t.test('nginx as in docs/deploy: a rolling restart of two processes fails no call', async (t) => {
  const [https = 0, ...backends] = await findPorts(3)
  const shared = await openShared({
    TORII__SERVER__TRIAL: 'false',
    TORII__SERVER__TRUSTED_PROXIES: '127.0.0.1',
  })
  t.teardown(shared.close)
  const start = (port: number | undefined) => {
    const environment: Environment = { ...shared.environment, TORII__SERVER__PORT: String(port) }
    return spawnServer(environment)
  }
  const servers: ServerProcess[] = await Promise.all(backends.map(start))
  t.teardown(() => Promise.all(servers.map((server) => server.stop())))
  const { certificate, errors } = await startNginx(t, { https, backends })
  const call = createCaller(t, https, certificate)
  const credentials = { appid: shared.app.appId, appsecret: shared.app.appSecret }
  await until('nginx serves', () =>
    call('/v1/echo', credentials).then(
      ({ status }) => status === 200,
      () => false,
    ),
  )

  const login = {
    ...credentials,
    regmode: 'anonymous',
    user: { userName: 'amber' },
    password: 'correct horse',
  }
  const registered = await call('/v1/register', login)
  const { skey } = JSON.parse(registered.text).tickets
  let isOver = false
  const replies: Call[] = []
  const loop = async () => {
    while (!isOver) replies.push(await call('/v1/session', { ...credentials, token: skey }))
  }
  const load = Promise.all(Array.from({ length: callsAtOnce }, loop))
  for (let round = 0; round < rollingRestarts; round++) {
    for (const [place, port] of backends.entries()) {
      t.equal(await servers[place]?.stop(), 0)
      servers[place] = await start(port)
      const { url } = servers[place]
      await until(
        'it is ready',
        () =>
          fetch(`${url}/readyz`).then(
            ({ ok }) => ok,
            () => false,
          ),
        30_000,
      )
    }
  }
  isOver = true
  await load
  t.comment(`${replies.length} calls in ${rollingRestarts} rolling restarts`)
  t.same(
    replies.filter(({ status, code }) => status !== 200 || code !== codes.TICKET_VALID).slice(0, 3),
    [],
    errors.slice(0, 3).join('\n'),
  )
  t.ok(replies.length > 100)

  t.equal((await call('/readyz', {})).status, 404, 'health is not for the outside')
  const { log } = await addressSeen(shared, call, credentials)
  t.notMatch(log, '198.51.100.7', 'an address that the caller claims is not believed')
})

const addressSeen = async (
  shared: Awaited<ReturnType<typeof openShared>>,
  call: ReturnType<typeof createCaller>,
  credentials: Record<string, unknown>,
) => {
  await shared.admin.bans.ban('198.51.100.7/32', Date.now() + 600_000, 'test')
  const reply = await call('/v1/echo', credentials, { 'x-forwarded-for': '198.51.100.7' })
  return { log: reply.text }
}

t.test('HAProxy takes its file', async (t) => {
  const folder = await openFolder(t)
  await createCertificate(folder)
  const sample = await readFile(deployFile('haproxy.cfg'), 'utf8')
  const file = join(folder, 'haproxy.cfg')
  await writeFile(file, sample.replaceAll('/etc/ssl/login.example.com', folder))
  const { stdout, stderr } = await run('haproxy', ['-c', '-f', file])
  t.notMatch(stdout + stderr, /ALERT|WARNING/)
})

t.test('systemd takes its unit', async (t) => {
  const folder = await openFolder(t)
  // The user and the program of the sample are not on this machine; everything else is judged.
  const sample = await readFile(deployFile('torii@.service'), 'utf8')
  const file = join(folder, 'torii@8081.service')
  await writeFile(file, sample.replace('/usr/bin/node', process.execPath))
  const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', file])
  t.equal(stdout + stderr, '')
})

t.test('the command runs with the settings of the service, and migrates as another user', async (t) => {
  const folder = await openFolder(t)
  const shared = await openShared()
  t.teardown(() => shared.close())
  const settings = { ...shared.environment, TORII__SERVER__TRIAL: 'false' }
  const lines = Object.entries(settings).map(([name, value]) => `${name}='${value}'`)
  await writeFile(join(folder, 'torii.env'), lines.join('\n'))
  await writeFile(join(folder, 'migrate.env'), 'TORII__DATABASE__WRITE__0__USER=migrator\n')
  const sample = await readFile(deployFile('torii'), 'utf8')
  const file = join(folder, 'torii')
  // Without the change of the user, which only root may make.
  const placed = sample
    .replaceAll('/etc/torii', folder)
    .replace(/setpriv .* \/usr\/bin\/node/, process.execPath)
  await writeFile(file, placed, { mode: 0o755 })
  const env = {
    FOLDER: dirname(fileURLToPath(import.meta.resolve('#root/package.json'))),
    PATH: process.env.PATH,
  }
  t.match(await run(file, ['app', 'add', 'Web shop'], { env }), { stdout: /name +Web shop/ })
  await t.rejects(run(file, ['migrate', 'status'], { env }), { message: /denied for user 'migrator'/ })
})

t.test('Prometheus takes the alerts, and each fires when it should', async (t) => {
  const { stdout } = await run('promtool', ['check', 'rules', deployFile('alerts.yaml')])
  t.match(stdout, /SUCCESS: \d+ rules found/)
  const tested = await run('promtool', ['test', 'rules', deployFile('alerts.test.yaml')])
  t.match(tested.stdout, /SUCCESS/)
})

t.test('alerts and dashboard name metrics that a server serves', async (t) => {
  const [alerts, dashboard] = await Promise.all([
    readFile(deployFile('alerts.yaml'), 'utf8'),
    readFile(deployFile('dashboard.json'), 'utf8'),
  ])
  const [port = 0] = await findPorts(1)
  const shared = await openShared({
    TORII__METRICS__ENABLED: 'true',
    TORII__METRICS__PORT: String(port),
  })
  t.teardown(shared.close)
  const server = await spawnServer(shared.environment)
  t.teardown(() => server.stop())
  await fetch(`${server.url}/v1/none`)
  const served = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const names = new Set((alerts + dashboard).match(/\b(torii|nodejs|process)_[a-z0-9_]*[a-z0-9]/g))
  t.ok(names.size > 10)
  for (const name of names)
    t.ok(served.includes(`\n# TYPE ${name.replace(/_bucket$/, '')} `), `${name} is served`)
})
