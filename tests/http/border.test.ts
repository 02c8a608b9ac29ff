/** Which calls are let in, how often, over which wire: limits, bans, proxies, profiles, TLS, browsers, time. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { catalogue, type ErrorName } from '../../src/protocol/errors.ts'
import { codes } from '../harness/codes.ts'
import { embeddedEnvironment, readLine, spawnServer, until } from '../harness/test-server.ts'
import { sealText } from '../harness/totp-client.ts'
import { openSocket, requestText } from './raw-socket.ts'
import {
  base64urlOf,
  checkRefusal,
  formOf,
  formType,
  jsonType,
  openWorld,
  startMs,
  type World,
  word,
} from './world.ts'

const garbage = `${word}\r\n\r\n`
const tooLong = requestText('GET', '/v1/echo', { headers: [`X-A: ${'x'.repeat(20_000)}`] })
/** Everything that counts against `other`: no operation is named, or nothing could be read. */
const others: [what: string, text: string, name: ErrorName, status: number][] = [
  ['a path that is not there', requestText('GET', '/nothing'), 'OPERATION_UNKNOWN', 404],
  ['a verb for an operation', requestText('PUT', '/v1/echo'), 'METHOD_NOT_SUPPORTED', 405],
  ['a verb for nothing', requestText('DELETE', '/nothing'), 'OPERATION_UNKNOWN', 404],
  ['a URL that cannot be decoded', requestText('GET', '/v1/%ff'), 'OPERATION_UNKNOWN', 404],
  ['OPTIONS', requestText('OPTIONS', '/v1/echo'), 'METHOD_NOT_SUPPORTED', 405],
  ['OPTIONS *', requestText('OPTIONS', '*'), 'METHOD_NOT_SUPPORTED', 405],
  ['a verb that is none', requestText('FOO', '/v1/echo'), 'METHOD_NOT_SUPPORTED', 405],
  ['CONNECT', requestText('CONNECT', 'a.example:443'), 'METHOD_NOT_SUPPORTED', 405],
  ['no HTTP', garbage, 'METHOD_NOT_SUPPORTED', 405],
  ['headers too long', tooLong, 'TOO_LONG', 431],
  [
    'two lengths',
    requestText('POST', '/v1/echo', { headers: ['Content-Length: 1', 'Content-Length: 2'] }),
    'PARAMETER_INVALID',
    400,
  ],
]
/** Refusals of an operation: they count against its own limit. */
const echoes: [what: string, text: string, name: ErrorName, status: number][] = [
  ['no envelope', requestText('GET', '/v1/echo'), 'ENVELOPE_REFUSED', 403],
  [
    'another type',
    requestText('POST', '/v1/echo', { type: 'text/plain', body: 'x' }),
    'PARAMETER_INVALID',
    415,
  ],
  [
    'a form too long',
    requestText('POST', '/v1/echo', { type: formType, body: 'x'.repeat(70_000) }),
    'ENVELOPE_REFUSED',
    403,
  ],
  [
    'JSON too long',
    requestText('POST', '/v1/echo', { type: jsonType, body: 'x'.repeat(70_000) }),
    'TOO_LONG',
    413,
  ],
  ['no Host', requestText('GET', '/v1/echo').replace('Host: localhost\r\n', ''), 'PARAMETER_INVALID', 400],
  ['no app', requestText('POST', '/v1/echo', { type: jsonType, body: '{}' }), 'PARAMETER_MISSING', 400],
  ['the old name', requestText('GET', '/tests/encrypttest.php'), 'ENVELOPE_REFUSED', 403],
  [
    'the old name below its prefix',
    requestText('GET', '/NyarukoLogin/tests/encrypttest.php'),
    'ENVELOPE_REFUSED',
    403,
  ],
]
const once = async (port: number, text: string) => {
  const socket = await openSocket(port)
  socket.write(text)
  const reply = await socket.read()
  socket.destroy()
  return reply ?? { status: 0, headers: {}, body: '' }
}

t.test('every refusal counts against a limit', async (t) => {
  const world = await openWorld(t, { TORII__LIMITS__OTHER: '[60, 2]', TORII__LIMITS__ECHO: '[60, 2]' })
  const port = await world.listen()
  for (const [what, text, name, status] of [...others, ...echoes]) {
    world.clock.add(60_000)
    checkRefusal(t, await once(port, text), name, { status, message: what })
    world.clock.add(1_000)
    checkRefusal(t, await once(port, text), name, { status, message: what })
    const third = await once(port, text)
    // A caller with an envelope meets one status before it is opened; a JSON body has that of the code.
    const isEnvelope = echoes.some((row) => row[1] === text) && !text.includes(jsonType)
    checkRefusal(t, third, 'TOO_OFTEN', { status: isEnvelope ? 403 : 429, message: `${what}: the third` })
    t.equal(third.headers['retry-after'], '59', 'when the oldest leaves')
  }
  t.equal((await once(port, requestText('GET', '/healthz'))).status, 200, 'health routes are not limited')
})

