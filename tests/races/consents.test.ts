/** Consents through two processes, on MariaDB and Redis: grants and revocations at once, and exchanges meanwhile. */
import t from 'tap'
import { codes } from '../harness/codes.ts'
import type { Target } from '../harness/devices.ts'
import { until } from '../harness/test-server.ts'
import { openFleet } from './fleet.ts'

t.setTimeout(240_000)

type Members = Record<string, unknown>
type Reply = Members & { code: number; active?: boolean; reason?: string; tickets?: { openkey?: string } }

const openRace = async (t: Parameters<typeof openFleet>[0]) => {
  const fleet = await openFleet(t)
  const { a, b, app, admin } = fleet
  const scopes = Array.from({ length: 10 }, (_, at) => `scope${at}`)
  const map = await admin.apps.add({ name: 'map', isThirdParty: true, scopes })
  const post = async ({ send }: Target, url: string, { appId, appSecret } = app, members: Members = {}) => {
    const payload = JSON.stringify({ appid: appId, appsecret: appSecret, ...members })
    const headers = { 'content-type': 'application/json' }
    return JSON.parse((await send({ method: 'POST', url, headers, payload })).body) as Reply
  }
  await until('both processes know the app', async () => {
    const replies = await Promise.all([a, b].map((one) => post(one, '/v1/echo', map)))
    return replies.every(({ code }) => code === codes.OK)
  })
  const register = async (userName: string) => {
    const user = { regmode: 'anonymous', user: { userName }, password: 'correct horse' }
    return (await post(a, '/v1/register', app, user)) as Reply & { tickets: { skey: string } }
  }
  const call = (target: Target, url: string, members: Members) => post(target, url, app, members)
  const verify = (target: Target, tokens: string[]) => post(target, '/v1/ticket/verify', map, { tokens })
  return { ...fleet, map, scopes, register, call, verify }
}

t.test('of ten grants at once at two processes none loses its scope', async (t) => {
  const { a, b, map, scopes, register, call } = await openRace(t)
  const { skey: token } = (await register('amber')).tickets
  const replies = await Promise.all(
    scopes.map((scope, at) =>
      call(at % 2 ? a : b, '/v1/consent/grant', { token, grantTo: map.appId, scopes: [scope] }),
    ),
  )
  t.ok(replies.every(({ code }) => code === codes.OK))
  t.match((await call(b, '/v1/consent/list', { token })).consents, [{ scopes: ['openid', ...scopes] }])
})

t.test('after a revocation no OpenKey that was made before is good, in any process', async (t) => {
  const { a, b, map, register, call, verify } = await openRace(t)
  const { skey: token } = (await register('beryl')).tickets
  const grant = (target: Target) => call(target, '/v1/consent/grant', { token, grantTo: map.appId })
  const exchange = (target: Target) =>
    call(target, '/v1/ticket/exchange', { token, to: 'openkey', app: map.appId })
  await grant(a)
  const exchanges = Array.from({ length: 200 }, (_, at) => exchange(at % 2 ? a : b))
  await Promise.race(exchanges)
  t.equal((await call(b, '/v1/consent/revoke', { token, revokeFrom: map.appId })).code, codes.OK)
  const replies = await Promise.all(exchanges)
  t.ok(replies.every(({ code }) => code === codes.OK || code === codes.CONSENT_NEEDED))
  const tokens = replies.flatMap(({ tickets }) => (tickets?.openkey ? [tickets.openkey] : []))
  t.ok(tokens.length > 0, `${tokens.length} OpenKeys, the others were refused`)
  for (const target of [a, b])
    for (let at = 0; at < tokens.length; at += 100) {
      const { tickets } = (await verify(target, tokens.slice(at, at + 100))) as unknown as {
        tickets: { active: boolean }[]
      }
      t.same(
        tickets.filter(({ active }) => active),
        [],
        'none is active',
      )
    }

  const changes = Array.from({ length: 20 }, (_, at) =>
    at % 2 ? grant(at % 4 === 1 ? a : b) : call(b, '/v1/consent/revoke', { token, revokeFrom: map.appId }),
  )
  t.ok((await Promise.all(changes)).every(({ code }) => code === codes.OK))
  await call(a, '/v1/consent/revoke', { token, revokeFrom: map.appId })
  t.match(await exchange(b), { code: codes.CONSENT_NEEDED })
  await grant(b)
  const { tickets: last } = await exchange(a)
  t.match(await verify(b, [last?.openkey ?? '']), { tickets: [{ active: true }] })
})
