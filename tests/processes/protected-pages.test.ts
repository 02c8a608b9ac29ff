/** Services of docs/examples that protect a page: each shows it to its user, and refuses within two seconds after a logout. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openShared, spawnServer, until } from '../harness/test-server.ts'
import { startProgram } from './examples-app.ts'
import { linkPackages, openPackedApp, root } from './packed-client.ts'

t.setTimeout(300_000)
const refusesWithinMs = 2_000
const examples = join(root, 'docs', 'examples')

type App = { appId: string; appSecret: string }

const openTorii = async (t: Test, more: Record<string, string> = {}) => {
  const shared = await openShared({
    ...more,
    TORII__SERVER__TRIAL: 'false',
    TORII__SERVER__BACKEND_NETWORKS: '127.0.0.0/8',
    TORII__SERVER__TRUSTED_PROXIES: '127.0.0.1',
  })
  t.teardown(shared.close)
  const backend = await shared.admin.apps.add({ name: 'pages', checks: [shared.app.appId] })
  const server = await spawnServer(shared.environment)
  t.teardown(() => server.stop())
  const { appId: appid, appSecret: appsecret } = shared.app
  /** As a client behind TLS, of which a proxy tells. */
  const call = async (path: string, members: object) => {
    const reply = await fetch(server.url + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-forwarded-proto': 'https',
        'x-forwarded-for': '192.0.2.1',
      },
      body: JSON.stringify({ appid, appsecret, ...members }),
    })
    return await reply.json()
  }
  return { server, backend, call, admin: shared.admin }
}

/** What lies behind the gateway. */
const startService = async (t: Test) => {
  const seen: IncomingHttpHeaders[] = []
  const service = createServer(({ headers }, response) => {
    seen.push(headers)
    response.end(`Hello ${headers['x-torii-user-name']}`)
  }).listen(0, '127.0.0.1')
  await once(service, 'listening')
  t.teardown(() => new Promise((resolve) => service.close(resolve)))
  return { seen, port: (service.address() as AddressInfo).port }
}