t.test('limits count by operation and address, in any span', async (t) => {
  const world = await openWorld(t, {
    TORII__SECURITY__PROFILE: 'legacy',
    TORII__LIMITS__ECHO: '[10, 3]',
    TORII__LIMITS__PROVISION: '[60, 3]',
  })
  const call = async (from: string, url = '/v1/echo') => {
    const { body, status, headers } = await world.request({ url, from, json: {} })
    return status === 429 ? `wait ${headers['retry-after']}` : JSON.parse(body).code
  }
  const all = async (...calls: Promise<unknown>[]) => Promise.all(calls)
  const passed = catalogue.PARAMETER_MISSING.code
  t.same(await all(call('1.2.3.4'), call('1.2.3.4'), call('::ffff:1.2.3.4')), [passed, passed, passed])
  t.equal(await call('1.2.3.4'), 'wait 10', 'an IPv4-mapped address is the IPv4 address')
  t.equal(await call('::ffff:102:304'), 'wait 10')
  t.equal(await call('1.2.3.5'), passed, 'another address counts for itself')
  t.equal(await call('1.2.3.4', '/v1/prelogin'), passed, 'another operation counts for itself')
  t.same(await all(call('2001:db8::1'), call('2001:db8::2'), call('2001:db8:0:0:ffff::')), [
    passed,
    passed,
    passed,
  ])
  t.equal(await call('2001:db8::3'), 'wait 10', 'IPv6 counts by its /64')
  t.equal(await call('2001:db8:0:1::1'), passed, 'the /64 beside it counts for itself')

  const outcomes: unknown[] = []
  for (let second = 0; second < 60; second++) {
    outcomes.push((await call('9.9.9.9')) === passed)
    world.clock.add(1_000)
  }
  for (let from = 0; from + 10 <= 60; from++) {
    const count = outcomes.slice(from, from + 10).filter(Boolean).length
    if (count > 3) t.fail(`${count} passed in the 10 s from second ${from}`)
  }
  t.equal(outcomes.filter(Boolean).length, 18, 'and three do pass in each')

  const provision = () =>
    world.request({ url: `/v1/totp?n=${world.app.appId}&s=${world.app.appSecret}`, from: '127.0.0.9' })
  for (const _ of [1, 2, 3]) t.equal((await provision()).status, 200)
  checkRefusal(t, await provision(), 'TOO_OFTEN')
  const old = await world.request({ url: '/NyarukoLogin/nyatotp.php', from: '127.0.0.9' })
  checkRefusal(t, old, 'TOO_OFTEN', { message: 'the old name has the same counter' })
})

t.test('a banned address gets one answer, whatever it sends', async (t) => {
  const world = await openWorld(t)
  const port = await world.listen()
  const client = await world.connect()
  const bannedUntil = world.clock.now() + 3_600_000
  await world.admin.bans.ban('127.0.0.1/32', bannedUntil, 'guessing')
  const good = requestText('POST', '/v1/echo', {
    type: formType,
    body: formOf({ t: client.device.t, j: sealText(client.device, '{"apiver":1}', startMs) }),
  })
  await until('the server knows the ban', async () => (await once(port, good)).status === 403)
  for (const [what, text] of [...others, ...echoes, ['a good request', good] as const]) {
    const isEnvelope = echoes.some((row) => row[1] === text) && !text.includes(jsonType)
    const json = checkRefusal(t, await once(port, text), 'ADDRESS_BANNED', { message: what })
    t.match(json, { reason: 'guessing', until: bannedUntil / 1_000 }, isEnvelope ? 'envelope' : 'other')
  }
  t.equal((await once(port, requestText('GET', '/healthz'))).status, 200)
  world.clock.add(3_600_000)
  t.equal((await once(port, requestText('GET', '/nothing'))).status, 404, 'until its time is over')

  t.test('a ban may name a network', async (t) => {
    const bans = ['10.1.0.0/16', '2001:db8:0:5::/64']
    for (const network of bans) await world.admin.bans.ban(network, world.clock.now() + 60_000, 'spam')
    const status = async (from: string) =>
      JSON.parse((await world.request({ url: '/nothing', from })).body).code
    await until('the server knows them', async () => (await status('10.1.2.3')) === codes.ADDRESS_BANNED)
    t.equal(await status('10.2.0.1'), codes.OPERATION_UNKNOWN)
    t.equal(await status('::ffff:10.1.255.255'), codes.ADDRESS_BANNED)
    t.equal(await status('2001:db8:0:5:ffff::1'), codes.ADDRESS_BANNED)
    t.equal(await status('2001:db8:0:6::1'), codes.OPERATION_UNKNOWN)
    await world.admin.bans.unban('10.1.0.0/16')
    await until(
      'the server knows that it ended',
      async () => (await status('10.1.2.3')) === codes.OPERATION_UNKNOWN,
    )
  })
})

