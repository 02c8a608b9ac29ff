/** The ladder of tickets, written from protocol.md alone: the app's side, the backend's and a third party's. */
import t from 'tap'
import { get, items, type Json, type Line, parse, text } from './client.ts'
import { openJwt } from './jwt.ts'
import { drawVerifier } from './passwords.ts'
import { issuer, logIn, openWorld, ticketOf } from './world.ts'

/** One server for all tests here; each has a user of its own. */
const world = await openWorld(t)

t.test('an A2 or SKey becomes a pSKey, and a backend asks for what it needs', async (t) => {
  const { json, lineOf, backend, clock } = world
  const { a2, skey, userId } = await logIn(json, 'amber')
  const api = lineOf(backend)
  const exchange = (members: Json) => json.call('/v1/ticket/exchange', members)
  const verify = async (members: Json) => {
    const { status, body } = await api.call('/v1/ticket/verify', members)
    return { status, ...body }
  }
  t.match((await exchange({ token: skey, to: 'pskey' })).body, { code: 2000101 })
  t.match((await exchange({ token: skey, to: 'pskey', business: 'mail' })).body, { code: 2100402 })
  t.match((await exchange({ token: skey, to: 'skey' })).body, { code: 2100400, tier: 'a2' })
  t.match((await exchange({ token: skey, to: 'a2' })).body, { code: 2000104 })

  const down = await exchange({ token: skey, to: 'pskey', business: 'pay' })
  t.strictSame(Object.keys(down.body.tickets as Json), ['pskey'], 'the SKey stays')
  const pskey = ticketOf(down, 'pskey')
  t.match(pskey, /^ps_/)
  const shown = await json.call('/v1/session', { token: pskey })
  t.match(shown.body, { code: 1030200, tier: 'pskey', business: 'pay', user: { userId } })
  t.match((await exchange({ token: pskey, to: 'pskey', business: 'pay' })).body, { code: 2100400 })
  const both = await exchange({ token: a2, to: 'pskey', business: 'pay' })
  t.match(both.body.tickets, { a2: /^a2_/, skey: /^sk_/, pskey: /^ps_/ })

  t.match(await verify({ token: skey }), {
    status: 200,
    code: 1030200,
    active: true,
    tier: 'skey',
    user: { userId },
  })
  t.match(await verify({ token: pskey }), { status: 401, code: 1030201, active: false, reason: 'unknown' })
  const pay = { tier: 'pskey', business: 'pay' }
  t.match(await verify({ token: pskey, ...pay, route: '/pay/card' }), {
    active: true,
    authenticatedAt: Number,
  })
  const elsewhere = await verify({ token: pskey, ...pay, route: '/admin' })
  t.match(elsewhere, {
    status: 403,
    code: 2100402,
    active: false,
    reason: 'not-enough',
    needs: { code: 2100402 },
  })
  const low = await verify({ token: skey, ...pay })
  t.match(low, { status: 403, code: 2100400, active: false, needs: { code: 2100400, ...pay } })
  t.match(await verify({ token: skey, tier: 'pskey' }), { code: 2000101 }, 'a pSKey of which business')
  t.match(await verify({ token: skey, tier: 'skey', business: 'pay' }), { code: 2000102 }, 'contradictory')
  t.match(await verify({}), { code: 2000101 })
  t.match(await verify({ token: skey, tokens: [skey] }), { code: 2000102 })
  const many = await verify({ tokens: [skey, pskey, 'sk_'], tier: 'skey' })
  t.match(many, { code: 1000000, tickets: [{ active: true }, { active: false }, { reason: 'unknown' }] })

  clock.add(400_000)
  const late = await verify({ token: skey, maxAuthAge: 300 })
  t.match(late, { status: 403, code: 2100401, active: false, needs: { maxAuthAge: 300, how: Array } })
  t.match(await verify({ token: pskey, ...pay }), { reason: 'expired' }, 'not used for the idle time')
  await json.call('/v1/logout', { token: skey })
  t.match(await verify({ token: skey }), { status: 401, active: false, reason: 'logged-out' })
})

