/** The whole round over every envelope, provisioning, echo, and what opens on a server. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import xxtea from 'xxtea-node'
import { createSealer } from '../../src/adapters/crypto.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import { generateServerKey, parseServerKey } from '../../src/adapters/server-key.ts'
import { secretPlace } from '../../src/features/apps/devices.ts'
import { insertDevice } from '../../src/features/apps/repo.ts'
import type { OperationShape } from '../../src/http/caller.ts'
import { catalogue, type ErrorName, Failure, isSuccess } from '../../src/protocol/errors.ts'
import { codes as replyCodes } from '../harness/codes.ts'
import { until } from '../harness/test-server.ts'
import { codeAt, createTotpClient, openText, type Provisioned, sealText } from '../harness/totp-client.ts'
import {
  base64urlOf,
  checkRefusal,
  clientHashOf,
  formOf,
  type Members,
  openWays,
  openWorld,
  register,
  sealBytes,
  startMs,
  type Tickets,
  type User,
  type World,
  word,
} from './world.ts'

/** Every operation of every room, as its schema states it. */
const findShapes = async (): Promise<OperationShape[]> => {
  const features = fileURLToPath(new URL('../../src/features/', import.meta.url))
  const files = (await readdir(features)).map((room) => join(features, room, 'wire.js')).filter(existsSync)
  const modules = await Promise.all(files.map((file) => import(file)))
  return modules.flatMap((module) => Object.values(module)).filter((it): it is OperationShape => isShape(it))
}
const isShape = (value: unknown) =>
  typeof value === 'object' && value !== null && 'path' in value && 'replay' in value

