/** Every case of a hello with its number, in every envelope and form; and what no hello should bring about. */
import { sql } from 'kysely'
import t from 'tap'
import { nodeKeyPrimitives } from '../../src/adapters/key-crypto.ts'
import { openMessage } from '../../src/protocol/sealed-envelope.ts'
import { codes } from '../harness/codes.ts'
import {
  type Call,
  exchangeKey,
  exchangeSealedKeys,
  frame,
  helloFrame,
  type Members,
  messageOf,
  pemOf,
  proofOf,
} from '../harness/key-client.ts'
import { openFrameWays, postBytes, readFrame, writeFrame } from './frame-ways.ts'
import { helloWith, isRefused, openKeyWorld } from './key-world.ts'
import { base64urlOf, formOf, register, sealBytes, startMs } from './world.ts'

t.setTimeout(60_000)

t.test('each case has its number, in every envelope, by GET and POST, in JSON and protobuf', async (t) => {
  const world = await openKeyWorld(t)
  const { call: json, tm, admin } = world
  const all: Record<string, Call> = { ...world.ways, ...(await openFrameWays(world)) }
  for (const [at, [way, call]] of Object.entries(all).entries()) {
    const name = `hazel${at}`
    await register(json, name)
    const right = { login: name, password: 'pass word' }
    const key = await exchangeKey(call, 'AES-CTR', () => startMs)
    const hello = async (members: Members = helloFrame(key, tm())) => call('/v1/hello', members)
    isRefused(t, await hello({ ...helloFrame(key, tm()), version: 2 }), codes.KX_VERSION, `${way}: version 2`)
    const first = await hello(frame('hello', { stage: 'clienthello' }, tm()))
    t.match(
      first,
      { code: codes.OK, version: 1, msgType: 'hello', hello: { stage: 'waitlogin', platform: 'torii' } },
      way,
    )
    isRefused(
      t,
      await hello(helloWith('77', tm(), proofOf(key, tm()).checkTokenData)),
      codes.KX_KEY_PRINT,
      `${way}: unknown`,
    )
    isRefused(
      t,
      await hello(helloWith(key.keyPrint, tm(), undefined)),
      codes.KX_KEY_PRINT,
      `${way}: no proof`,
    )
    isRefused(
      t,
      await hello(helloWith(key.keyPrint, tm(), proofOf(key, '1').checkTokenData)),
      codes.KX_KEY_PRINT,
      way,
    )
    const seen = helloFrame(key, tm())
    t.equal(messageOf(await hello(seen)).stage, 'needlogin', `${way}: there was no login`)
    isRefused(t, await hello(seen), codes.KX_CHECK_DATA, `${way}: seen before`)
    const late = await hello(helloFrame(key, String(startMs - 301_000)))
    t.match(late, { code: codes.CLOCK_OFF, tm: String(startMs), msgType: 'error', err: { number: 2 } }, way)
    t.equal((await json('/v1/login', { ...right, ...proofOf(key, tm()) })).code, codes.LOGGED_IN)
    const resumed = await hello()
    t.match(resumed, { code: codes.OK, hello: { stage: 'waitdata' }, user: { userName: name } }, way)
    const { skey } = resumed.tickets as { skey: string }
    t.equal((await json('/v1/session', { token: skey })).code, codes.TICKET_VALID, `${way}: a live SKey`)
    await admin.accounts.disable(name, 'test')
    const disabled = await hello()
    t.match(
      disabled,
      { code: codes.ACCOUNT_DISABLED, msgType: 'error', err: { number: 17 } },
      `${way}: disabled`,
    )
    t.same([disabled.user, disabled.tickets], [undefined, undefined])
    await admin.accounts.enable(name)
    t.equal(messageOf(await hello()).stage, 'needlogin', `${way}: the key was unbound`)
    t.equal((await json('/v1/login', { ...right, ...proofOf(key, tm()) })).code, codes.LOGGED_IN)
    const next = (await hello()).tickets as { skey: string }
    t.equal((await json('/v1/logout', { token: next.skey })).code, codes.LOGGED_OUT)
    t.equal(messageOf(await hello()).stage, 'needlogin', `${way}: logged out`)
    await admin.accounts.disable(name, 'test')
    t.equal(
      messageOf(await hello()).stage,
      'needlogin',
      `${way}: the reply does not say whose account it was`,
    )
    await admin.accounts.enable(name)
    t.equal((await json('/v1/login', { ...right, ...proofOf(key, tm()) })).code, codes.LOGGED_IN)
    await sql`update accounts set status = 'deleted' where user_id = (select user_id from users where user_name = ${name})`.execute(
      world.server.db.write,
    )
    t.match(
      await hello(),
      { code: codes.ACCOUNT_DISABLED, msgType: 'error', err: { number: 18 } },
      `${way}: deleted`,
    )
  }
})