const findPort = async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** The sample as it is, but for its ports and folders. */
const startNginx = async (t: Test, torii: string, { appId, appSecret }: App, servicePort: number) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const port = await findPort()
  const sample = await readFile(join(examples, 'page-by-nginx.conf'), 'utf8')
  const adapted = sample
    .replace('listen 8090;', `listen 127.0.0.1:${port};`)
    .replace('http://127.0.0.1:3000', `http://127.0.0.1:${servicePort}`)
    .replace('http://127.0.0.1:8080', torii)
    .replaceAll('/etc/nginx/torii-backend.conf', `${folder}/torii-backend.conf`)
  await writeFile(
    join(folder, 'torii-backend.conf'),
    `proxy_set_header X-Torii-App-Id ${appId};\nproxy_set_header X-Torii-App-Secret ${appSecret};\n`,
  )
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ')
  const file = join(folder, 'nginx.conf')
  await writeFile(
    file,
    `daemon off; pid ${folder}/nginx.pid; error_log stderr; worker_processes 1;
     events {} http { access_log off; ${temporary} ${adapted} }`,
  )
  const nginx = spawn('nginx', ['-p', folder, '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] })
  const errors: string[] = []
  nginx.stderr.on('data', (data) => errors.push(String(data)))
  const exited = once(nginx, 'exit')
  t.teardown(async () => {
    nginx.kill('SIGTERM')
    await exited
  })
  const address = `http://127.0.0.1:${port}`
  const isUp = () =>
    fetch(address).then(
      () => true,
      () => false,
    )
  await until('nginx serves', isUp).catch((error) => {
    throw new Error(errors.join(''), { cause: error })
  })
  return { address, errors }
}

const statusOf = async (address: string, headers: Record<string, string>) =>
  (await fetch(`${address}/`, { headers })).status

const checkPage = async (
  t: Test,
  address: string,
  { call }: Pick<Awaited<ReturnType<typeof openTorii>>, 'call'>,
) => {
  const name = `amber-${address.split(':').at(-1)}`
  const registered = await call('/v1/register', {
    regmode: 'anonymous',
    user: { userName: name },
    password: 'correct horse',
  })
  const { skey, a2 } = registered.tickets
  const bearer = { authorization: `Bearer ${skey}` }
  const page = await fetch(`${address}/`, { headers: bearer })
  t.match([page.status, await page.text()], [200, new RegExp(`Hello ${name}`)])
  for (const wrong of [
    {},
    { authorization: `Bearer ${a2}` },
    { authorization: `Bearer ${skey.slice(0, -3)}AAA` },
  ])
    t.equal(await statusOf(address, wrong as Record<string, string>), 401)

  await call('/v1/logout', { token: skey })
  const loggedOutAt = performance.now()
  await until('the page is refused', async () => (await statusOf(address, bearer)) === 401)
  const tookMs = Math.round(performance.now() - loggedOutAt)
  t.ok(tookMs <= refusesWithinMs, `refused ${tookMs} ms after the logout`)
}

t.test('a page by /v1/ticket/verify', async (t) => {
  const torii = await openTorii(t)
  const { app } = await openPackedApp(t)
  await writeFile(join(app, 'page.mjs'), await readFile(join(examples, 'page-by-verify.mjs'), 'utf8'))
  const { appId, appSecret } = torii.backend
  const address = await startProgram(t, process.execPath, ['page.mjs'], app, {
    TORII_URL: torii.server.url,
    TORII_APPID: appId,
    TORII_APPSECRET: appSecret,
    PORT: '0',
  })
  await checkPage(t, address, torii)

  const { skey } = (
    await torii.call('/v1/register', {
      regmode: 'anonymous',
      user: { userName: 'beryl' },
      password: 'correct horse',
    })
  ).tickets
  const keep = (origin: string) =>
    fetch(`${address}/session`, { method: 'POST', headers: { authorization: `Bearer ${skey}`, origin } })
  t.equal((await keep('https://evil.example')).status, 403)
  const kept = await keep(address)
  const cookie = kept.headers.get('set-cookie') ?? ''
  t.match([kept.status, cookie], [204, /^__Host-session=sk_.*; Path=\/; Secure; HttpOnly; SameSite=Strict$/])
  t.equal(await statusOf(address, { cookie: cookie.split(';')[0] ?? '' }), 200)
})

t.test('a page by auth_request of a real nginx', async (t) => {
  const torii = await openTorii(t)
  const service = await startService(t)
  const { address, errors } = await startNginx(t, torii.server.url, torii.backend, service.port)
  await checkPage(t, address, torii)

  const { skey } = (
    await torii.call('/v1/register', {
      regmode: 'anonymous',
      user: { userName: 'beryl' },
      password: 'correct horse',
    })
  ).tickets
  const claimed = { 'x-torii-user': '1', 'if-none-match': '*', 'content-type': 'text/plain; charset=gbk' }
  t.equal(await statusOf(address, { cookie: `session=${skey}`, ...claimed }), 200)
  const headers = service.seen.at(-1) ?? {}
  t.match(headers['x-torii-user'], /^\d+$/)
  t.not(headers['x-torii-user'], '1', 'who the user is comes from Torii')
  t.notOk(headers.authorization, 'the service does not see the ticket')
  const count = service.seen.length
  const body = { method: 'POST', body: 'x'.repeat(10_000), headers: { authorization: `Bearer ${skey}` } }
  t.equal((await fetch(address, body)).status, 200, 'a body goes to the service alone')
  t.equal(service.seen.length, count + 1)
  t.same(
    errors.filter((line) => line.includes('unexpected status')),
    [],
  )
})

t.test('nginx with wrong credentials lets no user in, and its log says why', async (t) => {
  const torii = await openTorii(t)
  const service = await startService(t)
  const wrong = { ...torii.backend, appSecret: 'x'.repeat(32) }
  const { address, errors } = await startNginx(t, torii.server.url, wrong, service.port)
  t.equal(await statusOf(address, { authorization: 'Bearer sk_x' }), 500)
  t.match(errors.join(''), /auth request unexpected status: 400/)
  t.same(service.seen, [])
})

t.test('a page by the public keys and the list of what has ended', async (t) => {
  const port = await findPort()
  const url = `http://127.0.0.1:${port}`
  const torii = await openTorii(t, { TORII__SERVER__PORT: String(port), TORII__SERVER__PUBLIC_URL: url })
  const { apps } = torii.admin
  const map = await apps.add({ name: 'map', isThirdParty: true, scopes: ['profile'], ticketFormat: 'jwt' })
  const { app } = await openPackedApp(t)
  await linkPackages(app, ['jose'])
  await writeFile(join(app, 'page.mjs'), await readFile(join(examples, 'jwks.mjs'), 'utf8'))
  const settings = { TORII_URL: url, TORII_APPID: map.appId, TORII_APPSECRET: map.appSecret, PORT: '0' }
  const address = await startProgram(t, process.execPath, ['page.mjs'], app, settings)

  const openKeyOf = async (userName: string) => {
    const user = { regmode: 'anonymous', user: { userName }, password: 'correct horse' }
    const { skey } = (await torii.call('/v1/register', user)).tickets
    await torii.call('/v1/consent/grant', { token: skey, grantTo: map.appId, scopes: ['profile'] })
    const wanted = { token: skey, to: 'openkey', app: map.appId }
    const { openkey } = (await torii.call('/v1/ticket/exchange', wanted)).tickets
    return { skey, bearer: { authorization: `Bearer ${openkey}` } }
  }
  const refused = async (what: string, bearer: Record<string, string>) => {
    const endedAt = performance.now()
    await until(`the page is refused after ${what}`, async () => (await statusOf(address, bearer)) === 401)
    const tookMs = Math.round(performance.now() - endedAt)
    t.ok(tookMs <= refusesWithinMs, `refused ${tookMs} ms after ${what}`)
  }
  const [amber, beryl, coral] = [await openKeyOf('amber'), await openKeyOf('beryl'), await openKeyOf('coral')]
  const page = await fetch(address, { headers: amber.bearer })
  t.match(await page.json(), { hello: /^[\w-]{28}$/, scope: 'openid profile' })
  for (const wrong of [{}, { authorization: 'Bearer x' }, { authorization: `Bearer ${amber.skey}` }])
    t.equal(await statusOf(address, wrong as Record<string, string>), 401)
  await torii.call('/v1/logout', { token: amber.skey })
  await refused('a logout', amber.bearer)
  await torii.call('/v1/consent/revoke', { token: beryl.skey, revokeFrom: map.appId })
  await refused('a revoked consent', beryl.bearer)
  t.equal(await statusOf(address, coral.bearer), 200, 'another user goes on')
  await torii.server.stop()
  await until(
    'nothing is known without the list',
    async () => (await statusOf(address, coral.bearer)) === 503,
  )
})