t.test('the whole round, over every envelope', async (t) => {
  const world = await openWorld(t)
  const password = '密码 of Åse'
  for (const [way, call] of Object.entries(await openWays(world))) {
    const userName = `Ömer_${way.replaceAll(' ', '_')}`
    const login = userName.toUpperCase()
    const time = { timestamp: Math.floor(world.clock.now() / 1_000) }
    const ok = { msg: '完成', ...time }

    const prelogin = await call('/v1/prelogin', { login })
    t.same(Object.keys(prelogin), ['code', 'msg', 'kdf', 'cost', 'salt', 'timestamp'], `${way}: prelogin`)
    t.match(prelogin, {
      code: replyCodes.OK,
      kdf: 'md5-bcrypt',
      cost: 4,
      salt: /^[./A-Za-z0-9]{21}[.Oeu]$/,
      ...ok,
    })
    const { salt, cost } = prelogin as unknown as { salt: string; cost: number }
    const clientHash = await clientHashOf(password, { salt, cost })

    const members = ['code', 'msg', 'result', 'status', 'params', 'user', 'users', 'tickets', 'timestamp']
    const user = { userName, nickName: '小鸟 🐦' }
    const registered = await call('/v1/register', { regmode: 'anonymous', user, clientHash, salt })
    t.same(Object.keys(registered), members, `${way}: register`)
    const { userId } = registered.user as User
    t.match(userId, /^[1-9]\d{4,}$/, 'a user number is a text')
    const whole = {
      result: 'ok',
      status: 'loginok',
      params: { status: 'loginok' },
      user: { userId, ...user },
    }
    t.match(registered, { code: replyCodes.REGISTERED, ...whole, users: [whole.user], tickets: {}, ...time })
    t.same(Object.keys(registered.user as User), ['userId', 'userName', 'nickName'])
    t.same(Object.keys(registered.tickets as Tickets), ['a2', 'skey'])
    t.match(registered.tickets, { a2: /^a2_[\w-]{64}$/, skey: /^sk_[\w-]{64}$/ })

    for (const name of [login, userName, userId, Number(userId), `0${userId}`]) {
      const again = await call('/v1/login', { login: name, clientHash })
      t.same(Object.keys(again), members, `${way}: login as ${name}`)
      t.match(again, { code: replyCodes.LOGGED_IN, ...whole, users: [whole.user] })
    }
    t.match(
      await call('/v1/login', { login, password }),
      { code: replyCodes.LOGGED_IN },
      'the password itself does as well',
    )
    const { a2, skey } = (await call('/v1/login', { login, clientHash })).tickets as Tickets

    const session = await call('/v1/session', { token: skey })
    t.same(session, {
      code: replyCodes.TICKET_VALID,
      msg: catalogue.TICKET_VALID.text['zh-CN'],
      user: { userId, ...user },
      tier: 'skey',
      issuedAt: time.timestamp,
      expiresAt: time.timestamp + 172_800,
      idleAt: time.timestamp + 3_000,
      ...time,
    })
    t.same(
      Object.keys(session),
      ['code', 'msg', 'user', 'tier', 'issuedAt', 'expiresAt', 'idleAt', 'timestamp'],
      `${way}: session`,
    )
    const ofA2 = await call('/v1/session', { token: a2 })
    t.match(ofA2, {
      code: replyCodes.TICKET_VALID,
      tier: 'a2',
      expiresAt: time.timestamp + 2_592_000,
      user: { userId },
    })

    const exchanged = await call('/v1/ticket/exchange', { token: a2, to: 'skey' })
    t.same(Object.keys(exchanged), ['code', 'msg', 'tickets', 'timestamp'], `${way}: exchange`)
    const next = exchanged.tickets as Tickets
    t.match(exchanged, { code: replyCodes.OK, tickets: { a2: /^a2_/, skey: /^sk_/ }, ...ok })
    t.ok(next.a2 !== a2 && next.skey !== skey, 'both are new')
    t.match(await call('/v1/session', { token: next.skey }), {
      code: replyCodes.TICKET_VALID,
      user: { userId },
    })
    t.match(
      await call('/v1/session', { token: skey }),
      { code: replyCodes.TICKET_VALID },
      'the SKey before lives on',
    )

    const out = await call('/v1/logout', { token: next.skey })
    t.same(Object.keys(out), ['code', 'msg', 'timestamp'], `${way}: logout`)
    t.equal(out.code, replyCodes.LOGGED_OUT)
    for (const token of [skey, next.skey, next.a2]) {
      const dead = await call('/v1/session', { token })
      t.same(Object.keys(dead), ['code', 'msg', 'reason', 'timestamp'])
      t.match(dead, { code: replyCodes.TICKET_ENDED, reason: 'logged-out' })
    }
    const wrong = await call('/v1/login', {
      login,
      clientHash: clientHash.replace(/.$/, (it) => (it === 'a' ? 'b' : 'a')),
    })
    t.same(Object.keys(wrong), ['code', 'msg', 'timestamp'])
    t.equal(wrong.code, replyCodes.LOGIN_FAILED)
  }

  t.test('a JSON body may have its ticket in a header', async (t) => {
    const { JSON: call, 'plain j by POST': plain } = await openWays(world)
    const { skey } = (await register(call, 'bearer')).tickets as Tickets
    const authorization = { authorization: `Bearer ${skey}` }
    t.match((await world.callJson('/v1/session', {}, authorization)).json, { code: replyCodes.TICKET_VALID })
    const lower = await world.callJson('/v1/session', {}, { authorization: `bearer ${skey}` })
    t.match(lower.json, { code: replyCodes.TICKET_VALID })
    const both = await world.callJson('/v1/session', { token: 'sk_x' }, authorization)
    t.match(
      both,
      { status: 401, json: { code: replyCodes.NOT_LOGGED_IN } },
      'a token in the body counts first',
    )
    for (const bad of ['Bearer', `Basic ${skey}`, skey, `Bearer ${skey} ${skey}`, 'Bearer ä'])
      t.equal(
        (await world.callJson('/v1/session', {}, { authorization: bad })).json.code,
        replyCodes.NOT_LOGGED_IN,
        bad.slice(0, 9),
      )
    const j = formOf({
      j: base64urlOf(JSON.stringify({ appid: world.app.appId, appsecret: world.app.appSecret })),
    })
    const outside = await world.request({ url: `/v1/session?${j}`, headers: authorization })
    t.match(
      JSON.parse(Buffer.from(outside.body, 'base64url').toString()),
      { code: replyCodes.NOT_LOGGED_IN },
      'no header beside a j',
    )
    t.match((await world.callJson('/v1/logout', {}, authorization)).json, { code: replyCodes.LOGGED_OUT })
    t.match(await plain('/v1/session', { token: skey }), { code: replyCodes.TICKET_ENDED })
    const ended = await world.callJson('/v1/session', {}, authorization)
    t.match(
      ended,
      { status: 401, json: { code: replyCodes.TICKET_ENDED, reason: 'logged-out' } },
      'not one that may pass',
    )
  })
})

