/** How long keys live, and what ends them. */
import t from 'tap'
import { codes as replyCodes } from '../harness/codes.ts'
import {
  beginExchange,
  type Call,
  createSealedClient,
  exchangeKey,
  exchangeSealedKeys,
  helloFrame,
  type Members,
  messageOf,
  proofOf,
  type SharedKey,
  thirdOf,
} from '../harness/key-client.ts'
import { isRefused, openUserWorld } from './key-world.ts'
import { formOf } from './world.ts'

t.setTimeout(60_000)

const hourMs = 3_600_000
const dayMs = 24 * hourMs

t.test('an exchange is over after a minute, a key after a day, a week or a month', async (t) => {
  const { call, clock, exchange, hello, login } = await openUserWorld(t)
  const third = (key: SharedKey) => call('/v1/key-exchange', thirdOf(key, String(clock.now())))
  const [slow, late] = [await beginExchange(call, 'AES-CTR'), await beginExchange(call, 'ChaCha20')]
  if (!slow.shared || !late.shared) throw new Error('refused')
  clock.add(59_000)
  t.equal(messageOf(await third(slow.shared)).status, 'needlogin', 'within the minute')
  clock.add(1_001)
  isRefused(t, await third(late.shared), replyCodes.KX_KEY_PRINT, 'a minute later')

  const [unused, idle, used] = [await exchange(), await exchange(), await exchange('ChaCha20')]
  for (const key of [idle, used]) t.equal((await login(key)).code, replyCodes.LOGGED_IN)
  clock.add(hourMs - 60_000)
  t.equal(messageOf(await hello(unused)).stage, 'needlogin', 'a key without a login lives an hour')
  clock.add(60_001)
  isRefused(t, await hello(unused), replyCodes.KX_KEY_PRINT, 'and asking does not make it longer')
  clock.add(23 * hourMs)
  t.equal(messageOf(await hello(used)).stage, 'waitdata')
  for (let week = 0; week < 4; week++) {
    clock.add(7 * dayMs - 60_000)
    t.equal(messageOf(await hello(used)).stage, 'waitdata', `used within the week, ${week}`)
    if (week === 0) isRefused(t, await hello(idle), replyCodes.KX_KEY_PRINT, 'idle for a week')
  }
  clock.add(dayMs + hourMs)
  isRefused(t, await hello(used), replyCodes.KX_KEY_PRINT, 'over after 30 days, however often it was used')
})

t.test(
  'a key that was logged in on lives a week from its last use, also in place of its first hour',
  async (t) => {
    const world = await openUserWorld(t)
    const { call, clock, exchange, hello, login, request } = world
    const key = await exchange()
    t.equal((await login(key)).code, replyCodes.LOGGED_IN)
    const { keys } = await exchangeSealedKeys(call, world.app.appId)
    const sealed = createSealedClient(keys, (url, form) => request({ url, post: formOf(form) }), clock.now)
    t.equal(
      (await sealed.call('/v1/login', { login: 'willow', password: 'pass word' })).code,
      replyCodes.LOGGED_IN,
    )
    clock.add(0.9 * dayMs)
    t.equal(messageOf(await hello(key)).stage, 'waitdata')
    t.equal((await sealed.call('/v1/echo')).code, replyCodes.OK)
    clock.add(7 * dayMs - 60_000)
    t.equal(messageOf(await hello(key)).stage, 'waitdata', 'six days and 23 hours and 59 minutes later')
    t.match(await sealed.call('/v1/echo'), { code: replyCodes.OK, sealed: true })
    clock.add(7 * dayMs + hourMs + 1)
    isRefused(t, await hello(key), replyCodes.KX_KEY_PRINT, 'not used for a week')
    t.match(await sealed.call('/v1/echo'), { code: replyCodes.ENVELOPE_REFUSED, sealed: false })
  },
)

