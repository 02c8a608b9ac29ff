/** Logins by a provider and links that race: through two processes on MariaDB and Redis, and on the embedded engines. */
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { createOauthApp, openLoginProvider } from '../harness/login-provider.ts'
import { openTestServer } from '../harness/test-server.ts'
import type { Send } from '../harness/totp-client.ts'
import { openFleet } from './fleet.ts'

t.setTimeout(300_000)

const publicUrl = 'http://127.0.0.1:9'
const redirect = 'https://app.example/back'
const callback = (name: string) => `${publicUrl}/oauth/callback/${name}`
const providers = {
  acme: await openLoginProvider(t, [callback('acme')]),
  other: await openLoginProvider(t, [callback('other')]),
}
const settings = {
  TORII__SERVER__PUBLIC_URL: publicUrl,
  TORII__PROVIDERS: JSON.stringify({
    acme: { ...providers.acme.row, trustsEmail: true },
    other: { ...providers.other.row, trustsEmail: true },
  }),
}

const fleet = await openFleet(t, settings)
await fleet.admin.apps.set(fleet.app.appId, { redirects: [redirect] })
const embedded = await openTestServer({ environment: settings })
t.teardown(embedded.close)
await embedded.server.apps.set(embedded.app.appId, { redirects: [redirect] })

/** Of a process, where a redirect is an answer. */
const sendTo =
  (url: string): Send =>
  async ({ method, url: path, headers, payload }) => {
    const reply = await fetch(url + path, {
      method,
      redirect: 'manual',
      headers,
      ...(payload !== undefined && { body: payload }),
    })
    return { status: reply.status, headers: Object.fromEntries(reply.headers), body: await reply.text() }
  }

const openApp = (send: Send, app: { appId: string; appSecret: string }) => {
  const call = async (path: string, members: Record<string, unknown>) => {
    const reply = await send({
      method: 'POST',
      url: path,
      headers: { host: 'localhost', 'content-type': 'application/json' },
      payload: JSON.stringify({ appid: app.appId, appsecret: app.appSecret, ...members }),
    })
    return JSON.parse(reply.body)
  }
  return { call, ...createOauthApp({ call, send, redirect }) }
}
type App = ReturnType<typeof openApp>

const own = openApp(embedded.send, embedded.app)
const places: { name: string; one: App; two: App }[] = [
  {
    name: 'two processes',
    one: openApp(sendTo(fleet.a.url), fleet.app),
    two: openApp(sendTo(fleet.b.url), fleet.app),
  },
  { name: 'embedded', one: own, two: own },
]

const newPerson = () => `person-${randomBytes(6).toString('hex')}`
const rounds = 5

const register = async ({ call }: App) => {
  const password = 'correct horse battery'
  const user = { userName: `local-${randomBytes(5).toString('hex')}` }
  const { tickets } = await call('/v1/register', { regmode: 'anonymous', user, password })
  return String(tickets.skey)
}

const codesOf = (replies: readonly { code: number }[]) => replies.map(({ code }) => code).sort()

for (const { name, one, two } of places) {
  const apps = [one, two] as const

  t.test(`${name}: an unknown identity that comes several times at once gets one account`, async (t) => {
    for (let round = 0; round < rounds; round++) {
      const person = newPerson()
      const handed = []
      for (let at = 0; at < 4; at++) handed.push(await apps[at % 2 === 0 ? 0 : 1].codeOf(person))
      const replies = await Promise.all(
        handed.map((finish, at) => apps[at % 2 === 0 ? 1 : 0].call('/v1/oauth/finish', { finish })),
      )
      t.same(codesOf(replies), Array(4).fill(codes.LOGGED_IN))
      t.equal(new Set(replies.map(({ user }) => user.userId)).size, 1, 'one account')
      t.equal(replies.filter(({ isNew }) => isNew).length, 1, 'made once')
    }
  })

  t.test(`${name}: two identities with one trusted address come to one account`, async (t) => {
    for (let round = 0; round < rounds; round++) {
      const [first, second] = [newPerson(), newPerson()]
      const email = `${first}@example.com`
      providers.acme.people.set(first, { sub: first, email, email_verified: true })
      providers.other.people.set(second, { sub: second, email, email_verified: true })
      const handed = [await one.codeOf(first), await two.codeOf(second, 'other')]
      const replies = await Promise.all(
        handed.map((finish, at) => apps[at === 0 ? 0 : 1].call('/v1/oauth/finish', { finish })),
      )
      t.same(codesOf(replies), [codes.LOGGED_IN, codes.LOGGED_IN])
      t.equal(new Set(replies.map(({ user }) => user.userId)).size, 1)
    }
  })

  t.test(`${name}: a code that is handed in several times at once logs in once`, async (t) => {
    const finish = await one.codeOf(newPerson())
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        apps[at % 2 === 0 ? 0 : 1].call('/v1/oauth/finish', { finish, device: { device: `${at}` } }),
      ),
    )
    t.equal(replies.filter(({ code }) => code === codes.LOGGED_IN).length, 1)
    t.equal(replies.filter(({ code }) => code === codes.OAUTH_EXPIRED).length, 9)
  })

  t.test(`${name}: of two users who link one identity at once, one has it`, async (t) => {
    for (let round = 0; round < rounds; round++) {
      const person = newPerson()
      const tokens = [await register(one), await register(two)]
      const links = [await one.codeOf(person), await two.codeOf(person)]
      const replies = await Promise.all(
        links.map((link, at) => apps[at === 0 ? 0 : 1].call('/v1/oauth/link', { token: tokens[at], link })),
      )
      t.same(codesOf(replies), [codes.OK, codes.IDENTITY_TAKEN])
    }
  })

  t.test(`${name}: the last two ways do not leave at once`, async (t) => {
    for (let round = 0; round < rounds; round++) {
      const { tickets } = await one.logIn(newPerson())
      const token = tickets.skey
      await two.call('/v1/oauth/link', { token, link: await two.codeOf(newPerson(), 'other') })
      const replies = await Promise.all([
        one.call('/v1/oauth/unlink', { token, unlink: 'acme' }),
        two.call('/v1/oauth/unlink', { token, unlink: 'other' }),
      ])
      t.same(codesOf(replies), [codes.OK, codes.LAST_LOGIN])
    }
  })

  t.test(`${name}: an address and an identity do not leave at once`, async (t) => {
    for (let round = 0; round < rounds; round++) {
      const person = newPerson()
      providers.acme.people.set(person, { sub: person, email: `${person}@example.com`, email_verified: true })
      const { tickets } = await one.logIn(person)
      const token = tickets.skey
      const replies = await Promise.all([
        one.call('/v1/oauth/unlink', { token, unlink: 'acme' }),
        two.call('/v1/address/remove', { token, remove: 'email' }),
      ])
      t.same(codesOf(replies), [codes.OK, codes.LAST_LOGIN])
    }
  })
}