t.test('the address is the socket, unless a trusted proxy says another', async (t) => {
  const trusted = await openWorld(t, {
    TORII__SERVER__TRUSTED_PROXIES: '127.0.0.0/8,10.0.0.0/8,2001:db8:9::/48',
    TORII__LIMITS__ECHO: '[60, 1]',
  })
  /** Two calls with the same words: only the first passes the limit if both have one address. */
  const isSame = async (world: World, first: [string, string], second: [string, string]) => {
    world.clock.add(60_000)
    const call = ([from, forwarded]: [string, string]) =>
      world.request({ url: '/v1/echo', json: {}, from, headers: { 'x-forwarded-for': forwarded } })
    await call(first)
    return (await call(second)).status === 429
  }
  const rows: [what: string, same: boolean, first: [string, string], second: [string, string]][] = [
    ['a trusted proxy names the caller', true, ['127.0.0.1', '1.1.1.1'], ['127.0.0.2', '1.1.1.1']],
    ['and another one', false, ['127.0.0.1', '1.1.1.1'], ['127.0.0.1', '2.2.2.2']],
    ['from right to left', true, ['127.0.0.1', '1.1.1.1, 3.3.3.3'], ['127.0.0.1', '2.2.2.2, 3.3.3.3']],
    [
      'over proxies that are trusted too',
      true,
      ['127.0.0.1', '3.3.3.3, 10.0.0.1'],
      ['127.0.0.1', '9.9.9.9, 3.3.3.3,10.9.9.9'],
    ],
    [
      'what stands left of a stranger is his word',
      false,
      ['127.0.0.1', '3.3.3.3, 4.4.4.4'],
      ['127.0.0.1', '3.3.3.3, 5.5.5.5'],
    ],
    ['a stranger is not believed', true, ['8.8.8.8', '1.1.1.1'], ['8.8.8.8', '2.2.2.2']],
    ['not even one that names a trusted proxy', true, ['8.8.8.8', '10.0.0.1'], ['8.8.8.8', '127.0.0.1']],
    ['with the port of the caller', true, ['127.0.0.1', '203.0.113.9:51234'], ['127.0.0.1', '203.0.113.9']],
    ['with the ports of proxies', true, ['127.0.0.1', '3.3.3.3:1, 10.0.0.1:443'], ['127.0.0.1', '3.3.3.3']],
    ['IPv6 in brackets', true, ['127.0.0.1', '[2001:db8::1]:443'], ['127.0.0.1', '2001:db8::1']],
    ['IPv6 in brackets alone', true, ['127.0.0.1', '[2001:db8::1]'], ['127.0.0.1', '2001:db8::1']],
    ['a trusted IPv6 proxy', true, ['2001:db8:9::1', '1.1.1.1'], ['127.0.0.1', '::ffff:1.1.1.1']],
  ]
  for (const [what, same, first, second] of rows) t.equal(await isSame(trusted, first, second), same, what)
  const odd = [
    'unknown',
    '10',
    '0x7f.1',
    '010.0.0.1',
    '1.1.1.1:',
    '[1.1.1.1',
    '_hidden',
    '1.2.3.4.5',
    "' or 1=1",
    'zebra',
    '2.2.2.2, zebra',
  ]
  for (const text of odd) {
    trusted.clock.add(60_000)
    const headers = { 'x-forwarded-for': text }
    for (const url of ['/v1/echo', '/v1/%ff', '/nothing'])
      checkRefusal(t, await trusted.request({ url, json: {}, headers }), 'ADDRESS_UNKNOWN', { message: text })
  }
  t.ok(
    await isSame(trusted, ['127.0.0.1', ''], ['127.0.0.1', '']),
    'a proxy that names no caller speaks for itself',
  )
  const untrusting = await openWorld(t, { TORII__LIMITS__ECHO: '[60, 1]' })
  t.equal(
    await isSame(untrusting, ['127.0.0.1', '1.1.1.1'], ['127.0.0.1', '2.2.2.2']),
    true,
    'no proxy is trusted unless it is named',
  )
})

