/** Third-party apps and consents: what users agree to, and what such an app may call. */
import t from 'tap'
import { removeRevokedConsents } from '../../src/features/consents/repo.ts'
import { codes } from '../harness/codes.ts'
import { readShapes } from '../harness/shapes.ts'
import { type Members, openConsents } from '../http/consents-world.ts'

t.setTimeout(120_000)

t.test(
  'a user agrees to scopes of a third-party app, sees what was agreed to, and takes it back',
  async (t) => {
    const { map, shop, call, logIn, clock } = await openConsents(t)
    const { tickets } = await logIn('amber')
    const token = tickets.skey
    const list = async () => (await call('/v1/consent/list', { token })).consents
    t.same(await list(), [])
    const granted = await call('/v1/consent/grant', { token, grantTo: map.appId, scopes: ['places.read'] })
    const consent = { app: map.appId, name: 'Map', scopes: ['openid', 'places.read'] }
    t.match(granted, { code: codes.OK, consent })
    clock.add(1_000)
    const more = await call('/v1/consent/grant', { token, grantTo: map.appId, scopes: ['profile', 'openid'] })
    t.match(
      more.consent,
      { scopes: ['openid', 'places.read', 'profile'] },
      'a second grant adds to the first',
    )
    clock.add(1_000)
    t.match(await call('/v1/consent/grant', { token, grantTo: shop.appId }), {
      consent: { app: shop.appId, scopes: ['openid'] },
    })
    t.match(await list(), [{ app: shop.appId }, { app: map.appId }], 'the newest first')
    t.equal((await call('/v1/consent/revoke', { token, revokeFrom: map.appId })).code, codes.OK)
    t.match(await list(), [{ app: shop.appId }])
    t.equal((await call('/v1/consent/revoke', { token, revokeFrom: map.appId })).code, codes.OK, 'again')
    const { tickets: others } = await logIn('beryl')
    t.same((await call('/v1/consent/list', { token: others.skey })).consents, [], 'another user has none')
  },
)

t.test('refuses what no third-party app is, and scopes that it may not ask for', async (t) => {
  const { app, map, shop, call, callAs, logIn, server } = await openConsents(t)
  const { tickets } = await logIn('amber')
  const token = tickets.skey
  for (const grantTo of [app.appId, 'unknown'])
    t.match(await call('/v1/consent/grant', { token, grantTo }), { code: codes.NOT_IN_LIST, info: 'grantTo' })
  const tooMuch = { token, grantTo: shop.appId, scopes: ['openid', 'profile'] }
  t.match(await call('/v1/consent/grant', tooMuch), { code: codes.NOT_IN_LIST, info: /^scopes: openid/ })
  for (const token of [tickets.a2, 'x', undefined])
    t.notMatch(await call('/v1/consent/grant', { token, grantTo: map.appId }), { code: codes.OK })
  const own = await callAs(map, '/v1/consent/grant', { token, grantTo: map.appId })
  t.match(own, { status: 403, reply: { code: codes.THIRD_PARTY } }, 'an app agrees to nothing for a user')
  await server.apps.disable(map.appId)
  await server.apps.reload()
  t.match(await call('/v1/consent/grant', { token, grantTo: map.appId }), { code: codes.NOT_IN_LIST })
})

t.test('a third-party app calls nothing but what says so, in any operation', async (t) => {
  const { map, callAs, logIn, request } = await openConsents(t)
  const { tickets } = await logIn('amber')
  const shapes = await readShapes()
  const open = shapes.filter(({ forThirdParties }) => forThirdParties).map(({ path }) => path)
  t.strictSame(
    open.filter(
      (path) => !/^\/(v1\/(echo|ticket\/verify)$|v1\/ticket\/revocations$|oauth\/introspect$)/.test(path),
    ),
    [],
    'each new one is a decision',
  )
  const closed = shapes.filter(({ forThirdParties, bare }) => !forThirdParties && !bare)
  t.ok(closed.length > 15, `${closed.length} operations`)
  for (const { path, aliases, input } of closed) {
    const values: Members = { token: tickets.skey, login: 'amber', password: 'correct horse' }
    for (const name of (input as { required?: string[] }).required ?? []) values[name] ??= 'x'
    for (const url of [path, ...aliases]) {
      const { reply } = await callAs(map, url, values)
      const isRefused = [codes.THIRD_PARTY, codes.PARAMETER_INVALID, codes.KX_CONTENT].includes(reply.code)
      t.ok(isRefused, `${url}: ${reply.code}`)
    }
  }
  const provisioning = `/v1/totp?n=${map.appId}&s=${map.appSecret}`
  t.match(JSON.parse((await request({ url: provisioning })).body), { code: codes.THIRD_PARTY })
})

t.test('what is known of a consent goes with the account, and with the app', async (t) => {
  const { map, shop, call, logIn, admin, server, clock } = await openConsents(t)
  const rows = async () =>
    server.db.write.selectFrom('consents').select(['appId', 'openId', 'scopes']).execute()
  for (const name of ['amber', 'beryl']) {
    const { tickets } = await logIn(name)
    for (const { appId: grantTo } of [map, shop])
      await call('/v1/consent/grant', { token: tickets.skey, grantTo })
  }
  const openIds = (await rows()).map(({ openId }) => openId)
  t.equal(new Set(openIds).size, 4, 'one for each user and app')
  t.ok(openIds.every((openId) => /^[\w-]{28}$/.test(openId)))
  await admin.accounts.remove('amber')
  t.match((await rows()).map(({ scopes }) => scopes).sort(), ['', '', 'openid', 'openid'])
  clock.add(25 * 3_600_000)
  t.equal(await removeRevokedConsents(server.db.write, clock.now() - 24 * 3_600_000, 10), 2)
  await admin.apps.disable(map.appId)
  await admin.apps.remove(map.appId)
  t.match(await rows(), [{ appId: shop.appId }])
})
