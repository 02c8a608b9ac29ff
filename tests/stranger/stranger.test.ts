import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { openTestServer } from '../harness/test-server.ts'
import {
  get,
  items,
  type Json,
  jsonLine,
  type Line,
  post,
  postTotp,
  provision,
  type SealedLine,
  sealedLine,
  text,
  totpLine,
} from './client.ts'
import { base64, idOf, type Key2, type ServerKey, type Suite2, suites1, suites2 } from './exchange.ts'
import { exchange1, exchange2, hello, helloOn1, helloOn2, proofMembers } from './frames.ts'
import { type App, helloFrame, helloReply } from './protobuf.ts'
import { stepOf, totp } from './xxtea.ts'

type World = { url: string; app: App; json: Line }

async function openWorld(t: Test): Promise<World> {
  const limits = { TORII__LIMITS__HELLO: '[60,1000]', TORII__LIMITS__LOGIN: '[60,1000]' }
  const world = await openTestServer({ environment: { TORII__PASSWORD__COST: '4', ...limits } })
  t.teardown(world.close)
  await world.server.http.listen({ host: '127.0.0.1', port: 0 })
  const address = world.server.http.server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}`
  const app = { appId: world.app.appId, appSecret: world.app.appSecret }
  return { url, app, json: jsonLine(url, app) }
}

const password = 'correct horse'

async function register(line: Line, userName: string): Promise<Json> {
  const members = { regmode: 'anonymous', user: { userName }, password }
  return (await line.call('/v1/register', members)).body
}

/** Keys that a client would be shipped with. */
async function serverKeysOf({ url }: World): Promise<ServerKey[]> {
  const keys = items(await get(`${url}/v1/server-keys`), 'keys')
  return keys.map((key) => ({ id: text(key, 'serverKeyId'), publicKey: base64(text(key, 'publicKey')) }))
}

t.test('a stranger provisions, registers and comes back', async (t) => {
  const world = await openWorld(t)
  const device = await provision(world.url, world.app)
  const time = Number(device.reply.time)
  t.equal(device.reply.totp_code, Number(totp(device.secret, stepOf(1000 * time))))
  const line = totpLine(world.url, device)
  t.match(await line.call('/v1/echo', { greeting: '你好😀' }), { opened: true, body: { greeting: '你好😀' } })
  t.match(await register(line, 'Ann'), { code: 1020000, user: { userName: 'Ann' }, tickets: { a2: /^a2_/ } })
  t.match(await hello(line), { opened: true, body: { code: 1000000, hello: { stage: 'waitlogin' } } })
})

async function roundOnKey1(t: Test, line: Line): Promise<void> {
  for (const suite of suites1) {
    const name = `${line.form}, ${suite}`
    const key = await exchange1(line, suite)
    t.match((await helloOn1(line, key)).body, { hello: { stage: 'needlogin', keyPrint: key.keyPrint } }, name)

    const members = { login: 'amber', password }
    const login = await line.call('/v1/login', { ...members, ...proofMembers(key) })
    t.match(login, { opened: true, body: { code: 1020100, tickets: { skey: /^sk_/ } } }, name)
    t.equal(text(login.body, 'tickets', 'a2') === '', suite === 'twofish128', `${name}: A2`)

    const resumed = await helloOn1(line, key)
    t.match(resumed.body, { code: 1000000, hello: { stage: 'waitdata' }, user: { userName: 'amber' } }, name)
    const token = text(resumed.body, 'tickets', 'skey')
    t.match((await line.call('/v1/session', { token })).body, { code: 1030200, tier: 'skey' }, name)
    t.match((await line.call('/v1/logout', { token })).body, { code: 1020103 }, name)
    t.match((await helloOn1(line, key)).body, { hello: { stage: 'needlogin' } }, name)

    const proof = proofMembers(key)
    const again = await line.call('/v1/login', { ...members, ...proof })
    t.match(again.body, { code: 1020100 }, `${name}: the same key`)
    t.match((await helloOn1(line, key)).body, { hello: { stage: 'waitdata' } }, name)
    const stolen = await line.call('/v1/login', { ...members, ...proof, rid: 'stolen' })
    t.match(stolen.body, { code: 2090013 }, `${name}: a proof counts once`)
  }
}

t.test('version 1, in t/j and as JSON', async (t) => {
  const world = await openWorld(t)
  const line = totpLine(world.url, await provision(world.url, world.app))
  t.match(await register(line, 'amber'), { code: 1020000 })
  for (const form of [line, world.json]) await roundOnKey1(t, form)
})

async function roundOnKey2(t: Test, line: SealedLine, key: Key2): Promise<Json> {
  const name = key.encType
  t.match((await helloOn2(line, key)).body, { hello: { stage: 'needlogin', keyPrint: key.keyPrint } }, name)
  const login = await line.call('/v1/login', { login: 'amber', password })
  t.match(login, { opened: true, body: { code: 1020100, tickets: { a2: /^a2_/ } } }, name)
  const skey = text(login.body, 'tickets', 'skey')
  t.match((await line.call('/v1/session', { token: skey })).body, { code: 1030200 }, name)

  const resumed = await helloOn2(line, key)
  t.match(resumed.body, { hello: { stage: 'waitdata' }, user: { userName: 'amber' } }, name)
  const token = text(resumed.body, 'tickets', 'skey')
  t.match((await line.call('/v1/session', { token })).body, { code: 1030200, tier: 'skey' }, name)
  t.match((await line.call('/v1/logout', { token })).body, { code: 1020103 }, name)
  t.match(
    (await line.call('/v1/session', { token: skey })).body,
    { code: 1030201, reason: 'logged-out' },
    name,
  )
  t.match((await helloOn2(line, key)).body, { hello: { stage: 'needlogin' } }, name)
  return (await line.call('/v1/login', { login: 'amber', password })).body
}

async function retries(t: Test, line: SealedLine, a2: string): Promise<void> {
  const requestId = randomBytes(8)
  const members = { token: a2, to: 'skey' }
  const first = await line.send('/v1/ticket/exchange', members, { requestId })
  const again = await line.send('/v1/ticket/exchange', members, { requestId })
  t.match(first.body, { code: 1000000, tickets: { a2: /^a2_/ } })
  t.same(again.body.tickets, first.body.tickets, 'the same request id: the same reply')
  const copy = await line.repeat()
  t.match(copy, { status: 403, body: { code: 2020408 } }, 'the same bytes are refused')

  const user = { regmode: 'anonymous', user: { userName: `retry ${line.form} ${a2.slice(3, 9)}` }, password }
  const once = { requestId: randomBytes(8) }
  const made = await line.send('/v1/register', user, once)
  const repeated = await line.send('/v1/register', user, once)
  t.match(made.body, { code: 1020000 })
  t.same([repeated.body.user, repeated.body.tickets], [made.body.user, made.body.tickets])
  t.match(
    (await line.call('/v1/register', { ...user, rid: 'new' })).body,
    { code: 2040102 },
    'another request',
  )
}

t.test('version 2, carried by t/j and by JSON', async (t) => {
  const world = await openWorld(t)
  const { url, app, json } = world
  const serverKeys = await serverKeysOf(world)
  for (const { id, publicKey } of serverKeys) t.equal(idOf(publicKey), id)
  t.match(await register(json, 'amber'), { code: 1020000 })

  const carried: [Suite2, Line, ServerKey[]][] = suites2.flatMap((suite) => [
    [suite, json, serverKeys],
    [suite, json, []],
  ])
  for (const suite of suites2) carried.push([suite, totpLine(url, await provision(url, app)), serverKeys])
  for (const [suite, carrier, pinned] of carried) {
    const key = await exchange2(carrier, app.appId, suite, pinned)
    const line = sealedLine(url, key)
    const { tickets } = await roundOnKey2(t, line, key)
    const held: Json = { tickets }
    const token = text(held, 'tickets', 'skey')
    t.match((await json.call('/v1/session', { token })).body, { code: 2020415 }, 'a weaker envelope')
    const weakLine = totpLine(url, await provision(url, app))
    t.match((await weakLine.call('/v1/session', { token })).body, { code: 2020415 }, 'a weaker envelope')
    t.match((await line.call('/v1/session', { token })).body, { code: 1030200 })
    await retries(t, line, text(held, 'tickets', 'a2'))
    if (carrier !== json)
      t.match((await carrier.call('/v1/echo', {})).body, { code: 2020415 }, 'its t as well')
  }
})

t.test('a sealed call with a clock that is off is told the time', async (t) => {
  const world = await openWorld(t)
  const key = await exchange2(world.json, world.app.appId, 'AES-256-GCM', await serverKeysOf(world))
  const line = sealedLine(world.url, key)
  const off = await line.send('/v1/echo', {}, { clockOff: -120_000 })
  t.match(off, { opened: true, body: { code: 2020413 } })
  t.ok(Math.abs(Number(off.body.tm) - Date.now()) < 30_000)
  t.match((await line.call('/v1/echo', { a: 1 })).body, { code: 1000000, a: 1 })
  t.match((await helloOn2(world.json, key)).body, { msgType: 'error' }, 'it wants to be sealed')
  const shown = { checkTokenData: randomBytes(29).toString('base64') }
  t.match((await helloOn2(world.json, key, shown)).body, { code: 2020415, msgType: 'error' })
})

t.test('hello in protobuf', async (t) => {
  const { url, app, json } = await openWorld(t)
  t.match(await register(json, 'amber'), { code: 1020000 })
  const device = await provision(url, app)
  const tm = String(Date.now())
  const type = 'application/x-protobuf'
  const reply = await post(`${url}/v1/hello`, type, Uint8Array.from(helloFrame({ tm }, app)))
  t.equal(reply.type, type)
  t.match(helloReply(reply.body), { code: 1000000, stage: 'waitlogin', keyPrint: '0' })
  const sealed = await postTotp(`${url}/v1/hello`, device, helloFrame({ tm }))
  t.match(helloReply(sealed.plain ?? Buffer.alloc(0)), { code: 1000000, stage: 'waitlogin' })

  for (const suite of suites1) {
    const key = await exchange1(json, suite)
    await json.call('/v1/login', { login: 'amber', password, ...proofMembers(key) })
    const { keyPrint } = key
    const frame = helloFrame({ tm, keyPrint, params: { checkTokenData: key.enc(tm) } })
    const resumed = await postTotp(`${url}/v1/hello`, device, frame)
    const { stage, skey } = helloReply(resumed.plain ?? Buffer.alloc(0))
    t.equal(stage, 'waitdata', suite)
    t.match((await json.call('/v1/session', { token: skey })).body, { code: 1030200 }, suite)
    const copy = await postTotp(`${url}/v1/hello`, device, frame)
    const refusal = helloReply(copy.plain ?? Buffer.alloc(0))
    t.match(refusal, { code: 2090013, error: 'ErrTCheckData' }, 'a proof counts once')
  }
})