t.test(
  'a message is taken flat or wrapped, its type as word, name or number, and in no other form',
  async (t) => {
    const { call, tm, ways } = await openKeyWorld(t)
    const pubKey = pemOf(Buffer.from((await import('node:crypto')).createECDH('prime256v1').generateKeys()))
    const kinds = {
      '/v1/hello': ['hello', { stage: 'clienthello' }, ['hello', 'HELLO', 'MSG_HELLO', 'msg_hello', 1]],
      '/v1/key-exchange': [
        'keyEx',
        { stage: 1, pubKey },
        ['keyExchange', 'KeyExchange', 'MSG_KEY_EXCHANGE', 4],
      ],
    } as const
    for (const [path, [kind, message, forms]] of Object.entries(kinds)) {
      for (const msgType of forms) {
        const flat = await call(path, { ...frame(kind, message, tm()), msgType })
        t.match(flat, { code: codes.OK, keyPrint: '0', plainMsg: undefined }, `${path} ${msgType}`)
        t.equal(String(flat.msgType).toLowerCase(), String(msgType).toLowerCase(), 'answered in its form')
        const { [kind]: inner, ...outer } = frame(kind, message, tm())
        const wrapped = await call(path, { ...outer, msgType, plainMsg: { [kind]: inner } })
        t.match(wrapped, { code: codes.OK, [kind]: undefined, plainMsg: { [kind]: {} } }, `${path}, wrapped`)
      }
      const good = frame(kind, message, tm())
      const wrong: Members[] = [
        ...[
          '',
          'error',
          'hallo',
          2,
          3,
          '1',
          '4',
          null,
          [],
          {},
          true,
          undefined,
          kind === 'hello' ? 4 : 1,
        ].map((msgType) => ({ msgType })),
        ...['', 'x', -1, null, [], '1.5', '12345678901234567890', undefined].map((tm) => ({ tm })),
        ...['1', 1, -1, '', null, [], 'ab'.repeat(16)].map((keyPrint) => ({ keyPrint })),
        ...[undefined, null, [], 'x', 5, [message]].map((part) => ({ [kind]: part })),
        ...[null, [], 'x', {}, { [kind]: 5 }, { [kind]: [] }].map((plainMsg) => ({ plainMsg })),
        { version: undefined },
      ]
      for (const more of wrong) {
        const isEmptyFingerprint = more.keyPrint === ''
        if (isEmptyFingerprint) continue
        isRefused(
          t,
          await call(path, { ...good, ...more }),
          codes.KX_CONTENT,
          `${path} ${JSON.stringify(more)}`,
        )
      }
      for (const version of [2, 0, '2', null, [1], 'x', true])
        isRefused(
          t,
          await call(path, { ...good, version }),
          codes.KX_VERSION,
          `version ${JSON.stringify(version)}`,
        )
      const refused = await ways['t and j by POST'](path, { ...good, version: 2 })
      t.match(refused, { code: codes.KX_VERSION, msgType: 'error', err: { name: 'ErrTVersion', number: 1 } })
    }
    for (const stage of ['waitlogin', '', 5, null, undefined, []])
      isRefused(t, await call('/v1/hello', frame('hello', { stage }, tm())), codes.KX_STAGE, `${stage}`)
    for (const params of ['x', [], null, 5])
      isRefused(
        t,
        await call('/v1/hello', frame('hello', { stage: 'clienthello', params }, tm())),
        codes.KX_CONTENT,
        'params',
      )
  },
)

