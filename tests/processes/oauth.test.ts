/** Logging in by a provider, with a real one on this machine; its pages are clicked through. */
import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { createAdmin } from '../../src/admin.ts'
import { createClient } from '../../src/client/index.ts'
import { loadConfig } from '../../src/config/load.ts'
import { codes } from '../harness/codes.ts'
import {
  createOauthApp,
  createWalker,
  newVerifier,
  openLoginProvider,
  type Person,
} from '../harness/login-provider.ts'
import { readCode, readMessages } from '../harness/messages.ts'
import { openTestServer } from '../harness/test-server.ts'

const publicUrl = 'http://127.0.0.1:9'
const back = 'https://app.example/back'
const callback = (name: string) => `${publicUrl}/oauth/callback/${name}`

const providers = {
  acme: await openLoginProvider(t, [callback('acme')]),
  other: await openLoginProvider(t, [callback('other')]),
}
const open = async (rows: Record<string, object> = {}) => {
  const row = (name: 'acme' | 'other') => ({ ...providers[name].row, ...rows[name] })
  const opened = await openTestServer({
    environment: {
      TORII__SERVER__PUBLIC_URL: publicUrl,
      TORII__PROVIDERS: JSON.stringify({ acme: row('acme'), other: row('other') }),
    },
  })
  await opened.server.apps.set(opened.app.appId, { redirects: [back] })
  t.teardown(opened.close)
  return opened
}
type World = Awaited<ReturnType<typeof open>>

const appOf = ({ callJson, send }: World) =>
  createOauthApp({
    call: async (path, members) => (await callJson(path, members)).json,
    send,
    redirect: back,
  })
const start = (world: World, provider?: string) => appOf(world).start(provider)
const comeBack = (world: World, to: URL) => appOf(world).comeBack(to)
const codeOf = (world: World, name: string, provider?: string) => appOf(world).codeOf(name, provider)
const logIn = (world: World, name: string, provider?: string) => appOf(world).logIn(name, provider)

let people = 0
const newPerson = (about: Partial<Person> = {}, provider: 'acme' | 'other' = 'acme') => {
  const sub = `person-${people++}`
  providers[provider].people.set(sub, { sub, ...about })
  return sub
}

const world = await open()

t.test('a user logs in at the provider, and comes back to the same account', async (t) => {
  const name = newPerson({ name: 'Ada  Lovelace' })
  const first = await logIn(world, name)
  t.match(first, { code: codes.LOGGED_IN, isNew: true, user: { nickName: 'Ada  Lovelace' } })
  t.match(first.user.userName, /^user-[0-9a-f]{12}$/)
  const again = await logIn(world, name)
  t.match(again, { code: codes.LOGGED_IN, isNew: false, user: first.user })
  const { json } = await world.callJson('/v1/session', { token: again.tickets.skey })
  t.equal(json.code, codes.TICKET_VALID)
  const list = await world.callJson('/v1/oauth/list', { token: again.tickets.skey })
  t.match(list.json.identities, [{ provider: 'acme', name: 'Ada  Lovelace' }])
})

t.test('a callback and a code work once, for the app and the verifier that began', async (t) => {
  const name = newPerson()
  const begun = await start(world)
  const to = await createWalker()(begun.url, name)
  const first = await comeBack(world, to)
  t.equal(first.status, 303)
  t.equal(first.target?.origin + String(first.target?.pathname), back)
  t.equal(first.target?.searchParams.get('flow'), begun.flow)
  const code = String(first.target?.searchParams.get('code'))
  t.equal((await comeBack(world, to)).status, 400, 'the back button')

  const finish = (members: object) => world.callJson('/v1/oauth/finish', { finish: members })
  const other = newVerifier().verifier
  t.equal((await finish({ code, verifier: other })).json.code, codes.OAUTH_EXPIRED, 'another verifier')
  const used = await finish({ code, verifier: begun.verifier })
  t.equal(used.json.code, codes.LOGGED_IN, 'a stranger with a wrong verifier did not use the code up')

  const handed = await codeOf(world, name)
  t.equal((await finish(handed)).json.code, codes.LOGGED_IN)
  t.equal((await finish({ ...handed, verifier: handed.verifier })).json.code, codes.OAUTH_EXPIRED, 'twice')

  const stranger = await world.server.apps.add({ name: 'stranger' })
  const ofStranger = { appid: stranger.appId, appsecret: stranger.appSecret }
  const stolen = await world.callJson('/v1/oauth/finish', {
    ...ofStranger,
    finish: await codeOf(world, name),
  })
  t.equal(stolen.json.code, codes.OAUTH_EXPIRED, 'another app')
})

