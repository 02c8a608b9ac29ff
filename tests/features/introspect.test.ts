/** What gateways ask: introspection as RFC 7662 has it, and the endpoint that answers with a status. */
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import { openConsents } from '../http/consents-world.ts'
import { formOf, openWorld } from '../http/world.ts'

t.setTimeout(60_000)
type App = { appId: string; appSecret: string }
type Headers = Record<string, string>

const openGateway = async (t: Test, environment = {}) => {
  const world = await openWorld(t, environment)
  const { apps } = world.server
  const [web, other] = await Promise.all([apps.add({ name: 'web' }), apps.add({ name: 'other' })])
  const backend = await apps.add({ name: 'api', checks: [web.appId] })
  const call = async (url: string, app: App, members: Record<string, unknown>) => {
    const json = { appid: app.appId, appsecret: app.appSecret, ...members }
    return JSON.parse((await world.request({ url, json })).body)
  }
  const logIn = async (app: App, userName: string) => {
    const user = { regmode: 'anonymous', user: { userName }, password: 'correct horse' }
    return (await call('/v1/register', app, user)).tickets as { a2: string; skey: string }
  }
  const basicOf = ({ appId, appSecret }: App) => ({
    authorization: `Basic ${Buffer.from(`${appId}:${appSecret}`).toString('base64')}`,
  })
  const introspect = async (values: Record<string, string>, headers: Headers = {}, query = '') => {
    const url = `/oauth/introspect${query}`
    const { status, body, ...rest } = await world.request({ url, post: formOf(values), headers })
    return { status, headers: rest.headers, json: JSON.parse(body || '{}') }
  }
  const ask = (token: string | undefined, { query = '', headers = {} as Headers, app = backend } = {}) =>
    world.request({
      url: `/v1/ticket/gateway${query}`,
      headers: {
        'x-torii-app-id': app.appId,
        'x-torii-app-secret': app.appSecret,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
    })
  return { ...world, apps, web, other, backend, call, logIn, basicOf, introspect, ask }
}

t.test('introspection answers in the words of RFC 7662, by Basic and by form', async (t) => {
  const { web, backend, logIn, basicOf, introspect, call, clock } = await openGateway(t)
  const { skey } = await logIn(web, 'amber')
  const asked = { token: skey, token_type_hint: 'access_token' }
  const byBasic = await introspect(asked, basicOf(backend))
  t.equal(byBasic.status, 200)
  t.match(byBasic.headers['content-type'], /^application\/json\b/)
  const seconds = Math.floor(clock.now() / 1_000)
  t.match(byBasic.json, {
    active: true,
    token_type: 'Bearer',
    sub: /^\d+$/,
    username: 'amber',
    client_id: web.appId,
    iat: seconds,
    auth_time: seconds,
    exp: seconds + 172_800,
    tier: 'skey',
  })
  const byForm = await introspect({
    ...asked,
    client_id: backend.appId,
    client_secret: backend.appSecret,
  })
  t.same(byForm.json, byBasic.json)
  await call('/v1/logout', web, { token: skey })
  const ended = await introspect(asked, basicOf(backend))
  t.same([ended.status, ended.json], [200, { active: false }], 'and not a word of why')
  t.equal(ended.headers['cache-control'], 'no-store')
})

t.test('everything that is no live SKey of its apps is not active', async (t) => {
  const { web, other, backend, logIn, basicOf, introspect } = await openGateway(t)
  const { a2, skey } = await logIn(web, 'amber')
  const elsewhere = await logIn(other, 'coral')
  for (const token of [a2, elsewhere.skey, '', 'x', `${skey}x`, skey.slice(1), 'x'.repeat(5_000)]) {
    const { status, json } = await introspect({ token }, basicOf(backend))
    t.same([status, json], [200, { active: false }], token.slice(0, 4))
  }
  const own = await introspect({ token: skey }, basicOf(web))
  t.equal(own.json.active, true, 'an app asks about its own tickets')
})

t.test('without right credentials nothing is answered', async (t) => {
  const { apps, web, backend, logIn, basicOf, introspect } = await openGateway(t)
  const { skey } = await logIn(web, 'amber')
  const open = await apps.add({ name: 'open', isPublic: true, origins: ['https://app.example'] })
  const refused = {
    status: 401,
    json: { error: 'invalid_client' },
    headers: { 'www-authenticate': /^Basic/ },
  }
  const wrong = { ...backend, appSecret: 'x'.repeat(32) }
  t.match(await introspect({ token: skey }), refused)
  t.match(await introspect({ token: skey }, basicOf(wrong)), refused)
  t.match(await introspect({ token: skey, client_id: backend.appId }), refused)
  t.match(await introspect({ token: skey }, { authorization: 'Basic %%%' }), refused)
  t.match(await introspect({ token: skey }, { authorization: 'Basic eA==' }), refused)
  t.match(await introspect({ token: skey }, { authorization: `Bearer ${skey}` }), refused)
  t.match(await introspect({ token: skey, client_id: open.appId }), refused, 'a public app')
  const byOpen = await introspect({ token: skey }, basicOf(open))
  t.same([byOpen.status, byOpen.json], [200, { active: false }], 'with its secret, its own tickets alone')
  await apps.disable(backend.appId)
  await apps.reload()
  t.match(await introspect({ token: skey }, basicOf(backend)), refused)
})

t.test('a call that is no introspection is refused in the words of RFC 6749', async (t) => {
  const { web, backend, logIn, basicOf, introspect, request } = await openGateway(t)
  const { skey } = await logIn(web, 'amber')
  const headers = basicOf(backend)
  const invalid = { status: 400, json: { error: 'invalid_request' } }
  t.match(await introspect({}, headers), invalid)
  const both = { token: skey, client_id: backend.appId, client_secret: backend.appSecret }
  t.match(await introspect(both, headers), invalid, 'two ways at once')
  t.match(await introspect({ token: skey }, headers, `?token=${skey}`), invalid, 'a ticket in the URL')
  t.match(await introspect({ token: skey }, headers, '?teir=pskey'), invalid, 'a misspelled demand')
  t.match(await introspect({ token: skey }, headers, '?tier=a2'), invalid)
  t.match(await introspect({ token: skey }, headers, '?maxAuthAge=x'), invalid)
  t.match(await introspect({ token: skey }, headers, '?tier=pskey'), invalid, 'without its business')
  const twice = await request({ url: '/oauth/introspect', post: `token=${skey}&token=x`, headers })
  t.match([twice.status, JSON.parse(twice.body)], [400, { error: 'invalid_request' }])
  const json = await request({ url: '/oauth/introspect', json: { token: skey }, headers })
  t.equal(json.status, 400)
  const get = await request({ url: `/oauth/introspect?token=${skey}`, headers })
  t.match([get.status, get.headers.allow], [405, 'POST'])
})

t.test('a login that is too old is not active where the URL asks for a fresh one', async (t) => {
  const { web, backend, logIn, basicOf, introspect, clock } = await openGateway(t)
  const { skey } = await logIn(web, 'amber')
  const fresh = () => introspect({ token: skey }, basicOf(backend), '?maxAuthAge=300')
  t.equal((await fresh()).json.active, true)
  clock.add(300_000)
  t.same((await fresh()).json, { active: false })
  t.match((await introspect({ token: skey }, basicOf(backend))).json, { active: true, auth_time: Number })
})

t.test('the gateway answers by status and headers', async (t) => {
  const { web, other, backend, logIn, ask, call, clock } = await openGateway(t, {
    TORII__SERVER__TRUSTED_PROXIES: '127.0.0.1',
  })
  const { skey, a2 } = await logIn(web, '琥珀色的夜晚')
  const good = await ask(skey)
  t.equal(good.status, 200)
  t.equal(good.body, '')
  t.match(good.headers, {
    'x-torii-user': /^\d+$/,
    'x-torii-user-name': encodeURIComponent('琥珀色的夜晚'),
    'x-torii-app': web.appId,
    'x-torii-tier': 'skey',
    'x-torii-open-id': '',
    'x-torii-business': '',
    'x-torii-scopes': '',
    'cache-control': 'private, max-age=1',
    vary: 'Authorization',
  })
  const elsewhere = await logIn(other, 'coral')
  for (const token of [undefined, a2, elsewhere.skey, 'x', 'x'.repeat(300)]) {
    const refused = await ask(token)
    t.match([refused.status, refused.headers['www-authenticate']], [401, /^Bearer .*invalid_token/])
    t.notOk(refused.headers['x-torii-user'])
  }
  const onRoute = async (uri: string) => {
    const proxied = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https' }
    const headers = { ...proxied, 'x-torii-route': '/pay', 'x-forwarded-uri': uri }
    return (await ask(skey, { query: '?tier=pskey&business=pay', headers })).status
  }
  t.equal(await onRoute('/pay?x'), 403, 'an SKey is no pSKey')
  t.equal(await onRoute('/mail'), 400, 'of two paths the user may have sent one')
  t.equal((await ask(skey, { query: '?maxAuthAge=60' })).status, 200)
  clock.add(60_000)
  const old = await ask(skey, { query: '?maxAuthAge=60' })
  t.equal(old.status, 401)
  t.match(old.headers['www-authenticate'], /insufficient_user_authentication", max_age="60"/)
  await call('/v1/logout', web, { token: skey })
  t.equal((await ask(skey)).status, 401)
  t.ok(backend)
})

t.test('what is wrong with the gateway itself is neither the user’s 401 nor a 403', async (t) => {
  const { web, backend, logIn, ask, request } = await openGateway(t)
  const { skey } = await logIn(web, 'amber')
  const wrong = await ask(skey, { app: { ...backend, appSecret: 'x'.repeat(32) } })
  t.match([wrong.status, JSON.parse(wrong.body)], [400, { error: 'invalid_client' }])
  const none = await request({ url: '/v1/ticket/gateway', headers: { authorization: `Bearer ${skey}` } })
  t.equal(none.status, 400)
  for (const query of ['?teir=skey', '?tier=a2', '?maxAuthAge=1h', '?scopes=a', '?business=pay'])
    t.equal((await ask(skey, { query })).status, 400, query)
})

t.test('a gateway that keeps an answer asks with its tag; a user cannot make it a 304', async (t) => {
  const { web, logIn, ask, call } = await openGateway(t)
  const { skey } = await logIn(web, 'amber')
  const { etag = '' } = (await ask(skey)).headers
  t.match(etag, /^W\/"[\w-]{22}"$/)
  t.equal((await ask(skey, { headers: { 'if-none-match': etag } })).status, 304)
  for (const tag of ['*', '"x"', `"x", ${etag}`])
    t.equal((await ask(skey, { headers: { 'if-none-match': tag } })).status, 200, tag)
  await call('/v1/logout', web, { token: skey })
  t.equal((await ask(skey, { headers: { 'if-none-match': etag } })).status, 401)
})

t.test('without an age nothing may be kept', async (t) => {
  const { web, logIn, ask } = await openGateway(t, { TORII__BACKENDS__MAX_AGE_SECONDS: '0' })
  const { skey } = await logIn(web, 'amber')
  const { headers } = await ask(skey)
  t.match([headers['cache-control'], headers.etag], ['no-store', undefined])
})

t.test('both are in the clear from the networks of backends alone, and under the limit', async (t) => {
  const { web, backend, logIn, basicOf, request } = await openGateway(t, {
    TORII__SERVER__BACKEND_NETWORKS: '10.1.0.0/16',
    TORII__LIMITS__TICKET_VERIFY: '[60, 3]',
  })
  const { skey } = await logIn(web, 'amber')
  const post = formOf({ token: skey })
  const introspect = (from: string) =>
    request({
      url: '/oauth/introspect',
      post,
      headers: { host: 'torii.internal', ...basicOf(backend) },
      from,
    })
  const refused = await introspect('10.2.0.1')
  t.match([refused.status, JSON.parse(refused.body)], [403, { error: 'access_denied' }])
  t.match(JSON.parse(refused.body).error_description, /server\.backendNetworks/, 'it names the setting')
  for (let at = 0; at < 3; at++) t.equal((await introspect('10.1.0.1')).status, 200)
  const tooOften = await introspect('10.1.0.1')
  t.match([tooOften.status, JSON.parse(tooOften.body)], [429, { error: 'temporarily_unavailable' }])
  t.ok(Number(tooOften.headers['retry-after']) > 0)
})

t.test('an OpenKey is active where the URL asks for one, and tells nothing of who its user is', async (t) => {
  const { map, agree, exchange, verify, request, server, app } = await openConsents(t)
  const { skey } = await agree('amber', map, ['profile'])
  const { openkey } = (await exchange(skey, map)).tickets
  const { openId } = await verify(map, openkey)
  const ours = await server.apps.add({ name: 'our own service', checks: [map.appId, app.appId] })
  const introspect = async (by: App, query: string, token = openkey) => {
    const authorization = `Basic ${Buffer.from(`${by.appId}:${by.appSecret}`).toString('base64')}`
    const url = `/oauth/introspect${query}`
    const { status, body } = await request({ url, post: formOf({ token }), headers: { authorization } })
    return { status, json: JSON.parse(body) }
  }
  const inactive = { status: 200, json: { active: false } }
  t.same(await introspect(ours, ''), inactive, 'no OpenKey passes for a login')
  t.same(await introspect(ours, '?tier=openkey', skey), inactive, 'and no SKey for an OpenKey')
  t.same(await introspect(map, '', skey), inactive, 'the third-party app learns nothing of a login')
  for (const { json } of [
    await introspect(map, ''),
    await introspect(ours, '?tier=openkey&scopes=openid+profile'),
  ]) {
    t.match(json, {
      active: true,
      sub: openId,
      client_id: map.appId,
      scope: 'openid profile',
      tier: 'openkey',
    })
    t.notOk(json.username ?? json.name)
  }
  t.same(await introspect(ours, '?tier=openkey&scopes=places.read'), inactive)
  t.match(await introspect(map, '?tier=skey'), { status: 401, json: { error: 'invalid_client' } })

  const ask = (query: string) =>
    request({
      url: `/v1/ticket/gateway?tier=openkey${query}`,
      headers: {
        'x-torii-app-id': ours.appId,
        'x-torii-app-secret': ours.appSecret,
        authorization: `Bearer ${openkey}`,
      },
    })
  const good = await ask('&scopes=profile')
  t.match(
    [good.status, good.headers],
    [200, { 'x-torii-open-id': openId, 'x-torii-scopes': 'openid profile' }],
  )
  t.notOk(good.headers['x-torii-user'] ?? good.headers['x-torii-user-name'])
  const missing = await ask('&scopes=places.read')
  t.equal(missing.status, 403)
  t.match(missing.headers['www-authenticate'], new RegExp(`insufficient_scope.*${codes.SCOPE_MISSING}`))
  t.match(await verify(map, openkey, { scopes: ['profile', 'places.read'] }), {
    code: codes.SCOPE_MISSING,
    active: false,
    reason: 'not-enough',
    needs: { code: codes.SCOPE_MISSING, scopes: ['places.read'] },
  })
})
