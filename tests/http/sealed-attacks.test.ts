/** What is done to a sealed message, and who tries to get by without one. */
import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { nodeKeyPrimitives } from '../../src/adapters/key-crypto.ts'
import {
  mostSequence,
  openMessage,
  type SealedKeys,
  sealMessage,
} from '../../src/protocol/sealed-envelope.ts'
import { codes } from '../harness/codes.ts'
import {
  beginExchange,
  createSealedClient,
  exchangeSealedKeys,
  frame,
  helloFrame,
  type Members,
  messageOf,
} from '../harness/key-client.ts'
import type { Environment } from '../harness/test-server.ts'
import { isRefused, openKeyWorld } from './key-world.ts'
import { formOf, startMs } from './world.ts'

t.setTimeout(60_000)

const open = async (
  t: Test,
  suite: 'aesGcm' | 'chacha20Poly1305' = 'aesGcm',
  environment: Environment = {},
) => {
  const world = await openKeyWorld(t, environment)
  const post = (url: string, form: Record<string, string>) => world.request({ url, post: formOf(form) })
  const connect = async () => {
    const { keys } = await exchangeSealedKeys(world.call, world.app.appId, suite)
    return { keys, ...createSealedClient(keys, post, () => world.clock.now()) }
  }
  const { keys, seal, send } = await connect()
  return { ...world, keys, seal, send, connect, post }
}

/** Refused before it is opened: in the clear, with one answer for all. */
const isShut = (t: Test, reply: { status: number; body: string }, title: string) =>
  t.same([reply.status, JSON.parse(reply.body).code], [403, codes.ENVELOPE_REFUSED], title)

t.test('a message that was altered anywhere is refused, and its number is still free', async (t) => {
  for (const suite of ['aesGcm', 'chacha20Poly1305'] as const) {
    const { keys, seal, send, post } = await open(t, suite)
    const sealed = seal('/v1/echo', '{"n":1}')
    const bytes = Buffer.from(sealed.j, 'base64url')
    const sendBytes = (bytes: Buffer) =>
      post('/v1/echo', { v: '2', t: keys.fingerprint, j: bytes.toString('base64url') })
    const answers = new Map<string, number>()
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const { status, body } = await sendBytes(flipped)
      const answer = `${status} ${JSON.parse(body).code}`
      answers.set(answer, (answers.get(answer) ?? 0) + 1)
    }
    t.same([...answers], [['403 2020408', bytes.length * 8]], `${suite}: every bit of it`)
    for (let length = 0; length < bytes.length; length++) {
      const { body } = await sendBytes(bytes.subarray(0, length))
      if (JSON.parse(body).code !== codes.ENVELOPE_REFUSED) t.fail(`cut to ${length}: ${body}`)
    }
    isShut(t, await sendBytes(Buffer.concat([bytes, Buffer.alloc(1)])), 'a byte more')
    isShut(t, await post('/v1/echo', { v: '2', t: keys.fingerprint, j: `${sealed.j}=` }), 'padded')
    for (const suiteByte of [0, 3, 255]) {
      const other = Buffer.from(bytes)
      other[3] = suiteByte
      isShut(t, await sendBytes(other), `suite ${suiteByte}`)
    }
    const crossed = { ...keys, suite: suite === 'aesGcm' ? 'chacha20Poly1305' : 'aesGcm' } as SealedKeys
    const message = {
      header: { timestampMs: startMs, sequence: 9, requestId: randomBytes(8) },
      path: '/v1/echo',
    }
    const rest = { plaintext: Buffer.from('{}'), nonce: randomBytes(12) }
    const other = sealMessage(nodeKeyPrimitives, crossed, 'client', { ...message, ...rest })
    isShut(t, await post('/v1/echo', { v: '2', t: keys.fingerprint, j: other.j }), 'the other suite')
    t.match(await send('/v1/echo', sealed), { code: codes.OK, sealed: true }, 'and the message itself passes')
  }
})

