/** Backends: who may check whose tickets, and what they learn. */
import t, { type Test } from 'tap'
import { createVerifier, isFailure } from '../../src/client/backend.ts'
import { codes } from '../harness/codes.ts'
import { openWorld, startMs } from '../http/world.ts'

t.setTimeout(60_000)
const path = '/v1/ticket/verify'
type App = { appId: string; appSecret: string }
type Members = Record<string, unknown>

const openBackends = async (t: Test, environment = {}) => {
  const world = await openWorld(t, environment)
  const { apps } = world.server
  const [web, ios, other] = await Promise.all([
    apps.add({ name: 'web' }),
    apps.add({ name: 'ios' }),
    apps.add({ name: 'other' }),
  ])
  const backend = await apps.add({ name: 'api', checks: [web.appId, ios.appId] })
  const call = async (url: string, app: App, members: Members, more: Members = {}) => {
    const json = { appid: app.appId, appsecret: app.appSecret, ...members }
    const { status, body } = await world.request({ url, json, ...more })
    return { status, reply: JSON.parse(body) }
  }
  const logIn = async (app: App, userName: string) => {
    const user = { regmode: 'anonymous', user: { userName }, password: 'correct horse' }
    const { reply } = await call('/v1/register', app, user)
    return reply.tickets as { a2: string; skey: string }
  }
  return { ...world, apps, web, ios, other, backend, call, logIn }
}

t.test('a backend learns whose ticket of its apps it was shown', async (t) => {
  const { web, ios, other, backend, call, logIn } = await openBackends(t)
  const { skey, a2 } = await logIn(web, 'amber')
  const { status, reply } = await call(path, backend, { token: skey })
  t.match(
    [status, reply],
    [200, { code: 1030200, active: true, tier: 'skey', user: { userName: 'amber' }, appid: web.appId }],
  )
  t.equal(reply.issuedAt, Math.floor(startMs / 1_000))
  const onIos = await logIn(ios, 'beryl')
  t.match((await call(path, backend, { token: onIos.skey })).reply, { appid: ios.appId })

  const elsewhere = await logIn(other, 'coral')
  const unknown = { status: 401, reply: { code: 1030201, active: false, reason: 'unknown' } }
  for (const token of [elsewhere.skey, a2, 'sk_', '', skey.slice(0, -1)])
    t.match(await call(path, backend, { token }), unknown, token.slice(0, 3))
  t.match(await call(path, web, { token: skey }), { status: 200 }, 'an app checks its own')
  t.match(await call(path, web, { token: onIos.skey }), unknown, 'and no other app’s')

  await call('/v1/logout', web, { token: skey })
  t.match(await call(path, backend, { token: skey }), {
    status: 401,
    reply: { code: 1030201, active: false, reason: 'logged-out' },
  })
  t.notOk((await call(path, backend, { token: skey })).reply.user, 'nothing of the user is told any more')
})

t.test('many tickets are answered in their order', async (t) => {
  const { web, backend, call, logIn } = await openBackends(t)
  const [one, two] = [await logIn(web, 'amber'), await logIn(web, 'beryl')]
  const { status, reply } = await call(path, backend, { tokens: [one.skey, 'x', two.skey] })
  t.match([status, reply.code], [200, 1000000])
  t.match(reply.tickets, [
    { active: true, user: { userName: 'amber' } },
    { active: false, reason: 'unknown' },
    { active: true, user: { userName: 'beryl' } },
  ])
  const many = Array.from({ length: 100 }, () => one.skey)
  t.equal((await call(path, backend, { tokens: many })).reply.tickets.length, 100)
  for (const wrong of [
    { tokens: [...many, one.skey] },
    { tokens: [] },
    { tokens: 'x' },
    { tokens: [1] },
    { token: one.skey, tokens: [one.skey] },
    { token: [one.skey] },
    { token: 'x'.repeat(257) },
  ])
    t.match(
      await call(path, backend, wrong),
      { status: 400, reply: { code: 2000102 } },
      Object.keys(wrong).join(),
    )
  t.match(await call(path, backend, {}), { status: 400, reply: { code: 2000101 } })
})

t.test('without a secret nothing is revealed', async (t) => {
  const { apps, web, call, logIn, request } = await openBackends(t, {
    TORII__SERVER__TRUSTED_PROXIES: '127.0.0.7/32',
  })
  const { skey } = await logIn(web, 'amber')
  const origin = 'https://app.example'
  const open = await apps.add({ name: 'public', isPublic: true, origins: [origin] })
  const callOpen = async (url: string, token: string) => {
    const { status, body } = await request({
      url,
      json: { appid: open.appId, token },
      headers: { origin, host: 'login.example', 'x-forwarded-proto': 'https' },
      from: '127.0.0.7',
    })
    return [status, JSON.parse(body).code]
  }
  t.same(await callOpen('/v1/session', 'x'), [401, codes.NOT_LOGGED_IN], 'a public app calls from its origin')
  t.same(await callOpen(path, skey), [401, codes.APP_REFUSED], 'and checks no ticket')
  t.match(await call(path, { ...web, appSecret: 'x'.repeat(32) }, { token: skey }), { status: 401 })
})