t.test('a state that is missing, foreign or of another provider begins nothing', async (t) => {
  const walk = createWalker()
  const begun = await start(world)
  const to = await walk(begun.url, newPerson())
  const without = new URL(to)
  without.searchParams.delete('state')
  t.equal((await comeBack(world, without)).status, 400, 'missing')
  const foreign = new URL(to)
  foreign.searchParams.set('state', randomBytes(24).toString('base64url'))
  t.equal((await comeBack(world, foreign)).status, 400, 'foreign')

  const mixed = new URL(to.href.replace('/callback/acme', '/callback/other'))
  t.equal((await comeBack(world, mixed)).status, 400, 'at the page of another provider')
  t.equal((await comeBack(world, to)).status, 400, 'and it is over')
})

t.test('the issuer in the answer must be that of the provider', async (t) => {
  const begun = await start(world)
  const to = await createWalker()(begun.url, newPerson())
  t.equal(to.searchParams.get('iss'), providers.acme.issuer)
  to.searchParams.set('iss', providers.other.issuer)
  const { target } = await comeBack(world, to)
  t.equal(target?.searchParams.get('error'), 'temporarily_unavailable')
  t.notOk(target?.searchParams.has('code'))
})

t.test('a code of another login is refused by PKCE and nonce', async (t) => {
  const walk = createWalker()
  const thief = await walk((await start(world)).url, newPerson())
  const victim = await start(world)
  const to = await createWalker()(victim.url, newPerson())
  to.searchParams.set('code', String(thief.searchParams.get('code')))
  const { target } = await comeBack(world, to)
  t.equal(target?.searchParams.get('error'), 'access_denied')
})

t.test('a user who refuses comes back with an error', async (t) => {
  const begun = await start(world)
  const to = await createWalker()(begun.url, newPerson(), { refuses: true })
  const { target } = await comeBack(world, to)
  t.equal(target?.searchParams.get('error'), 'access_denied')
  t.equal(target?.searchParams.get('flow'), begun.flow)
})

t.test('two tabs are two flows', async (t) => {
  const name = newPerson()
  const walk = createWalker()
  const [one, two] = [await start(world), await start(world)]
  const [toOne, toTwo] = [await walk(one.url, name), await walk(two.url, name)]
  for (const [begun, to] of [
    [two, toTwo],
    [one, toOne],
  ] as const) {
    const { target } = await comeBack(world, to)
    t.equal(target?.searchParams.get('flow'), begun.flow)
    const finish = { code: target?.searchParams.get('code'), verifier: begun.verifier }
    t.equal((await world.callJson('/v1/oauth/finish', { finish })).json.code, codes.LOGGED_IN)
  }
})

t.test('only a listed target of the own app, and a provider for it', async (t) => {
  const { challenge } = newVerifier()
  const begin = async (members: object) =>
    (await world.callJson('/v1/oauth/start', { provider: 'acme', challenge, ...members })).json.code
  t.equal(await begin({ redirect: `${back}/` }), codes.TARGET_REFUSED)
  t.equal(await begin({ redirect: 'https://app.example/BACK' }), codes.TARGET_REFUSED)
  t.equal(await begin({ redirect: back, provider: 'none' }), codes.PROVIDER_UNKNOWN)
  const closed = await open({ acme: { apps: ['another'], titleChinese: '某某' } })
  const { json } = await closed.callJson('/v1/oauth/start', { provider: 'acme', challenge, redirect: back })
  t.equal(json.code, codes.PROVIDER_UNKNOWN)
  t.match((await closed.callJson('/v1/oauth/providers')).json.providers, [{ provider: 'other' }])
})

