/** Secrets are planted in calls of every kind, good and bad, and looked for in all that the processes fingerprint. */
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { startRedis } from '../../tools/test/harness.ts'
import { codes } from '../harness/codes.ts'
import { clientHashOf, createDevice, randomName } from '../harness/devices.ts'
import { plant as plantForRun } from '../harness/planted.ts'
import { openShared, provisionDevice, spawnServer, testServers, until } from '../harness/test-server.ts'

t.setTimeout(90_000)

const internal = codes.INTERNAL
const databaseError = codes.DATABASE_ERROR
const away = codes.STORE_UNREACHABLE
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const json = { 'content-type': 'application/json' }

/** A number in the middle of others, as base64, base64url and hex would show it too. */
const formsOf = (secret: string) => {
  const bytes = Buffer.from(secret)
  return [secret, bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('hex')]
}

t.test('no planted secret is in any line, and each request has its line', async (t) => {
  const redis = await startRedis({ folder: testServers().folder })
  t.teardown(() => redis.stop())
  const shared = await openShared({
    TORII__LOG__LEVEL: 'trace',
    TORII__STORE__URL: redis.url,
    TORII__SERVER__TRUSTED_PROXIES: '["127.0.0.0/8"]',
    TORII__SERVER__HEADERS_TIMEOUT_MS: '1000',
    TORII__TRANSPORT__MAX_POST_BYTES: '4000',
  })
  t.teardown(() => shared.close())
  const { app, db, environment, admin } = shared
  const server = await spawnServer(environment)
  t.teardown(() => server.stop())
  const secrets = new Map<string, string>([['app secret', app.appSecret]])
  const plant = (name: string, secret: string) => {
    secrets.set(name, secret)
    plantForRun(secret)
    return secret
  }
  let requests = 0
  const send: typeof server.send = (request) => {
    requests++
    return server.send(request)
  }
  const target = { send }

  // A whole round over t/j.
  const device = createDevice(await provisionDevice(send, app))
  plant('t', device.t)
  plant('TOTP secret', device.secret)
  const userName = randomName()
  const password = plant('password', `pass-${randomName()}`)
  const registered = await device.call(target, '/v1/register', {
    ...{ regmode: 'anonymous', user: { userName }, password },
  })
  t.equal(registered.code, codes.REGISTERED)
  const sealAndSend = async (
    path: string,
    members: Record<string, unknown>,
    method: 'GET' | 'POST' = 'POST',
  ) => {
    const j = plant(`j of ${path} by ${method}`, device.seal(members))
    return device.send(target, path, j, method)
  }
  const keepTickets = (name: string, tickets: unknown) => {
    for (const [tier, ticket] of Object.entries(tickets as Record<string, string>))
      plant(`${name} ${tier}`, ticket)
    return tickets as { a2: string; skey: string }
  }
  keepTickets('first', registered.json.tickets)
  const login = await sealAndSend('/v1/login', { login: userName, password }, 'GET')
  const second = keepTickets('second', login.json.tickets)
  await sealAndSend('/v1/session', { token: second.skey }, 'GET')
  const exchanged = await sealAndSend('/v1/ticket/exchange', { token: second.a2, to: 'skey' })
  const third = keepTickets('third', exchanged.json.tickets)
  t.equal((await sealAndSend('/v1/logout', { token: third.skey })).code, codes.LOGGED_OUT)

  // As JSON, from an address behind a proxy.
  const address = plant('address', '198.51.100.77')
  const addressV6 = plant('IPv6 address', '2001:db8:17:4:a:b:c:d')
  const credentials = { appid: app.appId, appsecret: app.appSecret }
  const callJson = async (path: string, members: Record<string, unknown>, headers = {}, from = address) => {
    const forwarded = { 'x-forwarded-for': from, 'x-forwarded-proto': 'https' }
    const payload = JSON.stringify({ ...credentials, ...members })
    const reply = await send({
      method: 'POST',
      url: path,
      headers: { ...json, ...forwarded, ...headers },
      payload,
    })
    return JSON.parse(reply.body) as { code: number; info?: string; tickets?: unknown; salt?: string }
  }
  const other = randomName()
  const clientHash = plant('client hash', clientHashOf(other))
  const { salt } = await callJson('/v1/prelogin', { login: other })
  const members = { regmode: 'anonymous', user: { userName: other }, clientHash, salt }
  const fourth = keepTickets('fourth', (await callJson('/v1/register', members, {}, addressV6)).tickets)
  const bearer = { authorization: `Bearer ${fourth.skey}` }
  t.equal((await callJson('/v1/session', {}, bearer)).code, codes.TICKET_VALID)

  // What is refused: before opening, by a schema, by a rule.
  const wrong = plant('wrong password', `wrong-${randomName()}`)
  const longHash = plant('long hash', 'h'.repeat(32))
  const nowhere = plant('unknown t', 'f00dfeedf00dfeedf00dfeedf00dfeed')
  const garbage = plant('garbage', 'Z2FyYmFnZS1nYXJiYWdlLWdhcmJhZ2U')
  await sealAndSend('/v1/login', { login: userName, password: wrong })
  await callJson('/v1/login', { login: other, clientHash: longHash })
  await callJson('/v1/login', { login: [wrong], password: { wrong } })
  await callJson('/v1/login', { appsecret: plant('wrong app secret', 'w'.repeat(32)), login: other })
  await callJson('/v1/session', { token: plant('wrong ticket', `sk_${'x'.repeat(64)}`) })
  await callJson('/v1/ticket/exchange', { token: second.a2, to: 'skey' })
  for (const query of [
    `t=${nowhere}&j=${garbage}`,
    `t=${device.t}&j=${garbage}`,
    `t=${device.t}&t=${nowhere}&j=1`,
  ]) {
    await send({ method: 'GET', url: `/v1/session?${query}`, headers: {} })
    await send({ method: 'POST', url: '/v1/login', headers: form, payload: query })
  }
  await send({ method: 'GET', url: `/v1/nothing/${nowhere}?t=${device.t}`, headers: bearer })
  await send({ method: 'GET', url: `/v1/echo%ff?t=${device.t}&j=${garbage}`, headers: {} })
  await send({ method: 'POST', url: '/v1/login', headers: json, payload: `{"password":"${wrong}"` })
  await send({
    method: 'POST',
    url: '/v1/login',
    headers: json,
    payload: `{"password":"${wrong.repeat(300)}"}`,
  })
  await send({ method: 'POST', url: '/v1/login', headers: { 'content-type': 'text/plain' }, payload: wrong })
  await admin.bans.ban(`${address}/32`, Date.now() + 60_000, 'test')
  await until('the ban holds', async () => (await callJson('/v1/session', {})).code === codes.ADDRESS_BANNED)

  // What breaks inside: a row that can't be read, a table that is gone, a store that is away.
  const broken = plant('broken verifier', `broken$kid$c2FsdA==$${randomName()}`)
  await db.write
    .updateTable('verifiers')
    .set({ verifier: broken })
    .where('loginKey', '=', Buffer.from(`name:${other.toLowerCase()}`))
    .execute()
  const failed = await callJson('/v1/login', { login: other, clientHash }, {}, addressV6)
  t.equal(failed.code, internal)
  t.match(failed.info, /^[0-9a-f]{16}$/)
  await db.write.schema.alterTable('loginStreaks').renameTo('hiddenStreaks').execute()
  t.equal((await callJson('/v1/login', { login: other, clientHash }, {}, addressV6)).code, databaseError)
  await redis.stop()
  t.equal((await callJson('/v1/login', { login: other, clientHash }, {}, addressV6)).code, away)
  t.equal((await sealAndSend('/v1/login', { login: userName, password })).code, away)

  // What is no request, and has its line too: headers that don't end, and bytes that are not HTTP.
  const { port } = new URL(server.url)
  requests += 2
  await Promise.all(
    [
      `GET /v1/session?t=${device.t} HTTP/1.1\r\nauthorization: ${bearer.authorization}\r\n`,
      `${wrong}\r\n\r\n`,
    ].map(
      (text) =>
        new Promise((resolve) => {
          const socket = connect({ port: Number(port), host: '127.0.0.1' }, () => socket.write(text))
          socket
            .on('error', () => {})
            .on('close', resolve)
            .resume()
        }),
    ),
  )
  await server.stop()

  const key = JSON.parse(await readFile(join(shared.folder, 'server.key'), 'utf8')) as unknown
  const keys = JSON.stringify(key).match(/[A-Za-z0-9+/=_-]{40,}/g) ?? []
  t.ok(keys.length > 2, 'the secrets of the server key are looked for too')
  for (const [place, secret] of keys.entries()) plant(`server key ${place}`, secret)
  plant('database password', testServers().primary.password)
  const printed = server.lines.join('\n')
  for (const [name, secret] of secrets) {
    const found = formsOf(secret).filter((text) => text !== '' && printed.includes(text))
    t.same(found, [], `${name} is in no line`)
  }
  for (const ticket of [...secrets.values()].filter((secret) => /^(a2|sk)_/.test(secret)))
    t.notOk(printed.includes(ticket.slice(3, 24)), 'nor is its handle')

  const lines = server.lines.map((line) => JSON.parse(line))
  t.same(
    lines.filter(({ time }) => new Date(time).toISOString() !== time),
    [],
    'every line is JSON and has its time in ISO 8601',
  )
  const answered = lines.filter(({ operation }) => operation !== undefined)
  t.equal(answered.length, requests, 'one line for each request')
  t.equal(new Set(answered.map(({ reqId }) => reqId)).size, requests, 'each with an id of its own')
  const reported = lines.filter(({ reqId }) => reqId === failed.info)
  t.same(
    reported.map(({ level, code }) => [level, code]),
    [
      [50, undefined],
      [50, internal],
    ],
    'the id in the reply leads to what broke',
  )
  t.match(reported[0]?.err?.stack, /verifier/)
  t.comment(`${secrets.size} secrets in ${requests} requests, ${server.lines.length} lines`)
})