t.test('in a process of its own', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  const server = await spawnServer({
    ...embeddedEnvironment(folder),
    TORII__LOG__LEVEL: 'info',
    TORII__SERVER__HEADERS_TIMEOUT_MS: '300',
    TORII__SERVER__REQUEST_TIMEOUT_MS: '900',
  })
  t.teardown(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })
  const port = Number(new URL(server.url).port)
  const { app } = server
  if (!app) throw new Error('no demo app')

  t.test('warns once a minute of a forwarding header that it does not believe', async (t) => {
    for (const from of ['1.1.1.1', '2.2.2.2', '3.3.3.3']) {
      await server.send({ method: 'GET', url: '/nothing', headers: { 'x-forwarded-for': from } })
    }
    await until(
      'three calls are logged',
      () => server.lines.filter((line) => line.includes('"code":2000105')).length >= 3,
    )
    t.equal(server.lines.filter((line) => line.includes('X-Forwarded-For')).length, 1)
    t.notMatch(server.lines.join('\n'), /1\.1\.1\.1|2\.2\.2\.2|3\.3\.3\.3/)
  })

  t.test('warns once a minute of a page that may not call, and says what to do', async (t) => {
    const preflight = (origin: string) =>
      fetch(`${server.url}/v1/echo`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'POST' },
      })
    for (const origin of ['https://first.example', 'https://second.example']) await preflight(origin)
    const warned = await until('it is logged', () => {
      const found = server.lines.filter((line) => line.includes('a page of'))
      return found.length > 0 && found
    })
    t.equal(warned.length, 1)
    t.match(readLine(warned[0] ?? ''), {
      level: 40,
      origin: 'https://first.example',
      msg: /server\.origins/,
    })
  })

  t.test('logs why an envelope was refused, and no secret', async (t) => {
    const provisioned = await server.send({
      method: 'GET',
      url: `/v1/totp?n=${app.appId}&s=${app.appSecret}`,
      headers: {},
    })
    const { totp_token: id, totp_secret: secret } = JSON.parse(provisioned.body)
    const headers = { 'content-type': formType }
    const post = (values: Record<string, string>) =>
      server.send({ method: 'POST', url: '/v1/echo', headers, payload: formOf(values) })
    await post({ t: id, j: sealText({ t: id, secret }, '{"apiver":1,"a":1,"a":2}', Date.now()) })
    await post({ t: id, j: 'AAAAAAAAAAAAAAAAAAAAAA' })
    await server.send({
      method: 'POST',
      url: '/v1/login',
      headers: { 'content-type': jsonType },
      payload: JSON.stringify({
        appid: app.appId,
        appsecret: app.appSecret,
        login: 'who-am-i',
        password: 'my secret words',
      }),
    })
    const log = await until('they are logged', () => {
      const text = server.lines.filter((line) => readLine(line).start === undefined).join('\n')
      return (
        text.includes('duplicate member') && text.includes('no key fits') && text.includes('2040204') && text
      )
    })
    for (const it of [secret, id, app.appSecret, 'my secret words', 'who-am-i', 'AAAAAAAA'])
      t.notOk(log.includes(it))
  })

  const started = () => performance.now()
  const slow = async (
    t: Test,
    what: string,
    text: string,
    { from, to, drip = '' }: { from: number; to: number; drip?: string },
  ) => {
    // The server begins to count between the two.
    const before = started()
    const socket = await openSocket(port)
    const after = started()
    socket.write(text)
    const timer = drip ? setInterval(() => socket.write(drip), 50) : undefined
    const reply = await socket.read()
    await socket.closed()
    clearInterval(timer)
    const now = performance.now()
    t.ok(now - before >= from && now - after < to, `${what}: closed after ${Math.round(now - after)} ms`)
    if (reply) checkRefusal(t, reply, 'PARAMETER_INVALID', { status: 408, message: what })
  }
  t.test('closes slow requests in time', async (t) => {
    const head = requestText('POST', '/v1/echo', { type: jsonType, headers: ['Content-Length: 100'] })
    // Looked at once a second; the rest is room for a busy machine.
    await Promise.all([
      slow(t, 'half a request line', 'GET /v1/e', { from: 250, to: 4_000 }),
      slow(t, 'half the headers', 'GET /v1/echo HTTP/1.1\r\nHost: loc', { from: 250, to: 4_000 }),
      slow(t, 'headers that drip', 'GET /v1/echo HTTP/1.1\r\nHost: localhost\r\nX-A: ', {
        from: 250,
        to: 4_000,
        drip: 'a',
      }),
      slow(t, 'half a body', `${head}{"a"`, { from: 800, to: 5_000 }),
      slow(t, 'a body that drips', head, { from: 800, to: 5_000, drip: ' ' }),
      slow(t, 'a body that never comes', head, { from: 800, to: 5_000 }),
    ])
    const { status } = await server.send({ method: 'GET', url: '/healthz', headers: {} })
    t.equal(status, 200, 'and lives')
  })
})