const registered = async ({ callJson }: World) => {
  const userName = `local${people++}`
  const password = 'correct horse battery'
  const { json } = await callJson('/v1/register', { regmode: 'anonymous', user: { userName }, password })
  const { user, tickets } = json as { user: { userId: string }; tickets: { skey: string } }
  return { userId: user.userId, token: tickets.skey, userName, password }
}

t.test('a logged-in user links an identity, logs in by it, and unlinks it', async (t) => {
  const name = newPerson()
  const { userId, token } = await registered(world)
  const linked = await world.callJson('/v1/oauth/link', { token, link: await codeOf(world, name) })
  t.match(linked.json, { code: codes.OK, identity: { provider: 'acme' } })
  const again = await world.callJson('/v1/oauth/link', { token, link: await codeOf(world, name) })
  t.equal(again.json.code, codes.OK, 'linking it again changes nothing')
  t.match(await logIn(world, name), { isNew: false, user: { userId } })

  const second = await world.callJson('/v1/oauth/link', { token, link: await codeOf(world, newPerson()) })
  t.equal(second.json.code, codes.IDENTITY_LINKED, 'another one of the provider')
  const thief = await registered(world)
  const taken = { token: thief.token, link: await codeOf(world, name) }
  t.equal((await world.callJson('/v1/oauth/link', taken)).json.code, codes.IDENTITY_TAKEN)

  const other = newPerson({}, 'other')
  await world.callJson('/v1/oauth/link', { token, link: await codeOf(world, other, 'other') })
  t.match(await logIn(world, other, 'other'), { isNew: false, user: { userId } }, 'a second provider')
  t.equal((await world.callJson('/v1/oauth/unlink', { token, unlink: 'acme' })).json.code, codes.OK)
  t.equal(
    (await world.callJson('/v1/oauth/unlink', { token, unlink: 'acme' })).json.code,
    codes.PARAMETER_INVALID,
  )
  t.match(await logIn(world, name), { isNew: true }, 'a stranger again')
})

t.test('the last way to log in stays', async (t) => {
  const name = newPerson()
  const { tickets } = await logIn(world, name)
  const token = tickets.skey
  const unlink = async (provider: string) =>
    (await world.callJson('/v1/oauth/unlink', { token, unlink: provider })).json.code
  t.equal(await unlink('acme'), codes.LAST_LOGIN)
  const other = newPerson({}, 'other')
  await world.callJson('/v1/oauth/link', { token, link: await codeOf(world, other, 'other') })
  t.equal(await unlink('acme'), codes.OK)
  t.equal(await unlink('other'), codes.LAST_LOGIN)
})

const mailUser = async ({ callJson, send }: World, email: string) => {
  const password = 'correct horse battery'
  const { json } = await callJson('/v1/register', { regmode: 'email', user: { email }, password })
  const { json: made } = await callJson('/v1/verify', { flow: json.flow, code: await readCode(send, email) })
  const { user, tickets } = made as { user: { userId: string }; tickets: { a2: string; skey: string } }
  return { userId: user.userId, password, email, ...tickets }
}

t.test('an address joins an account only where the configuration trusts the provider', async (t) => {
  const email = `mail${people++}@example.com`
  const { userId } = await mailUser(world, email)
  const { user } = await logIn(world, newPerson({ email, email_verified: true }))
  t.not(user.userId, userId, 'a new account, without the address')
})

