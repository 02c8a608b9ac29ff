/** What is counted and logged of requests: every metric with its labels, the right counts, and no secrets. */
import t from 'tap'
import { createClient } from '../../src/client/index.ts'
import { createHealth } from '../../src/http/health.ts'
import { createMetrics, type HostFacts, type MetricSources } from '../../src/http/metrics.ts'
import { catalogue, type ErrorName } from '../../src/protocol/errors.ts'
import { findFreePort } from '../../tools/test/harness.ts'
import { createDevice } from '../harness/devices.ts'
import { openShared, spawnServer, until } from '../harness/test-server.ts'
import { openSocket, requestText } from './raw-socket.ts'
import { base64urlOf, formOf, formType, jsonType } from './world.ts'

t.setTimeout(120_000)

type Row = { name: string; labels: Record<string, string>; value: number }
const readRows = async (url: string): Promise<Row[]> => {
  const text = await (await fetch(url)).text()
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (name === undefined) return []
    const pairs = [...labels.matchAll(/([a-z]+)="([^"]*)"/g)].map(([, label, content]) => [label, content])
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }]
  })
}

/** The values of a metric by its labels, in the order of their names. */
const table = (rows: Row[], name: string): Record<string, number> =>
  Object.fromEntries(
    rows
      .filter((row) => row.name === name)
      .map(({ labels, value }) => [
        Object.keys(labels)
          .sort()
          .map((label) => labels[label])
          .join(' '),
        value,
      ]),
  )