t.test('each number is taken once, near the highest, and in its time', async (t) => {
  const { seal, send, clock } = await open(t)
  const echo = (more: Parameters<typeof seal>[2]) => send('/v1/echo', seal('/v1/echo', '{}', more))
  const passes = async (sequence: number) =>
    t.match(await echo({ sequence }), { code: codes.OK, sealed: true }, `${sequence}`)
  const fails = async (sequence: number) =>
    t.match(await echo({ sequence }), { code: codes.ENVELOPE_REFUSED, sealed: false }, `${sequence}`)
  for (const sequence of [0, mostSequence + 1, 2 ** 40]) await fails(sequence)
  await passes(1_000)
  await fails(1_000)
  await fails(1_000 - 64)
  await passes(1_000 - 63)
  await fails(1_000 - 63)
  await fails(1_000 + 65_537)
  await fails(mostSequence)
  await passes(1_001)
  await passes(1_001 + 65_536)
  await fails(1_002)
  const base = 70_000
  for (const [at, offset] of [91_000, -91_000, 90_001, -90_001, 86_400_000].entries()) {
    const sequence = base + at
    const late = await echo({ sequence, timestampMs: startMs + offset })
    t.match(late, { code: codes.CLOCK_OFF, sealed: true, status: 200, tm: String(startMs) }, `${offset} ms`)
    await passes(sequence)
  }
  for (const offset of [89_000, -90_000, 90_000])
    t.equal(
      (await echo({ timestampMs: startMs + offset, sequence: base + 20 + (offset % 7) })).code,
      codes.OK,
    )
  const again = seal('/v1/echo', '{}', { sequence: base + 30 })
  t.equal((await send('/v1/echo', again)).code, codes.OK)
  clock.add(91_000)
  t.match(
    await send('/v1/echo', again),
    { code: codes.CLOCK_OFF, sealed: true },
    'an old message says nothing new',
  )
})

t.test('a message counts at its own place, under its own key, in its own direction', async (t) => {
  const world = await open(t)
  const { keys, seal, send, post, connect, request, call } = world
  const t2 = keys.fingerprint
  const sealed = seal('/v1/echo', '{"n":1}')
  const form = { v: '2', t: t2, j: sealed.j }
  isShut(t, await post('/v1/session', form), 'another path')
  isShut(t, await request({ url: `/v1/echo?${formOf(form)}` }), 'by GET')
  isShut(t, await request({ url: `/v1/echo?${formOf(form)}`, post: '' }), 'in the query of a POST')
  t.equal((await request({ url: '/v1/echo', method: 'PUT' })).status, 405)
  for (const v of ['1', '3', '', '02', '2 ', '2.0'])
    isShut(t, await post('/v1/echo', { ...form, v }), `v=${v}`)
  isShut(t, await request({ url: '/v1/echo', post: `${formOf(form)}&v=2` }), 'v twice')
  isShut(t, await request({ url: '/v1/echo?v=2', post: formOf(form) }), 'v in both places')
  const { v: _, ...bare } = form
  isShut(t, await post('/v1/echo', bare), 'without v')
  const other = await connect()
  isShut(t, await post('/v1/echo', { ...form, t: other.keys.fingerprint }), 'of another key')
  for (const bad of ['', 'x', t2.toUpperCase(), '0'.repeat(32)])
    isShut(t, await post('/v1/echo', { ...form, t: bad }), `t=${bad}`)
  const reply = await post('/tests/encrypttest.php', form)
  const openReply = (requestTag: Uint8Array) =>
    openMessage(nodeKeyPrimitives, keys, 'server', { j: reply.body, path: '/v1/echo', requestTag })
  t.ok(openReply(sealed.tag), 'an alias is the same place')
  const next = seal('/v1/echo', '{"n":2}')
  t.equal(openReply(next.tag), undefined, 'a reply belongs to its request')
  isShut(t, await post('/v1/echo', { ...form, j: reply.body }), 'a reply sent back')
  t.equal((await send('/v1/echo', next)).code, codes.OK)

  const proof = { keyPrint: t2, tm: String(startMs), checkTokenData: randomBytes(29).toString('base64') }
  const hello = frame('hello', { stage: 'clienthello', keyPrint: t2, params: proof }, String(startMs))
  isRefused(
    t,
    await call('/v1/hello', hello),
    codes.ENCRYPTION_REQUIRED,
    'such a key proves itself by its envelope',
  )
  t.equal((await call('/v1/login', { login: 'x', password: 'x', ...proof })).code, codes.ENCRYPTION_REQUIRED)
  const mixed = { ...helloFrame(undefined, String(startMs)) }
  const elsewhere = { ...mixed, hello: { ...(mixed.hello as Members), keyPrint: other.keys.fingerprint } }
  t.match(
    await send('/v1/hello', seal('/v1/hello', JSON.stringify(elsewhere))),
    { code: codes.KX_KEY_PRINT, sealed: true },
    'it speaks for itself alone',
  )

  await world.server.store.remove([`key:{${t2}}`, `ledger:{${t2}}`])
  isShut(t, await post('/v1/echo', { ...form, j: seal('/v1/echo', '{}').j }), 'a key that ended')
  world.clock.add(6_000)
  isShut(
    t,
    await post('/v1/echo', { ...form, j: seal('/v1/echo', '{}').j }),
    'also when it is looked up anew',
  )
})

