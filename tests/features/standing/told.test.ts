/** Who is told of roles and of what is withheld: the user, and backends that ask. */
import t from 'tap'
import { codes } from '../../harness/codes.ts'
import { formOf } from '../../http/world.ts'
import { engines, type Members, openStanding } from './world.ts'

t.setTimeout(60_000)

for (const [name, open] of engines) {
  t.test(`${name}: the user and backends that ask learn roles and what is withheld`, async (t) => {
    const world = await openStanding(t, await open(t))
    const { call, register, admin, clock, app } = world
    const { apps, http } = world.server
    const backend = await apps.add({ name: 'api', checks: [app.appId] })
    const third = await apps.add({ name: 'map', isThirdParty: true, scopes: ['profile'] })
    const elsewhere = await apps.add({ name: 'other' })
    await apps.reload()
    const [alice, bob] = [await register('alice'), await register('bob')]
    const userId = Number(alice.userId)
    for (const appId of ['', app.appId]) await admin.roles.grant(userId, { role: 'moderator', appId })
    await admin.roles.grant(userId, { role: 'chair', appId: app.appId })
    await admin.roles.grant(userId, { role: 'guest', appId: elsewhere.appId })
    const until = clock.now() + 60_000
    await admin.disabling.disable('alice', { capability: 'post', until, reason: 'advertising' })
    await admin.disabling.disable('alice', { capability: 'shop.sell', until: null, reason: 'fraud' })

    const as = async ({ appId, appSecret }: { appId: string; appSecret: string }, members: Members) => {
      const payload = { appid: appId, appsecret: appSecret, ...members }
      return (await http.inject({ method: 'POST', url: '/v1/ticket/verify', payload })).json()
    }
    const introspect = async (token: string, query: string) => {
      const authorization = `Basic ${Buffer.from(`${backend.appId}:${backend.appSecret}`).toString('base64')}`
      const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' }
      const url = `/oauth/introspect${query}`
      return (await http.inject({ method: 'POST', url, headers, payload: formOf({ token }) })).json()
    }
    const wants = ['roles', 'withheld']
    const roles = ['chair', 'moderator']
    const withheld = [{ capability: 'post', until: Math.floor(until / 1_000) }, { capability: 'shop.sell' }]

    const { tickets } = await as(backend, { tokens: [bob.skey, 'sk_', alice.skey], wants })
    t.match(tickets[0], { active: true, roles: [], withheld: [] })
    t.same(tickets[1], { active: false, reason: 'unknown' })
    t.strictSame([tickets[2].roles, tickets[2].withheld], [roles, withheld], 'by role and capability')
    const one = await as(backend, { token: alice.skey, wants: ['roles'] })
    t.strictSame([one.code, one.roles, one.withheld], [codes.TICKET_VALID, roles, undefined])
    const plain = await as(backend, { token: alice.skey })
    t.notOk('roles' in plain || 'withheld' in plain, 'not where it is not asked for')

    const seen = await introspect(alice.skey, '?wants=roles+withheld')
    t.strictSame([seen.active, seen.roles, seen.withheld], [true, roles, withheld])
    const unasked = await introspect(alice.skey, '')
    t.notOk('roles' in unasked || 'withheld' in unasked)
    t.equal((await introspect(alice.skey, '?wants=role')).error, 'invalid_request', 'a misspelled name')

    t.equal((await as(third, { token: alice.skey, wants })).code, codes.PARAMETER_INVALID, 'a third party')
    const openkey = { token: alice.skey, tier: 'openkey', wants }
    t.equal((await as(backend, openkey)).code, codes.PARAMETER_INVALID, 'an OpenKey')

    const own = (await call('/v1/user/get', { token: alice.skey })).user as Members
    t.strictSame([own.roles, own.withheld], [roles, withheld])
    const other = (await call('/v1/user/get', { token: bob.skey, userId: alice.userId })).user as Members
    t.equal(other.userId, alice.userId)
    t.notOk('roles' in other || 'withheld' in other, 'no other user')

    await admin.roles.revoke(userId, { role: 'chair', appId: app.appId })
    clock.add(60_000)
    const later = await as(backend, { token: alice.skey, wants })
    t.strictSame([later.roles, later.withheld], [['moderator'], [{ capability: 'shop.sell' }]])
  })
}