t.test('the profiles', async (t) => {
  type Column = 'totp' | 'plain' | 'provision' | 'change by GET' | 'plain by TLS' | 'provision by TLS'
  /** Codes of a call from this machine (in a trial) and from elsewhere. */
  const table: Record<'legacy' | 'compat' | 'strict', Record<Column, [here: number, elsewhere: number]>> = {
    legacy: {
      totp: [codes.OK, codes.OK],
      plain: [codes.OK, codes.OK],
      provision: [codes.OK, codes.OK],
      'change by GET': [codes.LOGIN_FAILED, codes.LOGIN_FAILED],
      'plain by TLS': [codes.OK, codes.OK],
      'provision by TLS': [codes.OK, codes.OK],
    },
    compat: {
      totp: [codes.OK, codes.OK],
      plain: [codes.OK, codes.ENCRYPTION_REQUIRED],
      provision: [codes.OK, codes.ENCRYPTION_REQUIRED],
      'change by GET': [codes.LOGIN_FAILED, codes.LOGIN_FAILED],
      'plain by TLS': [codes.OK, codes.OK],
      'provision by TLS': [codes.OK, codes.OK],
    },
    strict: {
      totp: [codes.ENCRYPTION_REQUIRED, codes.ENCRYPTION_REQUIRED],
      plain: [codes.ENCRYPTION_REQUIRED, codes.ENCRYPTION_REQUIRED],
      provision: [codes.ENCRYPTION_REQUIRED, codes.ENCRYPTION_REQUIRED],
      'change by GET': [codes.ENCRYPTION_REQUIRED, codes.ENCRYPTION_REQUIRED],
      'plain by TLS': [codes.ENCRYPTION_REQUIRED, codes.ENCRYPTION_REQUIRED],
      'provision by TLS': [codes.ENCRYPTION_REQUIRED, codes.ENCRYPTION_REQUIRED],
    },
  }
  for (const [profile, columns] of Object.entries(table)) {
    const world = await openWorld(t, {
      TORII__SECURITY__PROFILE: profile,
      TORII__SERVER__TRUSTED_PROXIES: '127.0.0.7/32',
    })
    const { appId, appSecret } = world.app
    const members = {
      apiver: 1,
      appid: appId,
      appsecret: appSecret,
      login: 'nobody',
      clientHash: 'x'.repeat(31),
    }
    const proxied = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '1.1.1.1', host: 'torii.example' }
    const totp = `n=${appId}&s=${appSecret}`
    const provisioned = await world.request({ url: `/v1/totp?${totp}`, headers: proxied, from: '127.0.0.7' })
    const { totp_token: id = '0'.repeat(32), totp_secret: secret = 'A'.repeat(32) } = JSON.parse(
      provisioned.body,
    )
    const j = () => sealText({ t: id, secret }, JSON.stringify(members), world.clock.now())
    const plain = { url: '/v1/echo', json: members }
    const calls: Record<Column, Parameters<World['request']>[0]> = {
      totp: { url: '/v1/echo', post: formOf({ t: id, j: j() }) },
      plain,
      provision: { url: `/v1/totp?${totp}` },
      'change by GET': { url: `/v1/login?${formOf({ t: id, j: j() })}` },
      'plain by TLS': { ...plain, headers: proxied, from: '127.0.0.7' },
      'provision by TLS': { url: `/v1/totp?${totp}`, headers: proxied, from: '127.0.0.7' },
    }
    for (const [column, [here, elsewhere]] of Object.entries(columns)) {
      const call = calls[column as Column]
      for (const [from, expected] of [
        ['127.0.0.1', here],
        ['203.0.113.5', elsewhere],
      ] as const) {
        const reply = await world.request({ from, ...call })
        const text = reply.body.startsWith('{') ? reply.body : '{"code":1000000}'
        const code =
          column === 'change by GET' && !reply.body.startsWith('{')
            ? codes.LOGIN_FAILED
            : JSON.parse(text).code
        t.equal(code, expected, `${profile}: ${column} from ${from}`)
        if (code === codes.ENCRYPTION_REQUIRED) {
          const isEnvelope = column === 'totp' || column === 'change by GET'
          const { info } = checkRefusal(t, reply, 'ENCRYPTION_REQUIRED', {
            status: 403,
            message: isEnvelope ? 't/j' : 'plain',
          })
          t.type(info, 'string', 'says what to do')
          if (profile === 'compat') t.match(info, /HTTPS.*legacy/)
        }
      }
    }
    const face = await world.request({ url: '/v1/echo', post: 'a=1' })
    checkRefusal(t, face, 'ENVELOPE_REFUSED', { status: profile === 'legacy' ? 200 : 403 })
    const body = await world.request({ url: '/v1/echo', json: word })
    checkRefusal(t, body, 'ENVELOPE_REFUSED', {
      status: 403,
      message: 'a JSON body has the status of its code',
    })
    checkRefusal(t, await world.request({ url: '/nothing' }), 'OPERATION_UNKNOWN')
    for (const url of ['/healthz', '/readyz'])
      t.equal((await world.request({ url, from: '203.0.113.5' })).status, 200)
  }
})