t.test('a request sent again with its id gets the reply it had, and runs once', async (t) => {
  const { seal, send, server } = await open(t)
  const sendAs = (requestId: Uint8Array, path: string, members: Members) =>
    send(path, seal(path, JSON.stringify(members), { requestId }))
  const account = { regmode: 'anonymous', user: { userName: 'rowan' }, password: 'pass word' }
  const login = { login: 'rowan', password: 'pass word' }
  const stable = ({ timestamp: _, ...more }: Members) => more
  const twice = async (path: string, members: Members) => {
    const id = randomBytes(8)
    const first = await sendAs(id, path, members)
    t.same(stable(await sendAs(id, path, members)), stable(first), path)
    t.match(await sendAs(id, '/v1/echo', members), { code: codes.OK }, 'what changes nothing is not watched')
    const other = path === '/v1/login' ? '/v1/logout' : '/v1/login'
    t.equal(
      (await sendAs(id, other, members)).code,
      codes.ENVELOPE_REFUSED,
      `${path}: another operation with its bytes`,
    )
    return first
  }
  t.equal((await twice('/v1/register', account)).code, codes.REGISTERED)
  t.equal(
    (await sendAs(randomBytes(8), '/v1/register', account)).code,
    codes.REGISTERED,
    'equal text within two minutes',
  )
  const { tickets } = await twice('/v1/login', login)
  t.equal((await twice('/v1/logout', { token: (tickets as { skey: string }).skey })).code, codes.LOGGED_OUT)
  const rows = await server.db.write.selectFrom('logins').select('loginId').execute()
  t.equal(rows.length, 2, 'one login of the registration, one of its own')
})