t.test('what opened an account before an identity joins it has ended', async (t) => {
  const trusting = await open({ acme: { trustsEmail: true } })
  const email = `mail${people++}@example.com`
  const thief = await mailUser(trusting, email)
  const thiefsOwn = newPerson({}, 'other')
  const link = await codeOf(trusting, thiefsOwn, 'other')
  t.equal((await trusting.callJson('/v1/oauth/link', { token: thief.skey, link })).json.code, codes.OK)

  const unverified = await logIn(trusting, newPerson({ email, email_verified: false }))
  t.match(unverified, { isNew: true, isJoined: false }, 'the provider has not verified it')
  const victim = newPerson({ email: email.toUpperCase(), email_verified: true })
  const joined = await logIn(trusting, victim)
  t.match(joined, { isNew: false, isJoined: true, user: { userId: thief.userId } })

  const session = await trusting.callJson('/v1/session', { token: thief.skey })
  t.equal(session.json.code, codes.TICKET_ENDED, 'logins')
  const exchange = await trusting.callJson('/v1/ticket/exchange', { token: thief.a2, to: 'skey' })
  t.equal(exchange.json.code, codes.NOT_LOGGED_IN, 'A2s')
  const byPassword = await trusting.callJson('/v1/login', { login: email, password: thief.password })
  t.equal(byPassword.json.code, codes.LOGIN_FAILED, 'passwords')
  t.match(await logIn(trusting, thiefsOwn, 'other'), { isNew: true }, 'links')
  t.match(await logIn(trusting, victim), { isNew: false, isJoined: false, user: { userId: thief.userId } })

  const fresh = `mail${people++}@example.com`
  await logIn(trusting, newPerson({ email: fresh, email_verified: true }))
  const { json } = await trusting.callJson('/v1/code/send', { purpose: 'login', address: fresh })
  t.equal(json.code, codes.OK)
  t.match(await readCode(trusting.send, fresh), /^\d{6}$/, 'a new account has its trusted address')
})

const told = async ({ send }: World, email: string, kind: string) =>
  (await readMessages(send)).filter(({ to, text }) => to === email && text.includes(kind))

t.test('the user is told by mail what opens the account, and who joined it', async (t) => {
  const trusting = await open({ acme: { trustsEmail: true } })
  const email = `mail${people++}@example.com`
  const { skey: token } = await mailUser(trusting, email)
  const link = await codeOf(trusting, newPerson({}, 'other'), 'other')
  await trusting.callJson('/v1/oauth/link', { token, link })
  await trusting.callJson('/v1/oauth/unlink', { token, unlink: 'other' })
  const [unlinked, linked, ...more] = await told(trusting, email, 'identity-changed')
  t.match(linked?.text, '现在可以用other登录')
  t.match(unlinked?.text, 'other已不能再登录')
  t.same(more, [])
  t.match(await logIn(trusting, newPerson({ email, email_verified: true })), { isJoined: true })
  const [joined] = await told(trusting, email, 'identity-changed')
  t.match(joined?.text, '现在可以用acme登录')
})

t.test('a user with a new password reads which identities a thief has left', async (t) => {
  const email = `mail${people++}@example.com`
  const { skey: token } = await mailUser(world, email)
  await world.callJson('/v1/oauth/link', { token, link: await codeOf(world, newPerson()) })
  const { json } = await world.callJson('/v1/password/change', { token, newPassword: 'another long battery' })
  t.equal(json.code, codes.OK)
  const [changed] = await told(world, email, 'password-changed')
  t.match(changed?.text, '以下登录方式仍可登录该账户：acme。')
})

t.test('the logins of others end with the identity that may have opened them', async (t) => {
  const name = newPerson()
  const { token } = await registered(world)
  await world.callJson('/v1/oauth/link', { token, link: await codeOf(world, name) })
  const thief = await logIn(world, name)
  await world.callJson('/v1/oauth/unlink', { token, unlink: 'acme' })
  const session = async (token: string) => (await world.callJson('/v1/session', { token })).json.code
  t.equal(await session(thief.tickets.skey), codes.TICKET_ENDED)
  t.equal(await session(token), codes.TICKET_VALID, 'the one that asked goes on')
})