t.test('provisioning answers exactly what old clients read', async (t) => {
  const world = await openWorld(t, { TORII__SERVER__LEGACY_PREFIX: '/old/api' })
  const { appId, appSecret } = world.app
  const good = { n: appId, s: appSecret }
  const secrets = new Set<string>()
  const requests: [what: string, request: Parameters<World['request']>[0]][] = [
    ['by GET', { url: `/v1/totp?${formOf(good)}` }],
    ['by POST', { url: '/v1/totp', post: formOf(good) }],
    ['as JSON', { url: '/v1/totp', json: good }],
    ['by its old name', { url: `/nyatotp.php?${formOf(good)}` }],
    ['below its prefix', { url: '/old/api/nyatotp.php', post: formOf(good) }],
    [
      'with its device',
      { url: '/v1/totp', post: formOf({ ...good, type: 'phone', os: 'x', device: '我的手机' }) },
    ],
    ['with an unknown member', { url: '/v1/totp', post: formOf({ ...good, stranger: word }) }],
  ]
  for (const [what, request] of requests) {
    const { status, headers, body } = await world.request(request)
    const json = JSON.parse(body)
    t.same(
      [status, headers['content-type'], headers['cache-control']],
      [200, 'application/json; charset=utf-8', 'no-store'],
    )
    t.same(
      Object.keys(json),
      ['code', 'totp_secret', 'totp_code', 'totp_token', 'time', 'appname', 'timestamp'],
      what,
    )
    const { totp_secret: secret, totp_token: id, ...rest } = json as unknown as Record<string, string>
    const time = Math.floor(startMs / 1_000)
    const code = Number(codeAt(String(secret), startMs))
    t.same(rest, { code: replyCodes.OK, totp_code: code, time, appname: appId, timestamp: time })
    t.match(secret, /^[A-Z2-7]{32}$/)
    t.match(id, /^[0-9a-f]{32}$/)
    secrets.add(String(secret)).add(String(id))
    const device = { t: String(id), secret: String(secret) }
    const client = createTotpClient({ send: world.send, device, now: world.clock.now })
    t.match(await client.call('/v1/echo', { a: 1 }), { isSealed: true, json: { code: replyCodes.OK, a: 1 } })
  }
  t.equal(secrets.size, 2 * requests.length, 'another secret for every call')
  const gone = await world.request({ url: `/NyarukoLogin/nyatotp.php?${formOf(good)}` })
  checkRefusal(t, gone, 'OPERATION_UNKNOWN')

  const refused: [what: string, values: Record<string, string>, name: ErrorName][] = [
    ['nothing', {}, 'PARAMETER_MISSING'],
    ['no s', { n: appId }, 'PARAMETER_MISSING'],
    ['no n', { s: appSecret }, 'PARAMETER_MISSING'],
    ['an empty n', { n: '', s: appSecret }, 'CREDENTIALS_MALFORMED'],
    ['letters that are none', { n: 'a-b', s: appSecret }, 'CREDENTIALS_MALFORMED'],
    ['n too long', { n: 'a'.repeat(65), s: appSecret }, 'CREDENTIALS_MALFORMED'],
    ['s too short', { n: appId, s: appSecret.slice(1) }, 'CREDENTIALS_MALFORMED'],
    ['s too long', { n: appId, s: `${appSecret}a` }, 'CREDENTIALS_MALFORMED'],
    ['an unknown n', { n: word, s: appSecret }, 'APP_REFUSED'],
    ['another s', { n: appId, s: `${word}${'a'.repeat(27)}` }, 'APP_REFUSED'],
    ['s in other capitals', { n: appId, s: appSecret.toLowerCase() }, 'APP_REFUSED'],
    ['a device name too long', { ...good, device: word.repeat(20) }, 'PARAMETER_INVALID'],
  ]
  for (const [what, values, name] of refused) {
    const byGet = await world.request({ url: `/v1/totp?${formOf(values)}` })
    checkRefusal(t, byGet, name, { message: what })
    checkRefusal(t, await world.request({ url: '/nyatotp.php', post: formOf(values) }), name, {
      message: what,
    })
    checkRefusal(t, await world.request({ url: '/v1/totp', json: values }), name, { message: what })
  }
  checkRefusal(t, await world.request({ url: `/v1/totp?${formOf(good)}&n=1` }), 'ENVELOPE_REFUSED', {
    message: 'n twice',
  })

  t.test('a device that is not used is forgotten, one that is used is not', async (t) => {
    const [idle, busy] = [await world.connect(), await world.connect()]
    await busy.call('/v1/echo')
    const { db } = world.server
    const used = db.write.selectFrom('devices').select('deviceId').where('lastSeenAt', 'is not', null)
    await until('its use is written', async () =>
      (await used.execute()).some(({ deviceId }) => deviceId.toString('hex') === busy.device.t),
    )
    world.clock.add(86_400_000 - 1)
    t.match(await idle.call('/v1/echo'), { isSealed: true }, 'a day less a moment')
    const late = await world.connect()
    world.clock.add(86_400_000)
    t.match(
      await late.call('/v1/echo'),
      { isSealed: false, json: { code: replyCodes.ENVELOPE_REFUSED } },
      'a day unused',
    )
    t.match(await busy.call('/v1/echo'), { isSealed: true }, 'two days after its first use')
    world.clock.add(90 * 86_400_000)
    t.match(
      await busy.call('/v1/echo'),
      { isSealed: false, json: { code: replyCodes.ENVELOPE_REFUSED } },
      '90 days idle',
    )
  })
})