t.test(
  'a frame of protobuf is answered in the form that is asked for, and broken ones get one refusal',
  async (t) => {
    const world = await openKeyWorld(t)
    const { call, ways, tm } = world
    const credentials = { appid: world.app.appId, appsecret: world.app.appSecret }
    const hello = (CodeType?: unknown) => frame('hello', { stage: 'clienthello', params: { CodeType } }, tm())
    const post = (members: Members, type?: string) =>
      postBytes(world, '/v1/hello', writeFrame({ ...credentials, ...members }), type)
    for (const type of ['application/x-protobuf', 'application/protobuf', 'application/octet-stream']) {
      const reply = await post(frame('hello', { stage: 'clienthello' }, tm()), type)
      t.same([reply.status, reply.type], [200, 'application/x-protobuf'], type)
      t.match(readFrame(reply.bytes), { code: codes.OK, hello: { stage: 'waitlogin' } })
    }
    const asked = await post(hello('json'))
    t.match(JSON.parse(String(asked.bytes)), { code: codes.OK, plainMsg: { hello: { stage: 'waitlogin' } } })
    const crossed = await world.server.http.inject({
      method: 'POST',
      url: '/v1/hello',
      headers: { host: 'localhost', 'content-type': 'application/json' },
      payload: JSON.stringify({ ...credentials, ...hello('protobuf') }),
    })
    t.equal(crossed.headers['content-type'], 'application/x-protobuf')
    t.match(readFrame(crossed.rawPayload), { code: codes.OK, hello: { stage: 'waitlogin' } })
    for (const CodeType of ['xml', 'JSON', 'Protobuf', 'x'.repeat(300)]) {
      t.equal(
        readFrame((await post(hello(CodeType))).bytes).code,
        codes.PARAMETER_INVALID,
        `protobuf, ${CodeType}`,
      )
      for (const [way, other] of Object.entries(ways)) {
        const answer = await other('/v1/hello', hello(CodeType))
        t.match(
          answer,
          { code: codes.PARAMETER_INVALID, msgType: 'error', err: { number: 14 } },
          `${way}: ${CodeType}`,
        )
      }
    }
    const client = await world.connect()
    t.match(await client.call('/v1/hello', hello('xml')), {
      isSealed: true,
      status: 200,
      json: { code: codes.PARAMETER_INVALID },
    })
    for (const CodeType of [5, null, [], {}, true])
      t.match(
        await call('/v1/hello', hello(CodeType)),
        { code: codes.PARAMETER_INVALID },
        JSON.stringify(CodeType),
      )

    // What protobuf has no place for.
    const pem = pemOf(Buffer.from((await import('node:crypto')).createECDH('prime256v1').generateKeys()))
    const nonce = Buffer.alloc(32).toString('base64')
    const params = { CodeType: 'protobuf' }
    for (const message of [
      { stage: 1, pubKey: pem },
      { stage: 1, kx: 2, pubKey: pem, nonce },
    ]) {
      const reply = await world.server.http.inject({
        method: 'POST',
        url: '/v1/key-exchange',
        headers: { host: 'localhost', 'content-type': 'application/json' },
        payload: JSON.stringify({ ...credentials, ...frame('keyEx', { ...message, params }, tm()) }),
      })
      t.ok(reply.statusCode < 500, `${JSON.stringify(message).slice(0, 20)}: ${reply.body.slice(0, 100)}`)
    }

    const good = writeFrame({ ...credentials, ...hello() })
    const device = await world.provision()
    const broken: Record<string, Buffer> = {
      ...Object.fromEntries([1, 2, 5, 10, 20].map((cut) => [`cut by ${cut}`, good.subarray(0, -cut)])),
      'no frame': Buffer.from('zebra zebra zebra'),
      'a group that never ends': Buffer.alloc(60_000, 0x0b),
      'groups in groups': Buffer.concat([Buffer.alloc(20_000, 0x13), Buffer.alloc(20_000, 0x14)]),
      'a length beyond the end': Buffer.from('62ffffffff0f', 'hex'),
      'field zero': Buffer.from('00', 'hex'),
      'an endless varint': Buffer.alloc(100, 0xff),
      'bad UTF-8 in a text': writeFrame({ ...credentials, ...hello('zz') }).map((byte) =>
        byte === 0x7a ? 0xff : byte,
      ) as Buffer,
    }
    for (const [title, bytes] of Object.entries(broken)) {
      const reply = await postBytes(world, '/v1/hello', bytes)
      t.ok(reply.status < 500 && reply.status >= 400, `${title}: ${reply.status}`)
      const plain = await world.request({ url: '/v1/hello', post: formOf({ j: base64urlOf(bytes) }) })
      t.ok(plain.status < 500, `${title}, in j: ${plain.status}`)
      const sealed = await world.request({
        url: '/v1/hello',
        post: formOf({ t: device.t, j: sealBytes(device, bytes) }),
      })
      t.ok(sealed.status < 500, `${title}, in t and j: ${sealed.status}`)
    }
    const polluted = writeFrame({
      ...credentials,
      ...frame(
        'hello',
        { stage: 'clienthello', params: JSON.parse('{"__proto__":"x","CodeType":"json"}') },
        tm(),
      ),
    })
    t.equal((await postBytes(world, '/v1/hello', polluted)).status, 200)
    t.equal(({} as Members).x, undefined)
    for (const url of ['/v1/login', '/v1/echo', '/v1/session', '/v1/totp', '/v1/server-keys'])
      t.equal((await postBytes(world, url, good)).status, 415, `${url} takes no protobuf`)
    t.equal((await call('/v1/hello', hello())).code, codes.OK, 'and all is well')
  },
)

t.test('a hello of version 2 that asks for protobuf can be read', async (t) => {
  const world = await openKeyWorld(t)
  const { keys } = await exchangeSealedKeys(world.call, world.app.appId)
  const { createSealedClient } = await import('../harness/key-client.ts')
  const client = createSealedClient(
    keys,
    (url, form) => world.request({ url, post: formOf(form) }),
    () => startMs,
  )
  for (const keyPrint of ['0', keys.fingerprint]) {
    const message = { stage: 'clienthello', keyPrint, params: { CodeType: 'protobuf' } }
    const sealed = client.seal('/v1/hello', JSON.stringify(frame('hello', message, world.tm())))
    const reply = await world.request({
      url: '/v1/hello',
      post: formOf({ v: '2', t: keys.fingerprint, j: sealed.j }),
    })
    const opened = openMessage(nodeKeyPrimitives, keys, 'server', {
      ...{ j: reply.body, path: '/v1/hello', requestTag: sealed.tag },
    })
    const text = Buffer.from(opened?.plaintext ?? [])
    const answer = keyPrint === '0' ? readFrame(text) : JSON.parse(String(text))
    t.equal(answer.code, codes.OK, 'a fingerprint of version 2 has no place in protobuf')
  }
})