t.test('a disabled account, and a provider that makes none', async (t) => {
  const name = newPerson()
  const { user } = await logIn(world, name)
  const admin = createAdmin({ db: world.server.db, config: loadConfig({}) })
  await admin.accounts.disable(user.userId, 'test')
  t.equal((await logIn(world, name)).code, codes.ACCOUNT_DISABLED)
  const closed = await open({ acme: { createsAccounts: false } })
  t.equal((await logIn(closed, newPerson())).code, codes.IDENTITY_UNKNOWN)
})

t.test('a phone hands in an ID token for its nonce, once', async (t) => {
  const phone = await open({ acme: { nativeClientIds: ['torii-phone'] } })
  const name = newPerson()
  const begin = async () => {
    const { verifier, challenge } = newVerifier()
    const { json } = await phone.callJson('/v1/oauth/start', { provider: 'acme', challenge })
    return { verifier, flow: String(json.flow), nonce: String(json.nonce) }
  }
  const tokenFor = async (nonce: string, client = 'torii-phone') => {
    const asked = {
      client_id: client,
      response_type: 'id_token',
      redirect_uri: 'com.example.phone:/back',
      scope: 'openid',
      nonce,
    }
    const to = await createWalker()(`${providers.acme.issuer}/auth?${new URLSearchParams(asked)}`, name)
    return String(new URLSearchParams(to.hash.slice(1)).get('id_token'))
  }
  const finish = async (handed: object) => (await phone.callJson('/v1/oauth/finish', { finish: handed })).json

  const { nonce, ...first } = await begin()
  const idToken = await tokenFor(nonce)
  t.match(await finish({ ...first, idToken }), { code: codes.LOGGED_IN, isNew: true })
  t.equal((await finish({ ...first, idToken })).code, codes.OAUTH_EXPIRED, 'the flow is over')
  const { nonce: _, ...second } = await begin()
  t.equal((await finish({ ...second, idToken })).code, codes.PROVIDER_REFUSED, 'the nonce of another login')
  const { nonce: third, ...rest } = await begin()
  const [head, body, mac = ''] = (await tokenFor(third)).split('.')
  const forged = [head, body, mac.startsWith('A') ? `B${mac.slice(1)}` : `A${mac.slice(1)}`].join('.')
  t.equal(
    (await finish({ ...rest, idToken: forged })).code,
    codes.PROVIDER_REFUSED,
    'a signature by an unknown key',
  )
  const { nonce: __, ...fourth } = await begin()
  t.equal((await finish({ ...fourth, idToken: 'x.e30.x' })).code, codes.PROVIDER_REFUSED, 'no token')
  const { flow, verifier } = await start(phone)
  t.equal((await finish({ flow, verifier, idToken })).code, codes.OAUTH_EXPIRED, 'a flow of the browser')
})

t.test('the SDK goes the whole way', async (t) => {
  await world.server.http.listen({ port: 0, host: '127.0.0.1' })
  const { port } = world.server.http.server.address() as AddressInfo
  const { appId, appSecret } = world.app
  const client = createClient({ url: `http://127.0.0.1:${port}`, appId, appSecret })
  t.match(await client.oauthProviders(), [{ provider: 'acme', native: ['idToken'] }, { provider: 'other' }])
  const codeFor = async (name: string, provider: string) => {
    const { url = '', verifier } = await client.startOAuth({ provider, redirect: back })
    const { target } = await comeBack(world, await createWalker()(url, name))
    return { verifier, code: target?.searchParams.get('code') ?? '' }
  }
  t.match(await client.finishOAuth(await codeFor(newPerson(), 'acme')), { isNew: true, isJoined: false })
  t.match(await client.session(), { tier: 'skey' }, 'the client keeps the tickets')
  t.match(await client.linkIdentity(await codeFor(newPerson({}, 'other'), 'other')), { provider: 'other' })
  t.match(await client.identities(), [{ provider: 'acme' }, { provider: 'other' }])
  await client.unlinkIdentity('acme')
  await t.rejects(client.unlinkIdentity('other'), { name: 'LAST_LOGIN' })
})