t.test('devices have their bounds', async (t) => {
  const world = await openWorld(t, {
    TORII__PROVISIONING__DEVICES_PER_APP: '3',
    TORII__PROVISIONING__DEVICES_PER_ADDRESS: '5',
    TORII__SECURITY__PROFILE: 'legacy',
  })
  const provision = async (from: string) => {
    const url = `/v1/totp?n=${world.app.appId}&s=${world.app.appSecret}`
    const reply = await world.request({ url, from })
    const { totp_token: t, totp_secret: secret } = JSON.parse(reply.body)
    world.clock.add(1_000)
    return { reply, device: { t, secret } as Provisioned }
  }
  const isKnown = async ({ device }: { device: Provisioned }) =>
    (await createTotpClient({ send: world.send, device, now: world.clock.now }).call('/v1/echo')).isSealed
  const [used, unused, third] = [
    await provision('10.0.0.1'),
    await provision('10.0.0.2'),
    await provision('10.0.0.3'),
  ]
  t.ok(await isKnown(used), 'the first is used')
  const fourth = await provision('10.0.0.4')
  t.equal(fourth.reply.status, 200)
  t.notOk(await isKnown(unused), 'the oldest that was never used had to go')
  t.same([await isKnown(used), await isKnown(third), await isKnown(fourth)], [true, true, true])
  const registerOn = async ({ device }: { device: Provisioned }, userName: string) => {
    const client = createTotpClient({ send: world.send, device, now: world.clock.now })
    const members = { regmode: 'anonymous', user: { userName }, password: 'pass word' }
    t.equal((await client.call('/v1/register', members)).json?.code, replyCodes.REGISTERED)
  }
  await registerOn(used, 'willow')
  const later = []
  for (let at = 5; at < 10; at++) later.push(await provision(`10.0.0.${at}`))
  t.same(
    later.map(({ reply }) => reply.status),
    [200, 200, 200, 200, 200],
    'one echo keeps no device for ever: the one that was used longest ago makes room',
  )
  const devices = world.admin.devices
  const listed = await devices.list(world.app.appId, 10)
  t.match(listed[0], { deviceId: used.device.t, hasLogin: 1 }, 'but none with a login')
  t.equal(listed.length, 3)
  for (const [at, device] of later.slice(-2).entries()) await registerOn(device, `person ${at}`)
  checkRefusal(t, (await provision('10.0.0.5')).reply, 'OVERLOADED', { message: 'all have a login' })
  t.equal(await devices.remove(used.device.t), true)
  t.equal(await devices.remove(used.device.t), false)
  await t.rejects(devices.list('none', 1), new Failure('APP_REFUSED'))

  const roomy = await openWorld(t, {
    TORII__PROVISIONING__DEVICES_PER_ADDRESS: '2',
    TORII__SECURITY__PROFILE: 'legacy',
  })
  const from = (address: string) =>
    roomy.request({ url: `/v1/totp?n=${roomy.app.appId}&s=${roomy.app.appSecret}`, from: address })
  t.same([(await from('10.0.0.1')).status, (await from('10.0.0.1')).status], [200, 200])
  checkRefusal(t, await from('10.0.0.1'), 'TOO_OFTEN', { message: 'an address has its bound' })
  t.equal((await from('10.0.0.2')).status, 200)

  const wide = await openWorld(t, {
    TORII__PROVISIONING__DEVICES_PER_SITE: '5',
    TORII__SECURITY__PROFILE: 'legacy',
  })
  const statuses = []
  for (let at = 0; at < 8; at++) {
    const url = `/v1/totp?n=${wide.app.appId}&s=${wide.app.appSecret}`
    statuses.push((await wide.request({ url, from: `2600:1:2:${at}::1` })).status)
  }
  t.same(statuses, [200, 200, 200, 200, 200, 429, 429, 429], 'and so has a /48')
})