t.test('what a device says of itself does not make a key live longer', async (t) => {
  const { clock, exchange, hello, login, server } = await openUserWorld(t)
  const [unused, used] = [await exchange(), await exchange()]
  t.equal((await login(used)).code, replyCodes.LOGGED_IN)
  clock.add(hourMs / 10)
  const isKept = async (key: SharedKey) => {
    const { outcome } = await server.store.consume(`ledger:{${key.keyPrint}}`, [], 9)
    return [(await server.store.get(`key:{${key.keyPrint}}`)) !== undefined, outcome !== 'missing']
  }
  for (const key of [unused, used]) t.equal((await hello(key, { Lang: 'en' })).code, replyCodes.OK)
  clock.add(0.9 * hourMs - 1)
  for (const key of [unused, used]) t.same(await isKept(key), [true, true])
  clock.add(2)
  t.same(await isKept(unused), [false, false], 'nothing of it is left when its hour is over')
  t.same(await isKept(used), [true, true])
})

t.test('a weak key gets no A2 and a login of a day', async (t) => {
  const { call, ways, clock, exchange, hello, login } = await openUserWorld(t)
  const key = await exchange('twofish128')
  const { tickets } = await login(key)
  t.same(Object.keys(tickets as Members), ['skey'])
  const { skey } = tickets as { skey: string }
  const session = await call('/v1/session', { token: skey })
  t.ok(Number(session.expiresAt) <= clock.now() + dayMs, `it lives until ${session.expiresAt}`)
  t.equal((await call('/v1/ticket/exchange', { token: skey, to: 'skey' })).code, replyCodes.TIER_WANTED)
  const totp = await ways['t and j by POST']
  const device = await exchange('twofish128')
  t.same(Object.keys((await login(device, totp)).tickets as Members), ['skey'])
  clock.add(dayMs - 60_000)
  t.equal(messageOf(await hello(key)).stage, 'waitdata')
  clock.add(61_000)
  t.equal(messageOf(await hello(key)).stage, 'needlogin', 'a day later it has to log in again')
})

t.test('a copy of a login on a weak key gets the reply of its first', async (t) => {
  const { connect, clock, exchange } = await openUserWorld(t)
  const client = await connect()
  const key = await exchange('twofish128')
  const j = client.seal({ login: 'willow', password: 'pass word', ...proofOf(key, String(clock.now())) })
  const first = await client.sendSealed('/v1/login', j, 'POST')
  t.match(first.json, { code: replyCodes.LOGGED_IN, tickets: { skey: /^sk_/ } })
  t.same((await client.sendSealed('/v1/login', j, 'POST')).json, first.json)
})

t.test('a key ends with its 4,096th proof', async (t) => {
  const { server, exchange, hello } = await openUserWorld(t)
  for (const suite of ['ChaCha20', 'twofish128'] as const) {
    const key = await exchange(suite)
    const marksEach = suite === 'twofish128' ? 2 : 1
    const marks = Array.from({ length: 4_093 * marksEach }, (_, at) => `x${at}`)
    const { outcome } = await server.store.consume(`ledger:{${key.keyPrint}}`, marks, 10_000)
    t.equal(outcome, 'consumed')
    t.equal(
      messageOf(await hello(key)).stage,
      'needlogin',
      `${suite}: two of its exchange and 4,093: one is left`,
    )
    isRefused(t, await hello(key), replyCodes.KX_KEY_PRINT, `${suite}: one too many`)
    isRefused(t, await hello(key), replyCodes.KX_KEY_PRINT, `${suite}: it has ended`)
    t.equal(await server.store.get(`key:{${key.keyPrint}}`), undefined)
  }
})

t.test('of one address eight exchanges are open', async (t) => {
  const { call, request, app, tm } = await openUserWorld(t, { TORII__SECURITY__PROFILE: 'legacy' })
  const credentials = { appid: app.appId, appsecret: app.appSecret }
  const from =
    (from: string): Call =>
    async (url, members) =>
      JSON.parse((await request({ url, json: { ...credentials, ...members }, from })).body)
  const begin = async (by: Call) => {
    const { shared } = await beginExchange(by, 'AES-CTR')
    if (!shared) throw new Error('refused')
    return shared
  }
  const [first, other] = [await begin(call), await begin(from('10.0.0.7'))]
  const more: SharedKey[] = []
  for (let at = 0; at < 8; at++) more.push(await begin(call))
  const third = (key: SharedKey) => call('/v1/key-exchange', thirdOf(key, tm()))
  isRefused(t, await third(first), replyCodes.KX_KEY_PRINT, 'the oldest has given way')
  for (const key of [...more, other]) t.equal(messageOf(await third(key)).status, 'needlogin')
  for (let at = 0; at < 9; at++) await begin(call)
  t.equal(messageOf(await call('/v1/hello', helloFrame(more[0], tm()))).stage, 'needlogin', 'a key stays')
})

