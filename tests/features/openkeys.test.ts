/** OpenKeys: what a third-party app gets for a user, what it learns of the user, and when that ends. */
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { openConsents } from '../http/consents-world.ts'
import { startMs } from '../http/world.ts'

t.setTimeout(120_000)
const hourMs = 3_600_000

t.test('an OpenKey shows its app an OpenID and the scopes, and nothing else of the user', async (t) => {
  const { map, shop, agree, exchange, verify, call } = await openConsents(t)
  const amber = await agree('amber', map, ['profile', 'places.read'])
  await call('/v1/consent/grant', { token: amber.skey, grantTo: shop.appId })
  const beryl = await agree('beryl', map, [])

  const { code, tickets } = await exchange(amber.skey, map, { scopes: ['profile'] })
  t.equal(code, codes.OK)
  t.match(tickets.openkey, /^ok_/)
  t.strictSame(Object.keys(tickets), ['openkey'], 'an SKey is not used up')
  const seen = await verify(map, tickets.openkey)
  t.match(seen, { active: true, tier: 'openkey', appid: map.appId, scopes: ['openid', 'profile'] })
  t.match(seen.openId, /^[\w-]{28}$/)
  const text = JSON.stringify(seen)
  for (const secret of ['amber', `"${amber.userId}"`, 'user']) t.notOk(text.includes(secret), secret)

  const again = await exchange(amber.a2, map)
  t.match(again.tickets, { a2: /^a2_/, skey: /^sk_/, openkey: /^ok_/ })
  const later = await verify(map, again.tickets.openkey)
  t.equal(later.openId, seen.openId, 'the same at each exchange')
  t.strictSame(later.scopes, ['openid', 'places.read', 'profile'], 'all that was agreed to')

  const { skey = '' } = again.tickets
  const atShop = (await exchange(skey, shop)).tickets.openkey
  const other = await verify(shop, atShop)
  t.not(other.openId, seen.openId, 'another app knows the user as another')
  t.not(atShop.slice(3, 25), tickets.openkey.slice(3, 25), 'and by another handle')
  t.not((await verify(map, (await exchange(beryl.skey, map)).tickets.openkey)).openId, seen.openId)
  t.match(await verify(shop, tickets.openkey), { active: false, reason: 'unknown' })
  t.match(await call('/v1/session', { token: tickets.openkey }), { code: codes.NOT_LOGGED_IN })
  t.match(await call('/v1/ticket/exchange', { token: tickets.openkey, to: 'skey' }), {
    code: codes.NOT_LOGGED_IN,
  })
})

t.test('only what was agreed to is given, and to third-party apps alone', async (t) => {
  const { app, map, agree, exchange, logIn, call, server } = await openConsents(t)
  const stranger = await logIn('stranger')
  t.match(await exchange(stranger.tickets.skey, map, { scopes: ['profile'] }), {
    code: codes.CONSENT_NEEDED,
    app: map.appId,
    name: 'Map',
    scopes: ['openid', 'profile'],
  })
  const { skey, a2 } = await agree('amber', map, ['profile'])
  const tooMuch = { scopes: ['openid', 'profile', 'places.read', 'nothing'] }
  const refused = { code: codes.CONSENT_NEEDED, scopes: ['places.read', 'nothing'] }
  t.match(await exchange(skey, map, tooMuch), refused)
  t.match(await exchange(a2, map, tooMuch), refused)
  t.match(await exchange(a2, map), { code: codes.OK }, 'a refusal has not used up the A2')
  for (const appId of [app.appId, 'unknown'])
    t.match(await exchange(skey, { appId, appSecret: '' }), { code: codes.NOT_IN_LIST })
  for (const token of [skey, a2])
    t.match(await call('/v1/ticket/exchange', { token, to: 'openkey' }), {
      code: codes.PARAMETER_MISSING,
      info: 'app',
    })
  await server.apps.set(map.appId, { scopes: ['places.read'] })
  await server.apps.reload()
  t.match(await exchange(skey, map, { scopes: ['profile'] }), { code: codes.CONSENT_NEEDED })
})

t.test(
  'an OpenKey lives 2 hours, never longer than its parent, and ends with login and consent',
  async (t) => {
    const { map, shop, agree, exchange, verify, call, clock } = await openConsents(t)
    const { skey } = await agree('amber', map)
    await call('/v1/consent/grant', { token: skey, grantTo: shop.appId })
    const first = (await exchange(skey, map)).tickets.openkey
    t.equal((await verify(map, first)).expiresAt, Math.floor((startMs + 2 * hourMs) / 1_000))
    const atShop = (await exchange(skey, shop)).tickets.openkey
    await call('/v1/consent/revoke', { token: skey, revokeFrom: map.appId })
    t.match(await verify(map, first), { active: false, reason: 'revoked' })
    t.match(await verify(shop, atShop), { active: true }, 'that of another app goes on')
    await call('/v1/consent/grant', { token: skey, grantTo: map.appId })
    t.match(
      await verify(map, first),
      { active: false, reason: 'revoked' },
      'a new consent opens no old OpenKey',
    )
    const second = (await exchange(skey, map)).tickets.openkey
    t.match(await verify(map, second), { active: true })
    for (let at = 0; at < 100; at++) {
      clock.add(40 * 60_000)
      if ((await call('/v1/session', { token: skey })).code !== codes.TICKET_VALID) break
      if (at === 2) t.match(await verify(map, second), { active: false }, 'after two hours')
    }
    const last = await agree('beryl', map)
    const { openkey } = (await exchange(last.skey, map)).tickets
    await call('/v1/logout', { token: last.skey })
    t.match(await verify(map, openkey), { active: false, reason: 'logged-out' })
  },
)

t.test('retries of one A2 give no more OpenKeys than a login may have', async (t) => {
  const { server, agree, exchange, verify } = await openConsents(t)
  const scopes = Array.from({ length: 20 }, (_, place) => `s${place}`)
  const app = await server.apps.add({ name: 'Many', isThirdParty: true, scopes })
  const { a2 } = await agree('amber', app, scopes)
  const first = await exchange(a2, app, { scopes: [] })
  const again = await exchange(a2, app, { scopes: [] })
  t.equal(again.tickets.openkey, first.tickets.openkey, 'a retry gets what its first try got')
  const given: string[] = []
  for (const scope of scopes) {
    // Twice: a copy takes no second place.
    for (const _ of [1, 2]) given.push((await exchange(a2, app, { scopes: [scope] })).tickets.openkey)
  }
  const seen = await Promise.all([...new Set(given)].map((openkey) => verify(app, openkey)))
  t.strictSame(
    seen.map(({ active }) => active),
    scopes.map((_, place) => place >= 4),
  )
})