t.test('echo answers what it was sent', async (t) => {
  const world = await openWorld(t)
  const members = {
    z: 1,
    a: '中文😀',
    list: [1, [2], { b: null }],
    nested: { c: true, d: 0.5 },
    op: '/v1/echo',
  }
  const dropped = { token: 't', code: 5, msg: 'm', info: 'i', status: 's', timestamp: 1 }
  for (const [way, call] of Object.entries(await openWays(world))) {
    for (const path of [
      '/v1/echo',
      '/tests/encrypttest.php',
      '/tests/conntest.php',
      '/NyarukoLogin/tests/encrypttest.php',
    ]) {
      const reply = await call(path, { ...members, ...dropped, rid: 'r-1' })
      t.same(
        Object.keys(reply),
        ['code', 'msg', ...Object.keys(members), 'status', 'rid', 'timestamp'],
        `${way}: ${path}`,
      )
      t.same(reply, {
        code: replyCodes.OK,
        msg: '完成',
        ...members,
        status: replyCodes.OK,
        rid: 'r-1',
        timestamp: Math.floor(startMs / 1_000),
      })
    }
  }
})

t.test('codes with leading zeros and imported secrets open on a server', async (t) => {
  const serverKey = generateServerKey(systemRandom)
  const world = await openWorld(t, { TORII__SECURITY__SERVER_KEY: serverKey })
  const sealer = createSealer(parseServerKey(serverKey).atRest, systemRandom)
  const importDevice = async (secret: string): Promise<Provisioned> => {
    const deviceId = systemRandom.bytes(16)
    const id = deviceId.toString('hex')
    const now = world.clock.now()
    await insertDevice(world.server.db.write, {
      deviceId,
      appId: world.app.appId,
      secretSealed: sealer.seal(secretPlace(id), Buffer.from(secret)),
      address: '127.0.0.1',
      site: '127.0.0.0/24',
      deviceType: '',
      os: '',
      name: '',
      minStrength: 0,
      hello: '',
      createdAt: now,
      lastSeenAt: null,
      usedAt: now,
      hasLogin: 0,
      expiresAt: now + 864_000_000,
    })
    return { t: id, secret }
  }
  const call = async (device: Provisioned, form: 'number' | 'padded') => {
    const client = createTotpClient({ send: world.send, device, now: world.clock.now, form })
    return (await client.call('/v1/echo', { a: '中' })).json?.a
  }
  for (let length = 16; length <= 64; length += 8) {
    const secret = 'JBSWY3DPEHPK3PXPKRUGKIDROVUWG2ZAMJZG653OEBTG66BANJ2W24DTEBXXMZLS'.slice(0, length)
    t.equal(await call(await importDevice(secret), 'number'), '中', `${length} characters`)
  }
  const [numbers, padded] = [await importDevice('JBSWY3DPEHPK3PXP'), await importDevice('JBSWY3DPEHPK3PXP')]
  const zeros: string[] = []
  while (zeros.length < 4) {
    world.clock.add(30_000)
    const code = codeAt('JBSWY3DPEHPK3PXP', world.clock.now())
    if (!code.startsWith('0')) continue
    zeros.push(code)
    t.equal(await call(numbers, 'number'), '中', `${code} as a number`)
    t.equal(await call(padded, 'padded'), '中', `${code} with its zeros`)
  }

  t.test('a device that pads gets padded replies over the edge of a step, too', async (t) => {
    const device = await importDevice('JBSWY3DPEHPK3PXP')
    const isZero = (ms: number) => codeAt(device.secret, ms).startsWith('0')
    // A step without a leading zero, and one behind it that has one.
    while (isZero(world.clock.now()) || !isZero(world.clock.now() + 30_000)) world.clock.add(30_000)
    const edge = Math.floor(world.clock.now() / 30_000) * 30_000 + 30_000
    for (const form of ['number', 'padded'] as const) {
      world.clock.set(edge + 15_000)
      t.equal(await call(device, form), '中', `it is seen to need ${form}`)
      world.clock.set(edge - 20)
      const client = createTotpClient({ send: world.send, device, now: () => world.clock.now() + 60, form })
      const j = sealBytes(device, '{"apiver":1,"a":"中"}', edge - 20)
      t.match((await client.sendSealed('/v1/echo', j)).json, { a: '中' }, `${form}: read behind the edge`)
    }
  })

  t.test(
    'a client on a fast line reads the reply that is sealed just before the edge of a step',
    async (t) => {
      const device = await world.provision()
      const callAt = async (nowMs: number) => {
        world.clock.set(nowMs)
        const j = sealText(device, '{"apiver":1,"a":1}', nowMs)
        const { body } = await world.request({ url: '/v1/echo', post: formOf({ t: device.t, j }) })
        return openText(device, body, nowMs)
      }
      const edgeMs = Math.ceil((world.clock.now() + 30_000) / 30_000) * 30_000
      t.ok(await callAt(edgeMs - 1_000))
      t.ok(await callAt(edgeMs - 998))
      for (const ms of [40, 20, 5]) t.match(await callAt(edgeMs - ms), /"a":1/, `${ms} ms before it`)
      t.match(await callAt(edgeMs), /"a":1/, 'and behind it')
    },
  )

  t.test('a compensation is added to the code', async (t) => {
    const moved = await openWorld(t, { TORII__TRANSPORT__TOTP_COMPENSATION: '7' })
    const device = await moved.provision()
    const code = Number(codeAt(device.secret, startMs))
    const seal = (n: number) => {
      const key = createHash('md5')
        .update(device.secret + n)
        .digest('hex')
      const j = Buffer.from(xxtea.encrypt('{"apiver":1,"a":1}', key)).toString('base64url')
      return { key, request: { url: '/v1/echo', post: formOf({ t: device.t, j }) } }
    }
    const { key, request } = seal(code + 7)
    const reply = await moved.request(request)
    const opened = xxtea.decrypt(Buffer.from(reply.body, 'base64url'), key)
    t.match(JSON.parse(Buffer.from(opened ?? '').toString()), { code: replyCodes.OK, a: 1 })
    checkRefusal(t, await moved.request(seal(code).request), 'ENVELOPE_REFUSED', { message: 'without it' })
  })
})