t.test('plain calls need TLS, or loopback in a trial', async (t) => {
  const trial = await openWorld(t)
  const lan = await openWorld(t, { TORII__SERVER__LAN: 'true' })
  const grown = await openWorld(t, {
    TORII__SERVER__TRIAL: 'false',
    TORII__SERVER__TRUSTED_PROXIES: '127.0.0.7/32',
  })
  const rows: [
    what: string,
    world: World,
    request: Partial<Parameters<World['request']>[0]>,
    opens: boolean,
  ][] = [
    ['from this machine', trial, {}, true],
    ['by name with a port', trial, { headers: { host: 'localhost:8080' } }, true],
    ['by address', trial, { headers: { host: '127.0.0.1:8080' } }, true],
    ['by IPv6', trial, { headers: { host: '[::1]:8080' }, from: '::1' }, true],
    ['by IPv4 in IPv6', trial, { from: '::ffff:127.0.0.1' }, true],
    ['with another Host', trial, { headers: { host: 'torii.example' } }, false],
    ['with a Host that begins so', trial, { headers: { host: 'localhost.example' } }, false],
    ['with a Host that ends so', trial, { headers: { host: 'a.localhost' } }, false],
    ['from another machine', trial, { from: '192.168.0.5' }, false],
    ['with x-forwarded-for', trial, { headers: { 'x-forwarded-for': '127.0.0.1' } }, false],
    ['with x-forwarded-proto', trial, { headers: { 'x-forwarded-proto': 'https' } }, false],
    ['with x-forwarded-host', trial, { headers: { 'x-forwarded-host': 'localhost' } }, false],
    ['with forwarded', trial, { headers: { forwarded: 'for=127.0.0.1;proto=https' } }, false],
    ['with x-real-ip', trial, { headers: { 'x-real-ip': '127.0.0.1' } }, false],
    ['with cf-ray', trial, { headers: { 'cf-ray': '1' } }, false],
    ['from a page of another site', trial, { headers: { origin: 'https://evil.example' } }, false],
    ['for an image of another site', trial, { headers: { 'sec-fetch-site': 'cross-site' } }, false],
    [
      'from a page of this machine',
      trial,
      { headers: { origin: 'http://localhost:5173', 'sec-fetch-site': 'same-site' } },
      true,
    ],
    ['with via', trial, { headers: { via: '1.1 nginx' } }, false],
    ['in a lan, from this machine', lan, {}, true],
    ['in a lan, from a phone', lan, { from: '192.168.0.7', headers: { host: '192.168.0.5:8080' } }, true],
    ["in a lan, from Android's emulator", lan, { headers: { host: '10.0.2.2:8080' } }, true],
    [
      'in a lan, from a container',
      lan,
      { from: '172.17.0.2', headers: { host: 'host.docker.internal:8080' } },
      true,
    ],
    [
      'in a lan, at the port of a container',
      lan,
      { from: '172.17.0.1', headers: { host: 'localhost:8080' } },
      true,
    ],
    [
      'in a lan, by the name of a service',
      lan,
      { from: '172.18.0.3', headers: { host: 'torii:8080' } },
      true,
    ],
    ['in a lan, by IPv6', lan, { from: 'fd00::7', headers: { host: '[fd00::5]:8080' } }, true],
    [
      'in a lan, from the internet',
      lan,
      { from: '203.0.113.5', headers: { host: '192.168.0.5:8080' } },
      false,
    ],
    ['in a lan, by a name that anyone may point here', lan, { headers: { host: 'evil.example' } }, false],
    ['in a lan, by an address of the internet', lan, { headers: { host: '203.0.113.5:8080' } }, false],
    [
      'in a lan, by a name that looks like an address',
      lan,
      { headers: { host: '10.0.0.5.evil.example' } },
      false,
    ],
    ['in a lan, through a proxy', lan, { headers: { 'x-forwarded-for': '192.168.0.7' } }, false],
    ['in a lan, from a page of another site', lan, { headers: { origin: 'https://evil.example' } }, false],
    ['in a lan, from a page of a phone', lan, { headers: { origin: 'http://192.168.0.5:5173' } }, true],
    ['no trial', grown, {}, false],
    [
      'a trusted proxy that says https',
      grown,
      { headers: { 'x-forwarded-proto': 'https' }, from: '127.0.0.7' },
      true,
    ],
    [
      'a trusted proxy that says HTTPS',
      grown,
      { headers: { 'x-forwarded-proto': 'HTTPS' }, from: '127.0.0.7' },
      true,
    ],
    [
      'a trusted proxy that says http',
      grown,
      { headers: { 'x-forwarded-proto': 'http' }, from: '127.0.0.7' },
      false,
    ],
    ['a trusted proxy that says nothing', grown, { from: '127.0.0.7' }, false],
    [
      'a stranger that says https',
      grown,
      { headers: { 'x-forwarded-proto': 'https' }, from: '127.0.0.8' },
      false,
    ],
    [
      'the last proxy counts',
      grown,
      { headers: { 'x-forwarded-proto': 'https, http' }, from: '127.0.0.7' },
      false,
    ],
  ]
  for (const [what, world, request, opens] of rows) {
    const { appId, appSecret } = world.app
    const members = { appid: appId, appsecret: appSecret }
    const json = await world.request({ url: '/v1/echo', json: members, ...request })
    const plain = await world.request({
      url: `/v1/echo?${formOf({ j: base64urlOf(JSON.stringify(members)) })}`,
      ...request,
    })
    const provision = await world.request({ url: `/v1/totp?n=${appId}&s=${appSecret}`, ...request })
    if (opens) t.same([json.status, plain.status, provision.status], [200, 200, 200], what)
    else
      for (const reply of [json, plain, provision])
        checkRefusal(t, reply, 'ENCRYPTION_REQUIRED', { message: what })
  }
  const phone = await trial.request({
    url: '/v1/totp',
    from: '192.168.0.7',
    headers: { host: '192.168.0.5' },
  })
  t.match(JSON.parse(phone.body).info, /npm start -- --lan/)

  t.test('alwaysEncrypt switches the plain envelope off, and transport.totp the other', async (t) => {
    const encrypted = await openWorld(t, {
      TORII__TRANSPORT__ALWAYS_ENCRYPT: 'true',
      TORII__TRANSPORT__FAILURE_STATUS: '418',
    })
    checkRefusal(t, await encrypted.callJson('/v1/echo'), 'ENCRYPTION_REQUIRED')
    const j = base64urlOf(JSON.stringify({ appid: encrypted.app.appId, appsecret: encrypted.app.appSecret }))
    checkRefusal(t, await encrypted.request({ url: `/v1/echo?${formOf({ j })}` }), 'ENCRYPTION_REQUIRED', {
      status: 418,
    })
    const client = await encrypted.connect()
    t.match(await client.call('/v1/echo'), { isSealed: true, json: { code: codes.OK } })
    const off = await openWorld(t, { TORII__TRANSPORT__TOTP: 'false' })
    const refused = await (await off.connect()).call('/v1/echo')
    checkRefusal(t, refused, 'ENCRYPTION_REQUIRED')
  })

  t.test('an app has its own minStrength', async (t) => {
    const { appId, appSecret } = await trial.server.apps.add({ name: 'sealed only', minStrength: 1 })
    const members = { appid: appId, appsecret: appSecret }
    checkRefusal(t, await trial.request({ url: '/v1/echo', json: members }), 'ENCRYPTION_REQUIRED')
    const provisioned = await trial.request({ url: `/v1/totp?n=${appId}&s=${appSecret}` })
    const { totp_token: id, totp_secret: secret } = JSON.parse(provisioned.body)
    const post = formOf({ t: id, j: sealText({ t: id, secret }, '{"apiver":1}', startMs) })
    const sealed = await trial.request({ url: '/v1/echo', post })
    t.equal(sealed.headers['content-type'], 'text/plain; charset=utf-8')
  })
})