t.test('only the listed messages may come in the clear; all others must be sealed', async (t) => {
  const hello = () => frame('hello', { stage: 'clienthello' }, String(startMs))
  const modes: Record<string, Environment> = {
    strict: { TORII__SECURITY__PROFILE: 'strict' },
    alwaysEncrypt: { TORII__TRANSPORT__ALWAYS_ENCRYPT: 'true' },
  }
  for (const [mode, environment] of Object.entries(modes)) {
    const world = await open(t, 'aesGcm', environment)
    const { call, request, ways } = world
    const plain = Object.entries(ways).filter(([way]) => !way.startsWith('t and j'))
    for (const [way, other] of plain) {
      // A hello changes what is known of its device, and strict takes changes by POST only.
      const expected = mode === 'strict' && way.endsWith('GET') ? codes.ENCRYPTION_REQUIRED : codes.OK
      t.equal((await other('/v1/hello', hello())).code, expected, `${mode}, ${way}: hello`)
      t.equal((await other('/v1/server-keys', {})).code, codes.OK, `${mode}, ${way}: server keys`)
      const resuming = helloFrame({ suite: 'AES-CTR', key: randomBytes(32), keyPrint: '5' }, String(startMs))
      isRefused(t, await other('/v1/hello', resuming), codes.ENCRYPTION_REQUIRED, `${mode}, ${way}: resuming`)
      const { answer } = await beginExchange(other, 'AES-CTR')
      isRefused(t, answer, codes.ENCRYPTION_REQUIRED, `${mode}, ${way}: version 1`)
      const third = frame('keyEx', { stage: 3, keyPrint: '5', tempKey: '' }, String(startMs))
      isRefused(
        t,
        await other('/v1/key-exchange', third),
        codes.ENCRYPTION_REQUIRED,
        `${mode}, ${way}: stage 3 of version 1`,
      )
      for (const path of [
        '/v1/echo',
        '/v1/login',
        '/v1/register',
        '/v1/session',
        '/v1/logout',
        '/v1/prelogin',
      ])
        t.equal((await other(path, {})).code, codes.ENCRYPTION_REQUIRED, `${mode}, ${way}: ${path}`)
    }
    for (const url of ['/healthz', '/readyz']) t.equal((await request({ url })).status, 200, url)
    const { appId, appSecret } = world.app
    const provision = await request({ url: `/v1/totp?n=${appId}&s=${appSecret}` })
    t.equal(
      JSON.parse(provision.body).code,
      mode === 'strict' ? codes.ENCRYPTION_REQUIRED : codes.OK,
      `${mode}: provisioning`,
    )
    if (mode === 'strict') {
      const j = randomBytes(64).toString('base64url')
      const reply = await request({ url: '/v1/echo', post: formOf({ t: '0'.repeat(32), j }) })
      t.equal(JSON.parse(reply.body).code, codes.ENCRYPTION_REQUIRED, 't and j')
    }
    t.equal((await call('/v1/echo', {})).code, codes.ENCRYPTION_REQUIRED)
    const sealed = (path: string, members: Members = {}) =>
      world.send(path, world.seal(path, JSON.stringify(members)))
    const account = { regmode: 'anonymous', user: { userName: 'sorrel' }, password: 'pass word' }
    t.match(await sealed('/v1/register', account), { code: codes.REGISTERED, sealed: true }, mode)
    const login = await sealed('/v1/login', { login: 'sorrel', password: 'pass word' })
    const { a2, skey } = login.tickets as { a2: string; skey: string }
    t.match(await sealed('/v1/session', { token: skey }), { code: codes.TICKET_VALID, sealed: true })
    t.match(await sealed('/v1/ticket/exchange', { token: a2, to: 'skey' }), { code: codes.OK })
    t.equal(messageOf(await sealed('/v1/hello', hello())).stage, 'waitlogin')
    const fingerprint = world.keys.fingerprint
    const resume = frame('hello', { stage: 'clienthello', keyPrint: fingerprint }, String(startMs))
    t.match(await sealed('/v1/hello', resume), { hello: { stage: 'waitdata' } }, mode)
    t.equal((await sealed('/v1/logout', { token: skey })).code, codes.LOGGED_OUT)
    t.match(await sealed('/v1/hello', resume), { hello: { stage: 'needlogin' } }, mode)
  }
})

t.test('an app may demand sealing, and a device that has sealed once must', async (t) => {
  const world = await open(t)
  const app = await world.server.apps.add({ name: 'sealed only', minStrength: 2 })
  const call = (path: string, members: Members) =>
    world.call(path, { ...members, appid: app.appId, appsecret: app.appSecret })
  t.equal((await call('/v1/echo', {})).code, codes.ENCRYPTION_REQUIRED)
  t.equal((await call('/v1/login', { login: 'x', password: 'x' })).code, codes.ENCRYPTION_REQUIRED)
  t.equal((await call('/v1/hello', frame('hello', { stage: 'clienthello' }, '1'))).code, codes.OK)
  isRefused(t, (await beginExchange(call, 'AES-CTR')).answer, codes.ENCRYPTION_REQUIRED, 'version 1')
  const { keys } = await exchangeSealedKeys(call, app.appId)
  const client = createSealedClient(keys, world.post, () => startMs)
  t.match(await client.call('/v1/echo'), { code: codes.OK, sealed: true })

  const totp = world.ways['t and j by POST']
  const { fourth } = await exchangeSealedKeys(totp, world.app.appId)
  t.equal(fourth.code, codes.OK)
  for (const path of ['/v1/echo', '/v1/login', '/v1/session'])
    t.equal((await totp(path, {})).code, codes.ENCRYPTION_REQUIRED, path)
  isRefused(
    t,
    (await beginExchange(totp, 'AES-CTR')).answer,
    codes.ENCRYPTION_REQUIRED,
    'version 1 after version 2',
  )
  t.equal((await totp('/v1/hello', frame('hello', { stage: 'clienthello' }, '1'))).code, codes.OK)
  t.equal((await exchangeSealedKeys(totp, world.app.appId)).fourth.code, codes.OK, 'a new key of version 2')
})