t.test('a third party gets an OpenKey, and checks its JWT by the keys of the server', async (t) => {
  const { json, lineOf, map, server, url, clock } = world
  const { a2, skey } = await logIn(json, 'coral')
  const third = lineOf(map)
  const exchange = (token: string, scopes?: string[]) =>
    json.call('/v1/ticket/exchange', { token, to: 'openkey', app: map.appId, ...(scopes && { scopes }) })
  t.match((await exchange(skey)).body, { code: 2100411, app: map.appId, name: 'Map', scopes: Array })
  const granted = await json.call('/v1/consent/grant', {
    token: skey,
    grantTo: map.appId,
    scopes: ['profile'],
  })
  t.match(granted.body, { code: 1000000, consent: { app: map.appId, name: 'Map', grantedAt: Number } })
  t.match((await json.call('/v1/consent/list', { token: skey })).body, {
    consents: [{ scopes: ['openid', 'profile'] }],
  })
  t.match((await exchange(skey, ['places.read'])).body, { code: 2100411, scopes: ['places.read'] })
  const openkey = ticketOf(await exchange(skey), 'openkey')
  t.match(openkey, /^ok_/)
  const seen = (await third.call('/v1/ticket/verify', { token: openkey })).body
  t.match(seen, { code: 1030200, tier: 'openkey', openId: String, scopes: ['openid', 'profile'] })
  t.notOk('user' in seen)
  const more = await third.call('/v1/ticket/verify', { token: openkey, scopes: ['places.read'] })
  t.match(more, { status: 403, body: { code: 2100422, needs: { scopes: ['places.read'] } } })
  t.match((await third.call('/v1/prelogin', { login: 'coral' })).body, { code: 2100410 })

  await server.apps.set(map.appId, { ticketFormat: 'jwt' })
  await server.apps.reload()
  const jwt = ticketOf(await exchange(a2), 'openkey')
  const opened = openJwt(jwt, await get(`${url}/.well-known/jwks.json`))
  const claims = opened?.claims ?? {}
  t.match(opened, {
    header: { typ: 'openkey+jwt' },
    claims: { iss: issuer, aud: map.appId, sub: seen.openId },
  })
  t.match(claims, { scope: 'openid profile', auth_time: Number, consent: Number, sid: String, jti: String })
  t.ok(Number(claims.exp) - Number(claims.iat) <= 600)
  const before = (await third.call('/v1/ticket/revocations', {})).body
  t.match(before, { code: 1000000, isKnown: false, logins: [], consents: [] })
  t.match((await third.call('/v1/ticket/revocations', { known: before.version })).body, { isKnown: true })
  await json.call('/v1/consent/revoke', { token: skey, revokeFrom: map.appId })
  await json.call('/v1/logout', { token: skey })
  clock.add(1_000)
  const after = (await third.call('/v1/ticket/revocations', { known: before.version })).body
  t.strictSame(after.logins, [claims.sid])
  const ended = items(after, 'consents').find(({ sub }) => sub === claims.sub)
  t.ok(Number(claims.consent) < Number(ended?.below))
})

t.test('gateways and pages: introspection, a status, a web code', async (t) => {
  const { json, lineOf, backend, page, url } = world
  const { skey, userId } = await logIn(json, 'onyx')
  const basic = Buffer.from(`${backend.appId}:${backend.appSecret}`).toString('base64')
  const introspect = async (token: string, query = '', headers: Record<string, string> = {}) => {
    const form = new URLSearchParams({ token, token_type_hint: 'access_token' })
    const reply = await fetch(`${url}/oauth/introspect${query}`, { method: 'POST', headers, body: form })
    return { status: reply.status, ...parse(await reply.text()) }
  }
  const known = { authorization: `Basic ${basic}` }
  const plain = await introspect(skey, '', known)
  t.match(plain, {
    status: 200,
    active: true,
    token_type: 'Bearer',
    sub: userId,
    username: 'onyx',
    tier: 'skey',
  })
  t.strictSame(await introspect('sk_', '', known), { status: 200, active: false })
  t.match(await introspect(skey), { status: 401, error: 'invalid_client' })
  t.match(await introspect(skey, '?tier=openkey&business=pay', known), {
    status: 400,
    error: 'invalid_request',
  })
  const got = ticketOf(
    await json.call('/v1/ticket/exchange', { token: skey, to: 'pskey', business: 'pay' }),
    'pskey',
  )
  t.match(await introspect(got, '?tier=pskey&business=pay', known), {
    active: true,
    tier: 'pskey',
    business: 'pay',
  })
  t.strictSame(await introspect(skey, '?tier=pskey&business=pay', known), { status: 200, active: false })

  const ask = (token: string, query = '', more: Record<string, string> = {}) =>
    fetch(`${url}/v1/ticket/gateway${query}`, {
      headers: {
        authorization: `Bearer ${token}`,
        'x-torii-app-id': backend.appId,
        'x-torii-app-secret': backend.appSecret,
        ...more,
      },
    })
  const good = await ask(skey)
  t.equal(good.status, 200)
  t.match([good.headers.get('x-torii-user'), good.headers.get('x-torii-tier')], [userId, 'skey'])
  const etag = good.headers.get('etag') ?? ''
  t.equal((await ask(skey, '', { 'if-none-match': etag })).status, 304)
  t.equal((await ask('sk_')).status, 401)
  const short = await ask(skey, '?tier=pskey&business=pay')
  t.equal(short.status, 403)
  t.match(short.headers.get('www-authenticate'), /torii_code="?2100400/)
  const routed = await ask(got, '?tier=pskey&business=pay', { 'x-torii-route': '/pay/1' })
  t.match([routed.status, routed.headers.get('x-torii-business')], [200, 'pay'])

  const { verifier, challenge } = drawVerifier()
  const made = await json.call('/v1/ticket/web-code', { token: skey, challenge, app: page.appId })
  t.match(made.body, { code: 1000000, webCode: /^wc_[\w-]{43}$/, expiresSeconds: 60 })
  const redeem = (line: Line, sent: string) =>
    line.call('/v1/ticket/web-code/redeem', { webCode: text(made.body, 'webCode'), verifier: sent })
  t.match((await redeem(json, verifier)).body, { code: 2100420 }, 'another app')
  t.match((await redeem(lineOf(page), drawVerifier().verifier)).body, { code: 2100420 }, 'another verifier')
  const taken = (await redeem(lineOf(page), verifier)).body
  t.match(taken, { code: 1020100, user: { userId }, tickets: { skey: /^sk_/ } })
  t.strictSame(Object.keys(taken.tickets as Json), ['skey'])
  t.match((await redeem(lineOf(page), verifier)).body, { code: 2100420 }, 'once')
  t.match((await json.call('/v1/ticket/web-code', { token: skey, challenge, app: backend.appId })).body, {
    code: 2100421,
  })
})