t.test('a disabled backend, and one that calls too often, are refused', async (t) => {
  const { apps, backend, web, call, logIn, clock } = await openBackends(t, {
    TORII__LIMITS__TICKET_VERIFY: '[10, 3]',
  })
  const { skey } = await logIn(web, 'amber')
  for (let at = 0; at < 3; at++)
    t.equal(
      (await call(path, backend, { token: skey }, { from: `192.0.2.${at}`, headers: { host: 'x' } })).reply
        .code,
      2020415,
    )
  const spend = () => call(path, backend, { token: skey })
  for (let at = 0; at < 3; at++) t.equal((await spend()).status, 200)
  t.match(await spend(), { status: 429, reply: { code: 2020407 } })
  clock.add(10_000)
  t.equal((await spend()).status, 200)
  await apps.disable(backend.appId)
  await apps.reload()
  t.match(await spend(), { status: 403, reply: { code: 2020500 } })
})

t.test('codes of flows and tickets of users have limits of their own', async (t) => {
  const { backend, web, call } = await openBackends(t, {
    TORII__LIMITS__VERIFY: '[60, 2]',
    TORII__LIMITS__TICKET_VERIFY: '[60, 3]',
  })
  const judge = () => call('/v1/verify', web, { flow: `register-${'0'.repeat(32)}`, code: '123456' })
  const ask = () => call(path, backend, { token: 'x' })
  for (let at = 0; at < 2; at++) t.equal((await judge()).reply.code, codes.CODE_EXPIRED)
  t.equal((await judge()).reply.code, codes.TOO_OFTEN)
  for (let at = 0; at < 3; at++) t.equal((await ask()).reply.code, codes.TICKET_ENDED)
  t.equal((await ask()).reply.code, codes.TOO_OFTEN)
})

t.test('a backend calls in the clear from its networks alone, and only to check', async (t) => {
  const { backend, web, call, logIn, server } = await openBackends(t, {
    TORII__SERVER__BACKEND_NETWORKS: '10.1.0.0/16',
  })
  t.ok(server)
  const { skey } = await logIn(web, 'amber')
  const headers = { host: 'torii.internal' }
  const check = (from: string, more = {}) =>
    call(path, backend, { token: skey }, { from, headers: { ...headers, ...more } })
  t.equal((await check('10.1.2.3')).status, 200)
  t.equal((await check('::ffff:10.1.2.3')).status, 200)
  const refused = { status: 403, reply: { code: 2020415 } }
  t.match(await check('10.2.2.3'), refused)
  t.match(await check('10.1.2.3', { 'x-forwarded-for': '198.51.100.1' }), refused, 'not through a proxy')
  t.match(
    await call('/v1/session', web, { token: skey }, { from: '10.1.2.3', headers }),
    refused,
    'nor for anything else',
  )
})

t.test(
  'the verifier asks for many at once, caches good answers, and tells a dead ticket from a dead server',
  async (t) => {
    const { backend, web, call, logIn, listen } = await openBackends(t)
    const [one, two] = [await logIn(web, 'amber'), await logIn(web, 'beryl')]
    const url = `http://127.0.0.1:${await listen()}`
    let calls = 0
    const counted: typeof fetch = (...all) => {
      calls++
      return fetch(...all)
    }
    const verifier = createVerifier({ url, ...backend, fetch: counted, cacheSeconds: 60 })
    const tickets = await Promise.all([one.skey, two.skey, one.skey].map((token) => verifier.check(token)))
    t.same(
      tickets.map(({ user }) => user.userName),
      ['amber', 'beryl', 'amber'],
    )
    t.equal(calls, 1)
    await verifier.check(one.skey)
    t.equal(calls, 1, 'from the cache')
    await t.rejects(verifier.check('nonsense'), { name: 'NOT_LOGGED_IN', reason: 'unknown' })
    t.equal(calls, 1, 'what is no ticket is not asked about')

    await call('/v1/logout', web, { token: two.skey })
    const fresh = createVerifier({ url, ...backend })
    await t.rejects(fresh.check(two.skey), { name: 'NOT_LOGGED_IN', reason: 'logged-out' })
    t.equal((await fresh.check(one.skey)).appid, web.appId)
    const away = createVerifier({ url: 'http://127.0.0.1:1', ...backend })
    const error = await away.check(one.skey).catch((thrown) => thrown)
    t.ok(isFailure(error, 'UNREACHABLE'))
    const wrong = createVerifier({ url, appId: backend.appId, appSecret: 'x'.repeat(32) })
    await t.rejects(wrong.check(one.skey), { name: 'APP_REFUSED' })
  },
)
