/** How long keys live, and what ends them. */
import t from 'tap'
import {
  beginExchange,
  type Call,
  helloFrame,
  type Members,
  messageOf,
  proofOf,
  type SharedKey,
  thirdOf,
} from '../harness/key-client.ts'
import { isRefused, openUserWorld } from './key-world.ts'

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
  isRefused(t, await third(late.shared), 2090002, 'a minute later')

  const [unused, idle, used] = [await exchange(), await exchange(), await exchange('ChaCha20')]
  for (const key of [idle, used]) t.equal((await login(key)).code, 1020100)
  clock.add(23 * hourMs)
  t.equal(messageOf(await hello(unused)).stage, 'needlogin', 'nobody logged in on it: it lives a day')
  clock.add(hourMs + 1)
  isRefused(t, await hello(unused), 2090002, 'and asking does not make it longer')
  t.equal(messageOf(await hello(used)).stage, 'waitdata')
  for (let week = 0; week < 4; week++) {
    clock.add(7 * dayMs - 60_000)
    t.equal(messageOf(await hello(used)).stage, 'waitdata', `used within the week, ${week}`)
    if (week === 0) isRefused(t, await hello(idle), 2090002, 'idle for a week')
  }
  clock.add(dayMs + hourMs)
  isRefused(t, await hello(used), 2090002, 'over after 30 days, however often it was used')
})

t.test('a weak key gets no A2 and a login of a day', async (t) => {
  const { call, ways, clock, exchange, hello, login } = await openUserWorld(t)
  const key = await exchange('twofish128')
  const { tickets } = await login(key)
  t.same(Object.keys(tickets as Members), ['skey'])
  const { skey } = tickets as { skey: string }
  const session = await call('/v1/session', { token: skey })
  t.ok(Number(session.expiresAt) <= clock.now() + dayMs, `it lives until ${session.expiresAt}`)
  t.equal((await call('/v1/ticket/exchange', { token: skey, to: 'skey' })).code, 2100400)
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
  t.match(first.json, { code: 1020100, tickets: { skey: /^sk_/ } })
  t.same((await client.sendSealed('/v1/login', j, 'POST')).json, first.json)
})

t.test('a key ends with its 4,096th proof', async (t) => {
  const { server, exchange, hello } = await openUserWorld(t)
  for (const suite of ['ChaCha20', 'twofish128'] as const) {
    const key = await exchange(suite)
    const marksEach = suite === 'twofish128' ? 2 : 1
    const marks = Array.from({ length: 4_093 * marksEach }, (_, at) => `x${at}`)
    const { outcome } = await server.store.burn(`ledger:{${key.keyPrint}}`, marks, 10_000)
    t.equal(outcome, 'burnt')
    t.equal(
      messageOf(await hello(key)).stage,
      'needlogin',
      `${suite}: two of its exchange and 4,093: one is left`,
    )
    isRefused(t, await hello(key), 2090002, `${suite}: one too many`)
    isRefused(t, await hello(key), 2090002, `${suite}: it has ended`)
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
  isRefused(t, await third(first), 2090002, 'the oldest has given way')
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
  t.same(codes, [2040400, 2040400, ...Array(8).fill(1030200)])
  const { skey, a2 } = tickets as { skey: string; a2: string }
  for (const token of [skey, a2])
    t.equal((await call('/v1/session', { token })).code, 1030200, 'its own stay')
})
