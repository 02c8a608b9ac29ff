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

t.test('a pSKey is taken for its business alone, and on its routes', async (t) => {
  const { server, web, ios, backend, call, logIn } = await openBackends(t)
  const { businesses } = server
  const rows = { idleSeconds: 600, appIds: [web.appId] }
  await businesses.add({ name: 'pay', routes: ['/pay'], ...rows })
  await businesses.add({ name: 'mail', routes: [], ...rows })
  await businesses.reload()
  const { skey } = await logIn(web, 'amber')
  const { tickets } = (await call('/v1/ticket/exchange', web, { token: skey, to: 'pskey', business: 'pay' }))
    .reply
  const verify = (members: Members, app = backend) => call(path, app, { token: tickets.pskey, ...members })
  const pay = { tier: 'pskey', business: 'pay' }

  t.match(await verify({}), { status: 401, reply: { active: false, reason: 'unknown' } }, 'an old caller')
  const good = {
    status: 200,
    reply: { active: true, tier: 'pskey', business: 'pay', user: { userName: 'amber' } },
  }
  t.match(await verify(pay), good)
  for (const route of ['/pay', '/pay/x']) t.match(await verify({ ...pay, route }), good, route)
  for (const route of ['/payroll', '/mail', '/pay/../mail', '/pay/%2e%2e/mail', '//pay', 'pay', '/pay/..'])
    t.match(
      await verify({ ...pay, route }),
      { status: 403, reply: { code: codes.BUSINESS_UNKNOWN, active: false, reason: 'not-enough' } },
      route,
    )
  t.match(await verify({ tier: 'pskey', business: 'mail' }), {
    status: 403,
    reply: {
      code: codes.TIER_WANTED,
      active: false,
      needs: { code: codes.TIER_WANTED, tier: 'pskey', business: 'mail' },
    },
  })
  t.match(
    await verify({ ...pay, token: skey }),
    { status: 403, reply: { code: codes.TIER_WANTED } },
    'no SKey',
  )
  t.match(await verify({ tier: 'skey' }), { status: 403, reply: { needs: { tier: 'skey' } } })
  t.match(await verify(pay, ios), { status: 401, reply: { reason: 'unknown' } }, 'another app learns nothing')

  const missing = { status: 400, reply: { code: codes.PARAMETER_MISSING } }
  t.match(await verify({ tier: 'pskey' }), missing)
  const wrong = [
    { business: 'pay' },
    { route: '/pay' },
    { scopes: ['x'] },
    { ...pay, scopes: [] },
    { tier: 'a2' },
  ]
  for (const members of wrong)
    t.match(
      await verify(members),
      { status: 400, reply: { code: codes.PARAMETER_INVALID } },
      JSON.stringify(members),
    )
  await businesses.set('pay', { appIds: [ios.appId] })
  await businesses.reload()
  t.match(await verify(pay), { status: 401, reply: { reason: 'unknown' } }, 'no longer served')
})

t.test('a login that is too old is told how to become fresh, alone and among many', async (t) => {
  const { web, backend, call, logIn, clock } = await openBackends(t)
  const old = await logIn(web, 'amber')
  clock.add(300_000)
  const fresh = await logIn(web, 'beryl')
  const needs = { code: codes.FRESH_LOGIN_NEEDED, maxAuthAge: 300, how: ['password', 'code'] }
  const one = await call(path, backend, { token: old.skey, maxAuthAge: 300 })
  t.match(one, {
    status: 403,
    reply: { code: codes.FRESH_LOGIN_NEEDED, active: false, reason: 'not-enough', needs },
  })
  t.notOk(one.reply.user)
  const { reply } = await call(path, backend, { tokens: [old.skey, fresh.skey, 'x'], maxAuthAge: 300 })
  t.match(reply.tickets, [
    { active: false, reason: 'not-enough', needs },
    { active: true, user: { userName: 'beryl' }, authenticatedAt: Math.floor(clock.now() / 1_000) },
    { active: false, reason: 'unknown' },
  ])
  t.match(await call(path, backend, { token: old.skey, maxAuthAge: 301 }), { status: 200 })
  for (const maxAuthAge of [0, -1, 1.5, '300'])
    t.match(await call(path, backend, { token: old.skey, maxAuthAge }), { status: 400 }, String(maxAuthAge))
})

t.test('old callers get the bytes that they know, and may keep a good answer for a second', async (t) => {
  const { web, backend, logIn, request } = await openBackends(t)
  const { skey } = await logIn(web, 'amber')
  const ask = (members: Members) =>
    request({ url: path, json: { appid: backend.appId, appsecret: backend.appSecret, ...members } })
  const good = await ask({ token: skey })
  const seconds = Math.floor(startMs / 1_000)
  const { user } = JSON.parse(good.body)
  t.equal(
    good.body,
    JSON.stringify({
      code: 1030200,
      msg: JSON.parse(good.body).msg,
      active: true,
      tier: 'skey',
      user,
      appid: web.appId,
      issuedAt: seconds,
      expiresAt: seconds + 172_800,
      idleAt: seconds + 3_000,
      timestamp: seconds,
    }),
  )
  t.match(good.headers, { 'cache-control': 'private, max-age=1', etag: /^W\/"[\w-]{22}"$/ })
  const { etag = '' } = good.headers
  t.equal((await ask({ token: skey })).headers.etag, etag)
  const conditional = await request({
    url: path,
    json: { appid: backend.appId, appsecret: backend.appSecret, token: skey },
    headers: { 'if-none-match': etag },
  })
  t.equal(conditional.status, 200, 'a POST is never answered 304')
  const many = await ask({ tokens: [skey, skey] })
  t.match([many.headers['cache-control'], many.headers.etag], ['private, max-age=1', undefined])
  for (const refused of [await ask({ token: 'x' }), await ask({ tokens: [skey, 'x'] })])
    t.match([refused.headers['cache-control'], refused.headers.etag], ['no-store', undefined])
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
    await t.rejects(fresh.check(one.skey, { tier: 'pskey', business: 'pay' }), {
      name: 'TIER_WANTED',
      members: { tier: 'pskey', business: 'pay' },
    })
    const asked = await Promise.all([
      verifier.check(one.skey, { maxAuthAge: 60 }),
      verifier.check(one.skey, { tier: 'skey', maxAuthAge: 60 }),
    ])
    t.match(asked, [{ authenticatedAt: Number }, { authenticatedAt: Number }])
    t.equal(calls, 3, 'other demands are another question')
    const away = createVerifier({ url: 'http://127.0.0.1:1', ...backend })
    const error = await away.check(one.skey).catch((thrown) => thrown)
    t.ok(isFailure(error, 'UNREACHABLE'))
    const wrong = createVerifier({ url, appId: backend.appId, appSecret: 'x'.repeat(32) })
    await t.rejects(wrong.check(one.skey), { name: 'APP_REFUSED' })
  },
)