// One server for the whole file: its first tests make calls, and those behind them read what it counted.
const metricsPort = await findFreePort()
const shared = await openShared({
  TORII__METRICS__ENABLED: 'true',
  TORII__METRICS__PORT: String(metricsPort),
  TORII__LOG__LEVEL: 'info',
  TORII__SERVER__HEADERS_TIMEOUT_MS: '1000',
  TORII__LIMITS__SERVER_KEYS: '[60, 1]',
})
t.teardown(() => shared.close())
const server = await spawnServer(shared.environment)
t.teardown(() => server.stop())
const { app } = shared
const metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`
const credentials = { appid: app.appId, appsecret: app.appSecret }
const wrong = 'w'.repeat(32)
const requests: Record<string, number> = {}
const refusals: Record<string, number> = {}
/** What the metrics have to show of the next call; labels in the order of their names. */
const expect = (name: ErrorName, operation: string, envelope: string, reason = '') => {
  const { code } = catalogue[name]
  const key = `${code} ${envelope} ${operation}`
  requests[key] = (requests[key] ?? 0) + 1
  if (String(code).startsWith('2')) refusals[`${name} ${reason}`] = (refusals[`${name} ${reason}`] ?? 0) + 1
  return code
}
const call = async (path: string, payload: string, type = jsonType, method = 'POST') => {
  const body = method === 'GET' ? {} : { payload }
  const reply = await server.send({
    method: method as 'POST',
    url: path,
    headers: { 'content-type': type },
    ...body,
  })
  const text = reply.body.startsWith('{') ? reply.body : Buffer.from(reply.body, 'base64url').toString()
  return JSON.parse(text) as { code: number; totp_token: string; totp_secret: string }
}
const json = (members: Record<string, unknown>) => JSON.stringify({ ...credentials, ...members })
const plain = (members: Record<string, unknown>) => formOf({ j: base64urlOf(json(members)) })
const provisioning = `/v1/totp?n=${app.appId}&s=${app.appSecret}`
const made = await call(provisioning, '', jsonType, 'GET')
const device = createDevice({ t: made.totp_token, secret: made.totp_secret })
const client = createClient({ url: server.url, ...app, transport: 'json' })
const { keyPrint } = await client.exchangeKeys()
for (const _ of ['stage 1', 'stage 3']) expect('OK', '/v1/key-exchange', 'json')
const token = `sk_${'x'.repeat(64)}`
const session = '/v1/session'
/** What never becomes a request. */
const sockets: [text: string, status: number, name: ErrorName][] = [
  ['GET / HTTP/1.1\r\nno colon\r\n\r\n', 400, 'PARAMETER_INVALID'],
  [requestText('CONNECT', 'a.example:443'), 405, 'METHOD_NOT_SUPPORTED'],
  [requestText('GET', '/', { headers: [`X-Long: ${'x'.repeat(20_000)}`] }), 431, 'TOO_LONG'],
  [`GET ${session}?token=${token} HTTP/1.1\r\nHost: localhost\r\n`, 408, 'PARAMETER_INVALID'],
]

/** Every metric with its labels, once all of them are there. */
const readCounted = () =>
  until('the hosts of the database were looked at', async () => {
    const found = await readRows(metricsUrl)
    return found.some(({ name }) => name === 'torii_database_host_up') && found
  })

t.test('a call of each envelope is answered, to be counted', async (t) => {
  t.equal(made.code, expect('OK', '/v1/totp', 'bare'))
  t.equal((await device.call(server, '/v1/echo')).code, expect('OK', '/v1/echo', 'totp'))
  t.equal((await device.call(server, '/v1/echo')).code, expect('OK', '/v1/echo', 'totp'))
  t.equal((await call('/v1/echo', json({}))).code, expect('OK', '/v1/echo', 'json'))
  t.equal((await call('/v1/echo', plain({}), formType)).code, expect('OK', '/v1/echo', 'plain'))
  await client.echo({})
  expect('OK', '/v1/echo', 'sealed')
})

t.test('a call is refused with each face, to be counted', async (t) => {
  const isRefused = async (answer: Promise<{ code: number }>, ...expected: Parameters<typeof expect>) => {
    const code = await answer.then(
      (reply) => reply.code,
      (error) => error.code,
    )
    t.equal(code, expect(...expected), expected.join(' '))
  }
  await isRefused(call('/v1/echo', json({ appsecret: wrong })), 'APP_REFUSED', '/v1/echo', 'json')
  await isRefused(call(session, plain({ token }), formType), 'NOT_LOGGED_IN', session, 'plain')
  await isRefused(device.call(server, session, { token }), 'NOT_LOGGED_IN', session, 'totp')
  await isRefused(client.call(session, { token }), 'NOT_LOGGED_IN', session, 'sealed')
  const unknown = formOf({ t: device.t, j: base64urlOf('no key fits this at all.') })
  await isRefused(
    call(session, unknown, formType),
    'ENVELOPE_REFUSED',
    session,
    'none',
    't unknown, or no key fits',
  )
  const lost = formOf({ v: '2', t: 'f00dfeed'.repeat(4), j: 'AAAA' })
  await isRefused(
    call(session, lost, formType),
    'ENVELOPE_REFUSED',
    session,
    'none',
    'key unknown, or not sealed so',
  )
  await isRefused(
    call(provisioning.replace(app.appSecret, wrong), '', jsonType, 'GET'),
    'APP_REFUSED',
    '/v1/totp',
    'bare',
  )
  await isRefused(call('/v1/hello', json({ hello: {} })), 'KX_CONTENT', '/v1/hello', 'json')
  await isRefused(call('/v1/nothing', '', jsonType, 'GET'), 'OPERATION_UNKNOWN', 'other', 'none')
  await isRefused(call('/v1/echo', json({}), jsonType, 'PUT'), 'METHOD_NOT_SUPPORTED', 'other', 'none')
  await isRefused(
    call('/v1/echo', '{'),
    'ENVELOPE_REFUSED',
    '/v1/echo',
    'none',
    'not JSON: unexpected end at 1',
  )
  await call('/v1/server-keys', '', jsonType, 'GET')
  expect('OK', '/v1/server-keys', 'bare')
  await isRefused(call('/v1/server-keys', '', jsonType, 'GET'), 'TOO_OFTEN', '/v1/server-keys', 'none')
})

t.test('what never becomes a request is refused, to be counted', async (t) => {
  const port = Number(new URL(server.url).port)
  for (const [text, status, name] of sockets) {
    const socket = await openSocket(port, { localAddress: '127.0.3.77' })
    socket.write(text)
    t.equal((await socket.read())?.status, status)
    await socket.closed()
    expect(name, 'other', 'none')
  }
})

t.test('calls and refusals are counted by operation, envelope and reason', async (t) => {
  const rows = await readCounted()
  t.same(table(rows, 'torii_requests_total'), requests)
  t.same(table(rows, 'torii_refusals_total'), refusals)
  const seconds = table(rows, 'torii_request_seconds_count')
  const ofOperations = Object.entries(requests).filter(([key]) => !key.endsWith('none other'))
  for (const [key, count] of ofOperations) {
    const labels = key.split(' ').slice(1).join(' ')
    t.ok((seconds[labels] ?? 0) >= count, `durations of ${labels}`)
  }
  t.equal(seconds['none other'], 2, 'what never was a request took no time')
})

t.test('hosts, pools and caches of the server are shown', async (t) => {
  const rows = await readCounted()
  const { host: primary, port: primaryPort } = {
    host: '127.0.0.1',
    port: shared.environment.TORII__DATABASE__WRITE__0__PORT,
  }
  const replicaPort = shared.environment.TORII__DATABASE__READ__0__PORT
  t.same(table(rows, 'torii_database_host_up'), {
    [`${primary}:${primaryPort} write`]: 1,
    [`${primary}:${replicaPort} read`]: 1,
  })
  t.same(Object.keys(table(rows, 'torii_replica_lag_seconds')), [`${primary}:${replicaPort}`])
  for (const fact of ['busy', 'limit', 'waiting']) {
    const pools = table(rows, `torii_database_pool_${fact}`)
    t.same(Object.keys(pools).sort(), ['read', 'transaction', 'write'])
  }
  t.same(table(rows, 'torii_cache_entries'), { devices: 1, keys: 1 })
  const lookups = table(rows, 'torii_cache_lookups_total')
  t.match(lookups, {
    'devices hit': Number,
    'devices miss': Number,
    'keys hit': Number,
    'keys miss': Number,
  })
  t.ok(
    Object.values(lookups).every((count) => count > 0),
    JSON.stringify(lookups),
  )
})

t.test('times and trips of the server are shown', async (t) => {
  const rows = await readCounted()
  const trips = table(rows, 'torii_store_seconds_count')
  t.ok((trips['ok pass'] ?? 0) > 20, JSON.stringify(trips))
  for (const name of ['torii_database_trips_total', 'torii_store_trips_total'])
    t.ok((table(rows, name)[''] ?? 0) > 10)
  for (const name of ['torii_passwords_waiting', 'torii_writes_running', 'torii_writes_waiting'])
    t.same(table(rows, name), { '': 0 })
  for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes'])
    t.ok((table(rows, name)[''] ?? 0) > 0, name)
  const buckets = rows.filter(
    ({ name, labels }) =>
      name === 'torii_request_seconds_bucket' &&
      labels.operation === '/v1/echo' &&
      labels.envelope === 'totp',
  )
  const les = [
    '0.0005',
    '0.001',
    '0.002',
    '0.005',
    '0.01',
    '0.025',
    '0.05',
    '0.1',
    '0.25',
    '0.5',
    '1',
    '2.5',
    '5',
    '+Inf',
  ]
  t.same(
    buckets.map(({ labels }) => labels.le),
    les,
  )
  t.equal(buckets.at(-1)?.value, 2)
})

t.test('no label and no line of the log has a secret', async (t) => {
  const rows = await readCounted()
  await server.stop()
  const secrets = [device.t, device.secret, keyPrint, token, wrong, app.appId, app.appSecret, '127.0.3.77']
  const labels = rows
    .filter(({ name }) => name.startsWith('torii_'))
    .flatMap((row) => Object.values(row.labels))
  for (const secret of secrets) {
    t.notOk(
      labels.some((label) => label.includes(secret)),
      'in no label',
    )
    if (secret !== app.appId)
      t.notOk(
        server.lines.some((line) => line.includes(secret)),
        'and in no line',
      )
  }
})

t.test('each request has one line in the log, with an id of its own', async (t) => {
  const lines = server.lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line))
  const told = lines.filter(({ operation }) => operation !== undefined)
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, count) => all + count, 0)
  t.equal(told.length, sum(requests), 'one line for each')
  t.equal(new Set(told.map(({ reqId }) => reqId)).size, told.length, 'with an id of its own')
  t.same(
    told
      .filter(({ network }) => network === '127.0.3.0/24')
      .map(({ operation, code, status }) => [operation, status, code]),
    sockets.map(([, status, name]) => ['other', status, catalogue[name].code]),
  )
})

t.test('a host that is gone is down, and its lag is no longer shown', async (t) => {
  const metrics = createMetrics()
  let hosts: HostFacts[] = [
    { role: 'write', host: 'a:1', isUp: true, lagSeconds: undefined },
    { role: 'read', host: 'b:1', isUp: true, lagSeconds: 3 },
  ]
  const sources: MetricSources = {
    databaseTrips: () => 1,
    storeTrips: () => 2,
    passwordsWaiting: () => 3,
    droppedLogLines: () => 0,
    pools: () => [],
    gauges: [],
    caches: () => [],
    admission: () => ({ running: 0, waiting: 0 }),
    hosts: () => hosts,
  }
  metrics.watch(sources)
  const health = createHealth({
    checkDependencies: async () => [{ name: 'store', problem: 'away', required: true }],
    isDraining: () => false,
    elapsedMs: () => 0,
  })
  const port = await metrics.listen({ host: '127.0.0.1', port: 0 }, health)
  t.teardown(port.close)
  const before = await readRows(port.url)
  t.same(table(before, 'torii_database_host_up'), { 'a:1 write': 1, 'b:1 read': 1 })
  t.same(table(before, 'torii_replica_lag_seconds'), { 'b:1': 3 })
  hosts = [
    { role: 'write', host: 'a:1', isUp: true, lagSeconds: undefined },
    { role: 'read', host: 'b:1', isUp: false, lagSeconds: undefined },
  ]
  const after = await readRows(port.url)
  t.same(table(after, 'torii_database_host_up'), { 'a:1 write': 1, 'b:1 read': 0 })
  t.same(table(after, 'torii_replica_lag_seconds'), {})
  t.equal((await fetch(port.url.replace('/metrics', '/'))).status, 404)
  t.equal((await fetch(port.url, { method: 'POST' })).status, 404)

  t.test('health is served here too, where no caller can be in its way', async (t) => {
    const read = async (path: string, method = 'GET') => fetch(port.url.replace('/metrics', path), { method })
    t.same(await (await read('/healthz')).json(), { status: 'ok' })
    const ready = await read('/readyz')
    t.equal(ready.status, 503)
    t.match(await ready.json(), { status: 'not ready', dependencies: { store: 'away' } })
    t.same([(await read('/healthz', 'HEAD')).status, (await read('/readyz', 'HEAD')).status], [200, 503])
  })

  t.test('a page whose name was rebound to this machine reads nothing', async (t) => {
    for (const url of ['/metrics', '/healthz']) {
      const socket = await openSocket(Number(new URL(port.url).port))
      socket.write(requestText('GET', url, { host: 'evil.example:9464' }))
      t.equal((await socket.read())?.status, 403, url)
      socket.destroy()
    }
  })
})