t.test('of the SKeys of resuming eight are live', async (t) => {
  const { call, exchange, hello, login } = await openUserWorld(t)
  const key = await exchange()
  const { tickets } = await login(key)
  const resumed: string[] = []
  for (let at = 0; at < 10; at++) resumed.push(((await hello(key)).tickets as { skey: string }).skey)
  const codes = await Promise.all(resumed.map(async (token) => (await call('/v1/session', { token })).code))
  t.same(codes, [
    replyCodes.NOT_LOGGED_IN,
    replyCodes.NOT_LOGGED_IN,
    ...Array(8).fill(replyCodes.TICKET_VALID),
  ])
  const { skey, a2 } = tickets as { skey: string; a2: string }
  for (const token of [skey, a2])
    t.equal((await call('/v1/session', { token })).code, replyCodes.TICKET_VALID, 'its own stay')
})

t.test('an address keeps 64 keys without a login, and pushes out none with one', async (t) => {
  const world = await openUserWorld(t, { TORII__SECURITY__PROFILE: 'legacy' })
  const { app, call, clock, exchange, hello, login, request, server } = world
  const credentials = { appid: app.appId, appsecret: app.appSecret }
  const elsewhere: Call = async (url, members) =>
    JSON.parse((await request({ url, json: { ...credentials, ...members }, from: '10.0.0.7' })).body)
  const seal = async () => {
    const { keys } = await exchangeSealedKeys(call, app.appId)
    const post = (url: string, form: Record<string, string>) => request({ url, post: formOf(form) })
    return { keys, ...createSealedClient(keys, post, clock.now) }
  }
  const [bound, sealedBound] = [await exchange(), await seal()]
  t.equal((await login(bound)).code, replyCodes.LOGGED_IN)
  t.equal(messageOf(await hello(bound, { Lang: 'en' })).stage, 'waitdata')
  t.equal(
    (await sealedBound.call('/v1/login', { login: 'willow', password: 'pass word' })).code,
    replyCodes.LOGGED_IN,
  )
  const other = await exchangeKey(elsewhere, 'AES-CTR', clock.now)
  const [first, sealed] = [await exchange(), await seal()]
  t.equal(messageOf(await hello(first, { Lang: 'en' })).stage, 'needlogin')
  const more: SharedKey[] = []
  for (let at = 0; at < 62; at++) more.push(await exchange())
  t.equal(messageOf(await hello(first)).stage, 'needlogin', 'the 64th from the newest')
  t.equal((await sealed.call('/v1/echo')).code, replyCodes.OK)
  for (const next of [first.keyPrint, sealed.keys.fingerprint]) {
    t.ok(await server.store.get(`key:{${next}}`))
    await exchange()
    t.equal(await server.store.get(`key:{${next}}`), undefined, 'the 65th is gone')
    t.equal((await server.store.consume(`ledger:{${next}}`, ['x'], 9)).outcome, 'missing')
  }
  isRefused(t, await hello(first), replyCodes.KX_KEY_PRINT, 'its owner exchanges another')
  t.match(await sealed.call('/v1/echo'), { code: replyCodes.ENVELOPE_REFUSED, sealed: false })
  t.equal((await login(first)).code, replyCodes.KX_KEY_PRINT)
  t.equal(messageOf(await hello(more[0] as SharedKey)).stage, 'needlogin')
  t.equal(messageOf(await hello(bound)).stage, 'waitdata', 'logged in on')
  t.match(await sealedBound.call('/v1/echo'), { code: replyCodes.OK, sealed: true })
  t.equal(messageOf(await hello(other)).stage, 'needlogin', 'of another address')
})