t.test('a call to one operation is refused by another that writes', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const shapes = await findShapes()
  t.ok(shapes.length >= 8)
  const { user, tickets } = await register(call, 'captured', 'right horse')
  const { a2 } = tickets as Tickets
  const { salt, cost } = (await call('/v1/prelogin', { login: 'captured' })) as unknown as {
    salt: string
    cost: number
  }
  const clientHash = await clientHashOf('right horse', { salt, cost })
  // A good value for every member that any operation knows.
  const samples: Members = {
    unregister: true,
    export: true,
    exportPart: 1,
    ...{
      login: 'captured',
      clientHash,
      nextClientHash: clientHash,
      password: 'right horse',
      salt,
      device: {},
    },
    tokens: [a2],
    captcha: { id: 'x', answer: 'x' },
    ...{ kdfs: [], number: { salt, clientHash }, name: { salt, clientHash }, prefixes: ['5BAA6'] },
    oldHash: { salt, clientHash },
    ...{ remove: 'email', grant: 'x' },
    ...{ tier: 'pskey', business: 'pay', scopes: ['x'], route: '/pay', maxAuthAge: 60 },
    ...{ app: world.app.appId, challenge: 'c'.repeat(43), webCode: 'wc_x', verifier: 'v'.repeat(43) },
    ...{ newPassword: 'another horse', hashes: [{ salt, clientHash }] },
    ...{ address: 'a@good.example', flow: `login-${'0'.repeat(32)}`, code: '123456' },
    purpose: 'login',
    kind: 'picture',
    theme: 'light',
    text: 'text',
    texts: ['text'],
    w: 'text',
    ...{ regmode: 'anonymous', user: { userName: 'somebody-new' }, token: a2, to: 'skey', everywhere: false },
    // No known key: a call that names one also proves it.
    ...{ version: 1, tm: String(startMs), msgType: 'hello', keyPrint: '0', checkTokenData: '' },
    ...{ hello: { stage: 'clienthello' }, keyEx: { stage: 1 }, userOp: { operation: 8 }, plainMsg: {} },
    ...{ friendOp: { operation: 14 }, friendOpRet: { operation: 11 } },
    ...{ n: world.app.appId, s: world.app.appSecret, type: 'x', os: 'x' },
    ...{ giveUp: ['0'.repeat(32)], rename: '0'.repeat(32), revoke: 'others', how: 'password' },
    ...{ grantTo: world.app.appId, revokeFrom: world.app.appId, known: 'x' },
    ...{ requestTo: '10001', acceptFrom: '10001', refuseFrom: '10001', ignoreFrom: '10001' },
    ...{ removeUser: '10001', relation: 'friend', blockUser: '10001', unblockUser: '10001' },
    ...{ message: 'x', answer: 'x', friendSettings: {}, setFor: '10001', remark: 'x', granted: ['chat'] },
    ...{ usesDefaults: true, users: ['10001'], permission: 'chat', forApp: world.app.appId },
    wants: ['roles'],
    ...{ list: 'fans', cursor: 'x', limit: 1 },
    ...{ provider: 'google', redirect: 'https://app.example/', unlink: 'google' },
    ...{ userId: '10001', by: 'nickName', cursor: 'x', limit: 2, since: 1, waitSeconds: 0, readUpTo: 1 },
    ...{ userName: 'somebody-else', nickName: 'x', gender: 'other', birthday: '1990-12-10', age: 36 },
    ...{ region: 'x', introduction: 'x', icon: 'https://cdn.example.com/a.png', language: 'en', params: {} },
    ...{ privacy: { age: 'nobody' }, findBy: { email: true } },
    finish: { code: 'x', verifier: 'v'.repeat(43) },
    link: { code: 'x', verifier: 'v'.repeat(43) },
    previousClientHash: clientHash,
    ...{ disable: 'captured', enable: 'captured', capability: 'search', reason: 'x', until: startMs },
  }
  let walked = 0
  for (const from of shapes) {
    const names = Object.keys(from.input.properties)
    for (const name of names) t.ok(name in samples, `${from.path}: a sample for ${name}`)
    for (const to of shapes) {
      // A logout takes what a session check said; docs/protocol.md says so.
      if (from === to || to.replay === 'read' || to.path === '/v1/logout') continue
      for (const without of ['clientHash', 'password', 'none']) {
        const members = Object.fromEntries(
          names.filter((name) => name !== without).map((name) => [name, samples[name]]),
        )
        const { code } = await call(to.path, members)
        if (isSuccess(code)) t.fail(`${to.path} takes what ${from.path} was told`)
        walked++
      }
    }
  }
  t.ok(walked >= 60, `${walked} pairs`)
  t.match(await call('/v1/session', { token: a2 }), {
    code: replyCodes.TICKET_VALID,
    user: { userId: (user as User).userId },
  })
})