t.test('over TLS plain calls need no trial, and slow ones end as well', async (t) => {
  const fixture = (name: string) =>
    fileURLToPath(import.meta.resolve(`#root/tests/fixtures/store-tls/${name}`))
  const world = await openWorld(t, {
    TORII__SERVER__TRIAL: 'false',
    TORII__SERVER__TLS__CERT_FILE: fixture('server.pem'),
    TORII__SERVER__TLS__KEY_FILE: fixture('server.key'),
    TORII__SERVER__HEADERS_TIMEOUT_MS: '300',
  })
  const port = await world.listen()
  const body = JSON.stringify({ appid: world.app.appId, appsecret: world.app.appSecret, a: 1 })
  const socket = await openSocket(port, { tls: true })
  for (const host of ['torii.example', 'localhost']) {
    socket.write(requestText('POST', '/v1/echo', { type: jsonType, body, host }))
    const reply = await socket.read()
    t.match(JSON.parse(reply?.body ?? '{}'), { code: codes.OK, a: 1 }, host)
  }
  socket.write(requestText('GET', `/v1/totp?n=${world.app.appId}&s=${world.app.appSecret}`))
  t.match(JSON.parse((await socket.read())?.body ?? '{}'), { code: codes.OK }, 'provisioning too')
  socket.write(garbage)
  const refused = await socket.read()
  if (refused) checkRefusal(t, refused, 'METHOD_NOT_SUPPORTED')
  await socket.closed()

  const secure = async (options: object) => {
    const tls = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
    const cipher = await new Promise<string>((resolve) => {
      tls.once('secureConnect', () => resolve(tls.getCipher().name)).once('error', () => resolve('refused'))
    })
    tls.destroy()
    return cipher
  }
  const old = (ciphers: string) => secure({ ciphers, maxVersion: 'TLSv1.2' })
  t.equal(await old('ECDHE-ECDSA-AES128-GCM-SHA256'), 'ECDHE-ECDSA-AES128-GCM-SHA256')
  for (const cbc of ['ECDHE-ECDSA-AES128-SHA256', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384'])
    t.equal(await old(cbc), 'refused', cbc)
  t.match(await secure({}), /^TLS_/, 'TLS 1.3')

  const slow = await openSocket(port, { tls: true })
  slow.write('GET /v1/echo HTTP/1.1\r\nHost: loc')
  const late = await slow.read({ ms: 4_000 })
  if (late) checkRefusal(t, late, 'PARAMETER_INVALID', { status: 408, message: 'half the headers' })
  await slow.closed()
  const silent = await openSocket(port)
  t.equal(await silent.closed(4_000), '', 'a greeting that never comes')
  const plain = await openSocket(port)
  plain.write(requestText('GET', '/healthz'))
  t.notMatch(await plain.closed(), /HTTP\/1\.1 200/, 'what is no TLS gets nothing')
})

t.test('browsers', async (t) => {
  const world = await openWorld(t, {
    TORII__SERVER__ORIGINS: 'https://everywhere.example',
    TORII__LIMITS__SESSION: '[60, 2]',
  })
  const { apps } = world.server
  const open = await apps.add({ name: 'page', isPublic: true, origins: ['https://page.example'] })
  await apps.add({ name: 'private', origins: ['https://private.example'] })
  await apps.reload()
  const preflight = (origin: string, url = '/v1/echo') =>
    world.request({
      url,
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    })
  const cors = (headers: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control')))
  const allowed = (origin: string) => ({
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'retry-after',
  })
  for (const origin of ['https://page.example', 'https://private.example', 'https://everywhere.example']) {
    const reply = await preflight(origin)
    t.same([reply.status, reply.body], [204, ''], origin)
    t.same(cors(reply.headers), {
      ...allowed(origin),
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'content-type, authorization, accept-language',
      'access-control-max-age': '600',
    })
    t.match(reply.headers, { vary: /origin/i, 'x-content-type-options': 'nosniff' })
    const call = await world.request({ url: '/v1/echo', json: {}, headers: { origin } })
    t.same(cors(call.headers), allowed(origin), 'a page may read a refusal')
  }
  for (const origin of [
    'https://other.example',
    'http://page.example',
    'https://page.example:444',
    'null',
    'https://page.example.evil.example',
    'https://evil.example,https://page.example',
  ]) {
    const reply = await preflight(origin)
    checkRefusal(t, reply, 'METHOD_NOT_SUPPORTED', { message: `preflight of ${origin}` })
    t.same(cors(reply.headers), {})
    t.same(cors((await world.request({ url: '/v1/echo', json: {}, headers: { origin } })).headers), {})
  }
  const { status, body } = await world.request({ url: '/v1/echo', method: 'OPTIONS' })
  t.same([status, JSON.parse(body).code], [405, codes.METHOD_NOT_SUPPORTED], 'OPTIONS of no page')

  t.test('a page may read why it has to wait', async (t) => {
    const headers = { origin: 'https://page.example' }
    const call = () => world.request({ url: '/v1/session', json: { appid: open.appId, token: 'x' }, headers })
    await call()
    t.match(cors((await call()).headers), allowed('https://page.example'))
    const third = await call()
    checkRefusal(t, third, 'TOO_OFTEN')
    t.match(cors(third.headers), allowed('https://page.example'))
  })

  t.test('a public app needs no secret, from its own origins', async (t) => {
    const call = (origin: string | undefined, more: Record<string, unknown> = {}) =>
      world.request({
        url: '/v1/echo',
        json: { appid: open.appId, ...more },
        ...(origin !== undefined && { headers: { origin } }),
      })
    t.equal((await call('https://page.example')).status, 200)
    t.equal((await call('https://everywhere.example')).status, 200)
    t.equal(
      (await call(undefined, { appsecret: open.appSecret })).status,
      200,
      'with its secret from anywhere',
    )
    for (const origin of [undefined, 'https://private.example'])
      checkRefusal(t, await call(origin), 'APP_REFUSED', { message: `from ${origin}` })
    // In a trial a page of another site is refused before its app is looked at.
    for (const origin of ['https://other.example', 'null'])
      checkRefusal(t, await call(origin), 'ENCRYPTION_REQUIRED', { message: `from ${origin}` })
    checkRefusal(t, await call('https://page.example', { appsecret: word }), 'APP_REFUSED')
    const other = await world.request({
      url: '/v1/echo',
      json: { appid: world.app.appId },
      headers: { origin: 'https://everywhere.example' },
    })
    checkRefusal(t, other, 'APP_REFUSED', { message: 'an app that is not public' })
  })
})

t.test('msg comes in the language that the caller asks for', async (t) => {
  const world = await openWorld(t)
  const english = await openWorld(t, { TORII__LANGUAGES: '["en"]' })
  const { text } = catalogue.OPERATION_UNKNOWN
  const rows: [header: string | undefined, language: 'zh-CN' | 'en'][] = [
    [undefined, 'zh-CN'],
    ['en', 'en'],
    ['EN-us', 'en'],
    ['zh-TW', 'zh-CN'],
    ['fr, en;q=0.5', 'en'],
    ['fr;q=1, zh;q=0.1, en;q=0.2', 'en'],
    ['en;q=0, zh', 'zh-CN'],
    ['en;q=0', 'zh-CN'],
    ['en;q=0.8, zh-CN;q=0.9', 'zh-CN'],
    ['*', 'zh-CN'],
    ['fr', 'zh-CN'],
    ['', 'zh-CN'],
    [';;,,q=', 'zh-CN'],
    ['en;q=abc', 'en'],
    [`en${',x'.repeat(500)}`, 'zh-CN'],
  ]
  for (const [header, language] of rows) {
    const headers = header === undefined ? {} : { 'accept-language': header }
    const reply = await world.request({ url: '/nothing', headers })
    t.equal(JSON.parse(reply.body).msg, text[language], String(header).slice(0, 40))
    t.equal(JSON.parse((await english.request({ url: '/nothing', headers })).body).msg, text.en)
  }
  const client = await world.connect()
  const j = client.seal({ apiver: 2 })
  const reply = await world.request({
    url: '/v1/echo',
    post: formOf({ t: client.device.t, j }),
    headers: { 'accept-language': 'en' },
  })
  t.notOk(reply.body.includes('{'), 'a sealed reply has its language inside')
})
