/** The replay guard, through two processes on MariaDB and Redis, and in one with the embedded engines. */

import { createHash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { fastify } from 'fastify'
import { Redis } from 'ioredis'
import t from 'tap'
import { Type } from 'typebox'
import { systemClock } from '../../src/adapters/clock.ts'
import { createMemoryStore } from '../../src/adapters/store/memory.ts'
import { createAdmin } from '../../src/admin.ts'
import { registerOperations } from '../../src/http/operations.ts'
import { createReplay } from '../../src/http/replay.ts'
import { decorateRequests } from '../../src/http/request.ts'
import { claimReplay, keepReply } from '../../src/http/stages/replay.ts'
import { startRedis } from '../../tools/test/harness.ts'
import { codes } from '../harness/codes.ts'
import {
  clientHashOf,
  countCodes,
  createDevice,
  type Device,
  randomName,
  registerUser,
  registration,
  type Target,
  ticketsOf,
} from '../harness/devices.ts'
import {
  type Answer,
  beginExchange,
  type Call,
  exchangeKey,
  helloFrame,
  proofOf,
  thirdOf,
} from '../harness/key-client.ts'
import { readCode } from '../harness/messages.ts'
import { readShapes } from '../harness/shapes.ts'
import { createTestClock, openTestServer, testServers, until } from '../harness/test-server.ts'
import { sealText } from '../harness/totp-client.ts'
import { challengeOf } from '../harness/web-codes.ts'
import { writeLists } from '../http/world.ts'
import { lockRow, openEmbedded, openFleet, readStore, runFolder, untilRunning } from './fleet.ts'

t.setTimeout(300_000)

const { redis } = testServers()
const fleet = await openFleet(t)
const embedded = await openEmbedded(t)
const { a, b } = fleet

/** Where each flow runs: its calls go to one and the other in turn. */
const places: { name: string; one: Target; other: Target; connect(): Promise<Device> }[] = [
  { name: 'two processes', one: a, other: b, connect: () => fleet.connect() },
  { name: 'embedded', one: embedded.target, other: embedded.target, connect: embedded.connect },
]

const isLive = async (device: Device, target: Target, { a2, skey }: { a2: string; skey: string }) => {
  const replies = await Promise.all(
    [a2, skey].map((token) => device.call(target, '/v1/session', { token, n: randomName() })),
  )
  return replies.every(({ code }) => code === codes.TICKET_VALID)
}

for (const { name, one, other, connect } of places)
  t.test(`byte-equal flows: ${name}`, async (t) => {
    const device = await connect()

    t.test('session, logout, session: a logout takes effect on equal bytes', async (t) => {
      const { skey } = await registerUser(device, one)
      const j = device.seal({ token: skey })
      t.equal((await device.send(one, '/v1/session', j)).code, codes.TICKET_VALID)
      t.equal((await device.send(other, '/v1/logout', j)).code, codes.LOGGED_OUT)
      const ended = await device.send(one, '/v1/session', j)
      t.equal(ended.code, codes.TICKET_ENDED)
      t.equal(ended.json.reason, 'logged-out')
      t.equal(
        (await device.send(one, '/v1/logout', j)).code,
        codes.LOGGED_OUT,
        'a copy of the logout gets its reply',
      )
      t.equal((await device.send(other, '/v1/session', j)).code, codes.TICKET_ENDED)
    })

    t.test('login, register, login: a refusal is not remembered against what is true now', async (t) => {
      const members = await registration(device, one)
      const j = device.seal({ login: members.user.userName, clientHash: members.clientHash })
      t.equal((await device.send(one, '/v1/login', j)).code, codes.LOGIN_FAILED)
      t.equal((await device.call(other, '/v1/register', members)).code, codes.REGISTERED)
      t.equal((await device.send(other, '/v1/login', j)).code, codes.LOGGED_IN)
    })

    t.test('login, login: a copy gets the same tickets and makes no second login', async (t) => {
      const user = await registerUser(device, one)
      const j = device.seal(user.login)
      const first = await device.send(one, '/v1/login', j)
      const second = await device.send(other, '/v1/login', j)
      t.equal(first.code, codes.LOGGED_IN)
      t.same(second.json, first.json)
      t.ok(await isLive(device, other, ticketsOf(second)))
    })

    t.test(
      'login, exchange, login: runs again once its A2 was exchanged, and both logins live',
      async (t) => {
        const user = await registerUser(device, one)
        const j = device.seal(user.login)
        const first = ticketsOf(await device.send(one, '/v1/login', j))
        const exchanged = await device.call(other, '/v1/ticket/exchange', { token: first.a2, to: 'skey' })
        t.equal(exchanged.code, codes.OK)
        const again = ticketsOf(await device.send(other, '/v1/login', j))
        t.not(again.a2, first.a2)
        t.ok(await isLive(device, one, again))
        t.ok(await isLive(device, one, ticketsOf(exchanged)))
      },
    )

    t.test('login, logout, login inside one step: runs again and gives new live tickets', async (t) => {
      const user = await registerUser(device, one)
      const j = device.seal(user.login)
      for (const [from, to] of [
        [one, other],
        [other, one],
      ] as const) {
        const before = ticketsOf(await device.send(from, '/v1/login', j))
        t.equal((await device.call(to, '/v1/logout', { token: before.skey })).code, codes.LOGGED_OUT)
        const after = ticketsOf(await device.send(to, '/v1/login', j))
        t.not(after.a2, before.a2)
        t.not(after.skey, before.skey)
        t.notOk(await isLive(device, from, before))
        t.ok(await isLive(device, from, after))
      }
    })

    t.test('a retry by GET of a POST gets the reply of the POST', async (t) => {
      const members = await registration(device, one)
      const j = device.seal(members)
      const first = await device.send(one, '/v1/register', j, 'POST')
      const second = await device.send(other, '/v1/register', j, 'GET')
      t.equal(first.code, codes.REGISTERED)
      t.same(second.json, first.json)
    })

    t.test('a registration retried over the edge of a step gets the same account and tickets', async (t) => {
      const members = await registration(device, one)
      const early = device.seal(members)
      const late = device.seal(members, 30_000)
      t.not(early, late)
      const first = await device.send(one, '/v1/register', early)
      const second = await device.send(other, '/v1/register', late)
      const third = await device.send(one, '/v1/register', late)
      t.equal(first.code, codes.REGISTERED)
      t.same(second.json, first.json)
      t.same(third.json, first.json)
      t.equal(
        (await device.send(one, '/v1/login', late)).code,
        codes.ENVELOPE_REFUSED,
        'its bytes are bound, too',
      )
    })

    t.test('ten copies of a registration at once, of two steps, make one account', async (t) => {
      const members = await registration(device, one)
      const copies = [device.seal(members), device.seal(members, 30_000)]
      const replies = await Promise.all(
        Array.from({ length: 10 }, (_, at) =>
          device.send(at % 3 ? one : other, '/v1/register', copies[at % 2] ?? ''),
        ),
      )
      t.same(countCodes(replies), { [codes.REGISTERED]: 10 })
      t.equal(new Set(replies.map((reply) => ticketsOf(reply).a2)).size, 1)
    })

    t.test('byte-equal wrong passwords count as one failure, others each for themselves', async (t) => {
      const user = await registerUser(device, one)
      const wrong = (guess: string) => device.seal({ ...user.login, clientHash: clientHashOf(guess) })
      const same = wrong('guess')
      const replies = await Promise.all(
        Array.from({ length: 20 }, (_, at) => device.send(at % 2 ? one : other, '/v1/login', same)),
      )
      t.same(countCodes(replies), { [codes.LOGIN_FAILED]: 20 })
      for (const guess of ['2', '3', '4', '5'])
        t.equal(
          (await device.send(one, '/v1/login', wrong(guess))).code,
          codes.LOGIN_FAILED,
          `failure ${guess}`,
        )
      t.equal((await device.send(other, '/v1/login', wrong('6'))).code, codes.TOO_OFTEN)
    })

    t.test('equal bytes open no other changing operation', async (t) => {
      const user = await registerUser(device, one)
      const login = device.seal(user.login)
      t.equal((await device.send(one, '/v1/login', login)).code, codes.LOGGED_IN)
      for (const path of ['/v1/register', '/v1/ticket/exchange', '/v1/logout'])
        t.equal((await device.send(other, path, login)).code, codes.ENVELOPE_REFUSED, `login at ${path}`)
      t.equal(
        (await device.send(other, '/v1/prelogin', login)).code,
        codes.OK,
        'what changes nothing is free',
      )
      const exchange = device.seal({ token: user.a2, to: 'skey' })
      t.equal((await device.send(one, '/v1/ticket/exchange', exchange)).code, codes.OK)
      t.equal((await device.send(other, '/v1/logout', exchange)).code, codes.ENVELOPE_REFUSED)
    })

    t.test('the same bytes mean nothing to another device', async (t) => {
      const stranger = await connect()
      const user = await registerUser(device, one)
      const reply = await device.send(one, '/v1/login', device.seal(user.login))
      t.equal(reply.code, codes.LOGGED_IN)
      const stolen = { ...device, t: stranger.t }
      const asStranger = createDevice({ t: stolen.t, secret: stranger.secret })
      t.equal(
        (await asStranger.send(other, '/v1/login', device.seal(user.login))).code,
        codes.ENVELOPE_REFUSED,
      )
    })
  })

t.test('a copy waits while the first runs, and both get one reply', async (t) => {
  const device = await fleet.connect()
  const user = await registerUser(device, a)
  const held = await lockRow(t, fleet.database, 'SELECT * FROM accounts WHERE user_id = ?', [user.userId])
  const j = device.seal(user.login)
  const first = device.send(a, '/v1/login', j)
  await untilRunning(redis.url, fleet.database)
  let isAnswered = false
  const copies = [a, b, b].map(async (target, at) => {
    const reply = await device.send(target, '/v1/login', j, at === 2 ? 'GET' : 'POST')
    isAnswered = true
    return reply
  })
  // The copies have been there for as long as other calls take.
  for (let call = 0; call < 5; call++) await device.call(b, '/v1/session', { token: user.skey })
  t.notOk(isAnswered)
  await held.release()
  const reply = await first
  t.equal(reply.code, codes.LOGGED_IN)
  for (const copy of await Promise.all(copies)) t.same(copy.json, reply.json)
})

t.test('a client that hung up finds its reply by asking again', async (t) => {
  const device = await fleet.connect()
  const user = await registerUser(device, a)
  const held = await lockRow(t, fleet.database, 'SELECT * FROM accounts WHERE user_id = ?', [user.userId])
  const j = device.seal(user.login)
  const call = httpRequest(`${a.url}/v1/login?${new URLSearchParams({ t: device.t, j })}`)
  call.on('error', () => {}).end()
  await untilRunning(redis.url, fleet.database)
  call.destroy()
  await held.release()
  const replies = [await device.send(b, '/v1/login', j), await device.send(a, '/v1/login', j)]
  t.same(countCodes(replies), { [codes.LOGGED_IN]: 2 })
  const logins = await fleet.db.write
    .selectFrom('logins')
    .selectAll()
    .where('userId', '=', Number(user.userId))
    .execute()
  t.equal(logins.length, 2, 'the registration and one login')
})

t.test('a copy waits five seconds at most; a process killed in between leaves a lease of 15 s', async (t) => {
  const c = await fleet.start(t)
  const device = await fleet.connect()
  const user = await registerUser(device, b)
  const held = await lockRow(t, fleet.database, 'SELECT * FROM accounts WHERE user_id = ?', [user.userId])
  const j = device.seal(user.login)
  const claimedAt = performance.now()
  const first = device.send(c, '/v1/login', j).catch((error: Error) => error)
  await untilRunning(redis.url, fleet.database)
  const copy = await device.send(b, '/v1/login', j)
  const waited = performance.now() - claimedAt
  t.equal(copy.code, codes.OVERLOADED)
  t.equal(copy.headers['retry-after'], '1')
  t.ok(waited > 4_900 && waited < 8_000, `waited ${Math.round(waited)} ms`)
  await c.kill()
  t.ok((await first) instanceof Error, 'the first got no reply')
  await held.release()

  const reply = await until(
    'the lease lapses',
    async () => {
      const retry = await device.send(b, '/v1/login', j)
      return retry.code !== codes.OVERLOADED && retry
    },
    20_000,
  )
  const lapsed = performance.now() - claimedAt
  t.ok(lapsed > 14_500 && lapsed < 22_000, `ran again after ${Math.round(lapsed)} ms`)
  t.equal(reply.code, codes.LOGGED_IN)
  t.ok(await isLive(device, b, ticketsOf(reply)))
})

t.test('without its store a server runs nothing, and goes on when it is back', async (t) => {
  const own = await startRedis({ folder: runFolder() })
  t.teardown(() => own.stop())
  const settings = { TORII__STORE__URL: own.url }
  const [one, other] = await Promise.all([fleet.start(t, settings), fleet.start(t, settings)])
  const device = await fleet.connect()
  const user = await registerUser(device, one)
  const members = await registration(device, one)
  const rows = () => fleet.db.write.selectFrom('logins').selectAll().orderBy('loginId').execute()
  const before = await rows()
  const calls: [string, string][] = [
    ['/v1/register', device.seal(members)],
    ['/v1/login', device.seal(user.login)],
    ['/v1/ticket/exchange', device.seal({ token: user.a2, to: 'skey' })],
    ['/v1/logout', device.seal({ token: user.a2, everywhere: true })],
    ['/v1/session', device.seal({ token: user.skey })],
  ]
  await own.kill('SIGKILL')
  for (const target of [one, other])
    for (const [path, j] of calls) {
      const reply = await device.send(target, path, j)
      t.equal(reply.code, codes.STORE_UNREACHABLE, path)
      t.equal(reply.status, 503)
      t.notOk(reply.isSealed)
    }
  t.same(await rows(), before, 'no login was made, exchanged or ended')

  await own.restart()
  for (const target of [one, other])
    await until('the store is back', async () => (await device.call(target, '/v1/echo')).code === codes.OK)
  const [register, login] = calls
  t.equal((await device.send(other, ...(register as [string, string]))).code, codes.REGISTERED)
  t.equal((await device.send(one, ...(login as [string, string]))).code, codes.LOGGED_IN)
})

t.test('a store that takes no writes refuses before anything runs', async (t) => {
  const own = await startRedis({ folder: runFolder() })
  t.teardown(() => own.stop())
  const single = await fleet.start(t, { TORII__STORE__URL: own.url })
  const device = await fleet.connect()
  const user = await registerUser(device, single)
  const j = device.seal(user.login)
  const client = new Redis(own.url)
  t.teardown(async () => client.disconnect())
  await client.config('SET', 'maxmemory', '1')
  t.equal((await device.send(single, '/v1/login', j)).code, codes.STORE_UNREACHABLE)
  await client.config('SET', 'maxmemory', '0')
  t.equal((await device.send(single, '/v1/login', j)).code, codes.LOGGED_IN)

  const held = await lockRow(t, fleet.database, 'SELECT * FROM accounts WHERE user_id = ?', [user.userId])
  const later = device.call(single, '/v1/login', { ...user.login, n: 1 })
  await untilRunning(own.url, fleet.database)
  await client.config('SET', 'maxmemory', '1')
  await held.release()
  const reply = await later
  t.equal(reply.code, codes.LOGGED_IN, 'what had begun by then is done')
  const { a2, skey } = ticketsOf(reply)
  t.equal(skey, undefined, 'without the ticket that the store would keep')
  await client.config('SET', 'maxmemory', '0')
  const exchanged = await device.call(single, '/v1/ticket/exchange', { token: a2, to: 'skey' })
  t.ok(await isLive(device, single, ticketsOf(exchanged)))
})

t.test('replies in the store reveal no ticket and let no password be tried', async (t) => {
  const device = await fleet.connect()
  const userName = randomName()
  const password = 'correct horse'
  const members = { apiver: 1, regmode: 'anonymous', user: { userName }, password }
  const text = JSON.stringify(members)
  const reply = await device.send(a, '/v1/register', sealText(device, text, Date.now()))
  t.equal(reply.code, codes.REGISTERED)
  const first = ticketsOf(reply)
  const second = await device.call(b, '/v1/ticket/exchange', { token: first.a2, to: 'skey' })
  const store = await readStore(redis.url, `${fleet.database}:`)
  const all = [...store].flat().join('\n')
  t.match(all, /"done"/, 'there are stored replies')
  const tickets = [first.a2, first.skey, ...Object.values(ticketsOf(second))]
  for (const ticket of tickets) {
    const secret = Buffer.from(ticket.slice(3), 'base64url').subarray(16)
    for (const form of [
      ticket,
      ...(['base64', 'base64url', 'hex'] as const).map((it) => secret.toString(it)),
    ])
      t.notOk(all.includes(form), `${ticket.slice(0, 3)} as ${form.length} characters`)
  }
  t.notOk(all.includes(password))
  for (const form of ['base64', 'base64url', 'hex'] as const) {
    const digest = createHash('sha256').update(text).digest(form)
    t.notOk(all.includes(digest), `a plain digest (${form}) could be tried against a list of passwords`)
  }
})

t.test('a replayed reply is sealed again for the current step', async (t) => {
  const clock = createTestClock()
  const server = await openTestServer({ clock })
  t.teardown(() => server.close())
  const client = await server.connect()
  const device = createDevice(client.device, clock.now)
  const user = await registerUser(device, server)
  const j = device.seal(user.login)
  const first = await client.sendSealed('/v1/login', j)
  t.equal(first.json?.code, codes.LOGGED_IN)
  clock.add(30_000)
  const copy = await client.sendSealed('/v1/login', j)
  t.not(copy.body, first.body)
  t.same(copy.json, first.json, 'readable with the code of now')
})

t.test('a stored reply is not for an app or an account that was disabled since', async (t) => {
  const device = await fleet.connect()
  const user = await registerUser(device, a)
  const j = device.seal(user.login)
  t.equal((await device.send(a, '/v1/login', j)).code, codes.LOGGED_IN)
  await fleet.admin.accounts.disable(user.userName, 'test')
  t.equal((await device.send(b, '/v1/login', j)).code, codes.ACCOUNT_DISABLED)
  await fleet.admin.accounts.enable(user.userName)
  t.equal((await device.send(a, '/v1/login', j)).code, codes.LOGGED_IN)
})

t.test('equal bytes of a login know nothing of a later failure', async (t) => {
  const device = await fleet.connect()
  const user = await registerUser(device, a)
  const good = device.seal(user.login)
  t.equal((await device.send(a, '/v1/login', good)).code, codes.LOGGED_IN)
  for (let guess = 0; guess < 5; guess++)
    await device.call(b, '/v1/login', { ...user.login, clientHash: clientHashOf(String(guess)) })
  const copy = await device.send(b, '/v1/login', good)
  t.equal(copy.code, codes.LOGGED_IN, 'the copy of a good login is its reply')
  await device.call(b, '/v1/logout', { token: user.a2, everywhere: true })
  t.equal((await device.send(a, '/v1/login', good)).code, codes.TOO_OFTEN, 'and not a way past five failures')
})

/** The login that a ticket names. */
const loginIdOf = (skey: string) => Buffer.from(skey.slice(3), 'base64url').subarray(0, 16).toString('hex')

t.test('no changing operation but logout runs on bytes that were made for another operation', async (t) => {
  const server = await openTestServer({
    environment: {
      TORII__WORDS__FOLDER: await writeLists({ deny: ['badword'] }),
      // One user asks for each accept, refuse and ignore.
      TORII__FRIENDS__ASKS_PER_DAY: '10000',
      TORII__FRIENDS__MOST_SENT: '10000',
      TORII__FRIENDS__MOST_FRIENDS: '10000',
    },
  })
  await server.server.apps.set(server.app.appId, { rights: ['words'], friends: 'friend' })
  const pay = { name: 'pay', idleSeconds: 600, routes: ['/pay'], appIds: [server.app.appId] }
  await server.server.businesses.add(pay)
  await server.server.businesses.reload()
  const guest = await server.server.apps.add({ name: 'guest', isThirdParty: true, scopes: ['profile'] })
  await server.server.apps.reload()
  const admin = createAdmin({ db: server.server.db, config: server.config })
  t.teardown(() => server.close())
  const device = createDevice((await server.connect()).device)
  const shapes = (await readShapes()).filter(({ bare }) => !bare)
  const changing = shapes.filter(({ replay, path }) => replay !== 'read' && path !== '/v1/logout')
  t.ok(shapes.length >= 7 && changing.length >= 3, `${shapes.length} operations, ${changing.length} change`)

  const now = () => String(Date.now())
  const call: Call = async (path, members) => (await device.call(server, path, members)).json as Answer
  const prove = async () => proofOf(await exchangeKey(call, 'AES-CTR'), now())
  const kdf = { nextClientHash: clientHashOf('next') }
  const previousClientHash = clientHashOf('previous')
  const verifier = 'v'.repeat(43)
  let mails = 0
  const freshMail = () => `amber-${++mails}@example.com`
  const about = { device: { type: 'phone', os: 'os', device: 'name', osver: '1' }, captcha: {} }
  const renew = async (login: string) => {
    const { salt } = (await call('/v1/prelogin', { login })) as unknown as { salt: string }
    return { salt, clientHash: clientHashOf('new one') }
  }
  const other = await registerUser(device, server)
  const receiveRequest = async () => {
    const { skey: token, userId } = await registerUser(device, server)
    await call('/v1/friend/request', { token: other.skey, requestTo: userId })
    return { token, userId: other.userId }
  }
  const actOn = async (member: string) => ({
    token: (await registerUser(device, server)).skey,
    [member]: other.userId,
  })
  const samples: Record<string, () => Promise<Record<string, unknown>>> = {
    '/v1/echo': async () => ({ anything: 1 }),
    '/v1/prelogin': async () => ({ login: (await registerUser(device, server)).userName, kdfs: [] }),
    '/v1/password/range': async () => ({ prefixes: ['5BAA6'] }),
    '/v1/register': async () => {
      const { user, ...members } = await registration(device, server)
      const number = { salt: '.'.repeat(22), clientHash: clientHashOf('number') }
      return {
        ...members,
        ...kdf,
        number,
        name: number,
        ...about,
        ...(await prove()),
        user: { ...user, nickName: 'Nick' },
      }
    },
    '/v1/login': async () => {
      const { login } = await registerUser(device, server)
      const given = { hashes: [await renew(login.login)], giveUp: ['0'.repeat(32)] }
      return { ...login, ...kdf, previousClientHash, ...about, ...(await prove()), ...given }
    },
    '/v1/password/reset': async () => ({
      flow: `reset-${'0'.repeat(32)}`,
      code: '123456',
      grant: 'x',
      hashes: [{ salt: '.'.repeat(22), clientHash: clientHashOf('new one') }],
      device: {},
      ...(await prove()),
    }),
    '/v1/password/logins': async () => ({ token: (await registerUser(device, server)).skey }),
    '/v1/password/change': async () => {
      const { skey: token, login } = await registerUser(device, server)
      const hash = await renew(login.login)
      const { clientHash } = login
      const { salt } = hash
      const given = { clientHash, previousClientHash, salt, hashes: [hash], device: about.device }
      return { token, ...given, ...(await prove()) }
    },
    '/v1/hello': async () => helloFrame(await exchangeKey(call, 'AES-CTR'), now()),
    '/v1/user-op': async () => {
      const { login, clientHash } = (await registerUser(device, server)).login
      const userOp = { operation: 7, user: { userName: login, params: { clientHash } }, params: {} }
      return { version: 1, tm: now(), keyPrint: '0', msgType: 'userOp', userOp }
    },
    '/v1/friend-op': async () => {
      const { token, requestTo } = await actOn('requestTo')
      const friendOp = { operation: 10, user: { userId: requestTo }, params: {} }
      return { version: 1, tm: now(), keyPrint: '0', msgType: 'friendOp', friendOp, token }
    },
    '/v1/key-exchange': async () => {
      const { shared } = await beginExchange(call, 'AES-CTR')
      if (!shared) throw new Error('refused')
      return thirdOf(shared, now())
    },
    '/v1/code/send': async () => ({ purpose: 'login', address: freshMail(), kind: 'email', captcha: {} }),
    '/v1/verify': async () => {
      const email = freshMail()
      const registered = { regmode: 'email', user: { email }, password: 'correct horse battery' }
      const { flow } = await call('/v1/register', registered)
      return { flow, code: await readCode(server.send, email), device: {}, ...(await prove()) }
    },
    '/v1/address/list': async () => ({ token: (await registerUser(device, server)).skey }),
    '/v1/address/change': async () => {
      const { skey } = await registerUser(device, server)
      const address = freshMail()
      const { salt } = (await call('/v1/prelogin', { login: address })) as unknown as { salt: string }
      const hashes = { salt, clientHash: clientHashOf('new one'), ...kdf }
      return { token: skey, kind: 'email', address, captcha: {}, ...hashes }
    },
    '/v1/address/remove': async () => {
      const { skey } = await registerUser(device, server)
      const address = freshMail()
      const { flow } = await call('/v1/address/change', { token: skey, kind: 'email', address })
      await call('/v1/verify', { flow, code: await readCode(server.send, address) })
      return { token: skey, remove: 'email' }
    },
    '/v1/ticket/revocations': async () => ({ known: 'x' }),
    '/v1/consent/list': async () => ({ token: (await registerUser(device, server)).skey }),
    '/v1/consent/grant': async () => ({
      token: (await registerUser(device, server)).skey,
      grantTo: guest.appId,
      scopes: ['profile'],
    }),
    '/v1/consent/revoke': async () => {
      const { skey: token } = await registerUser(device, server)
      await call('/v1/consent/grant', { token, grantTo: guest.appId })
      return { token, revokeFrom: guest.appId }
    },
    '/v1/friend/request': async () => ({ ...(await actOn('requestTo')), message: 'Hello', answer: 'x' }),
    '/v1/friend/accept': async () => {
      const { token, userId } = await receiveRequest()
      return { token, acceptFrom: userId }
    },
    '/v1/friend/refuse': async () => {
      const { token, userId } = await receiveRequest()
      return { token, refuseFrom: userId }
    },
    '/v1/friend/ignore': async () => {
      const { token, userId } = await receiveRequest()
      return { token, ignoreFrom: userId }
    },
    '/v1/friend/remove': async () => ({ ...(await actOn('removeUser')), relation: 'friend' }),
    '/v1/friend/block': () => actOn('blockUser'),
    '/v1/friend/unblock': () => actOn('unblockUser'),
    '/v1/friend/list': async () => ({ token: other.skey, list: 'fans', limit: 1 }),
    '/v1/friend/requests': async () => ({ token: other.skey, list: 'sent', limit: 1 }),
    '/v1/friend/check': async () => ({
      user: '10001',
      users: ['10002'],
      permission: 'chat',
      forApp: server.app.appId,
    }),
    '/v1/friend/set': async () => {
      const { token, userId } = await receiveRequest()
      await call('/v1/friend/accept', { token, acceptFrom: userId })
      return { token, setFor: userId, remark: 'x', granted: ['chat'] }
    },
    '/v1/friend/settings': async () => ({
      token: (await registerUser(device, server)).skey,
      friendSettings: { mode: 'question', isFollowable: true, question: 'My cat?', answer: 'Mo' },
    }),
    '/v1/oauth/providers': async () => ({}),
    '/v1/oauth/start': async () => ({
      provider: 'none',
      challenge: '-'.repeat(43),
      redirect: 'https://x.example/',
    }),
    '/v1/oauth/finish': async () => {
      const finish = { verifier: '-'.repeat(43), code: '-'.repeat(32) }
      return { finish, ...about, giveUp: ['0'.repeat(32)], ...(await prove()) }
    },
    '/v1/oauth/link': async () => {
      const link = { verifier: '-'.repeat(43), code: '-'.repeat(32) }
      return { token: (await registerUser(device, server)).skey, link }
    },
    '/v1/oauth/unlink': async () => ({ token: (await registerUser(device, server)).skey, unlink: 'none' }),
    '/v1/oauth/list': async () => ({ token: (await registerUser(device, server)).skey }),
    '/v1/captcha': async () => ({ purpose: 'register', kind: 'work', theme: 'light' }),
    '/v1/words/check': async () => ({ text: 'text' }),
    '/v1/ticket/verify': async () => {
      const { skey } = await registerUser(device, server)
      const members = { token: skey, to: 'pskey', business: 'pay', n: randomName() }
      const { json } = await device.call(server, '/v1/ticket/exchange', members)
      const { pskey: token } = json.tickets as { pskey: string }
      return { token, tier: 'pskey', business: 'pay', route: '/pay/now', maxAuthAge: 600, wants: ['roles'] }
    },
    '/v1/ticket/web-code': async () => ({
      token: (await registerUser(device, server)).skey,
      app: server.app.appId,
      challenge: challengeOf(verifier),
    }),
    '/v1/ticket/web-code/redeem': async () => {
      const { skey: token } = await registerUser(device, server)
      const members = { token, challenge: challengeOf(verifier), n: randomName() }
      const { json } = await device.call(server, '/v1/ticket/web-code', members)
      return { webCode: json.webCode, verifier }
    },
    '/v1/session': async () => ({ token: (await registerUser(device, server)).a2 }),
    '/v1/ticket/exchange': async () => ({
      token: (await registerUser(device, server)).a2,
      to: 'skey',
      business: 'any',
      app: 'any',
      scopes: ['openid'],
    }),
    '/v1/event/list': async () => ({
      token: (await registerUser(device, server)).skey,
      since: 0,
      limit: 10,
      waitSeconds: 0,
    }),
    '/v1/event/read': async () => ({ token: (await registerUser(device, server)).skey, readUpTo: 0 }),
    '/v1/user/history': async () => ({ token: (await registerUser(device, server)).skey, limit: 10 }),
    '/v1/device/list': async () => ({ token: (await registerUser(device, server)).skey }),
    '/v1/device/rename': async () => {
      const { skey: token } = await registerUser(device, server)
      return { token, rename: loginIdOf(token), name: 'A name' }
    },
    '/v1/user/get': async () => ({ token: (await registerUser(device, server)).skey, userId: '10001' }),
    '/v1/user/set': async () => {
      const { skey: token } = await registerUser(device, server)
      const userName = randomName()
      const { json } = await device.call(server, '/v1/prelogin', { login: userName })
      const named = { userName, clientHash: clientHashOf(userName), salt: json.salt }
      const shown = {
        gender: 'other',
        birthday: '1990-12-10',
        region: 'x',
        introduction: 'x',
        language: 'en',
      }
      const audience = 'friends'
      return {
        token,
        ...named,
        nextClientHash: clientHashOf(userName),
        ...shown,
        nickName: 'A name',
        icon: 'https://cdn.example.com/a.png',
        params: {},
        privacy: {
          gender: audience,
          birthday: audience,
          age: audience,
          region: audience,
          introduction: audience,
          language: audience,
        },
        findBy: { email: true, phone: true, nickName: true },
      }
    },
    '/v1/user/find': async () => ({
      token: (await registerUser(device, server)).skey,
      by: 'nickName',
      text: 'user',
      limit: 2,
    }),
    '/v1/user/disable': async () => {
      const { skey: token, userId } = await registerUser(device, server)
      await admin.roles.grant(Number(userId), { role: 'support', appId: '' })
      const { userId: disable } = await registerUser(device, server)
      const until = Math.floor(Date.now() / 1_000) + 600
      return { token, disable, capability: 'search', reason: 'a reason', until }
    },
    '/v1/user/enable': async () => {
      const { skey: token, userId } = await registerUser(device, server)
      await admin.roles.grant(Number(userId), { role: 'support', appId: '' })
      const { userId: enable } = await registerUser(device, server)
      return { token, enable, capability: 'search' }
    },
    '/v1/reauth': async () => {
      const { skey: token, login } = await registerUser(device, server)
      const { json } = await device.call(server, '/v1/prelogin', { login: login.login })
      return { token, how: 'password', clientHash: login.clientHash, previousClientHash, salt: json.salt }
    },
    '/v1/user/unregister': async () => ({
      token: (await registerUser(device, server)).skey,
      unregister: true,
    }),
    '/v1/user/export': async () => ({ token: (await registerUser(device, server)).skey, export: true }),
    '/v1/user/export/part': async () => ({ token: (await registerUser(device, server)).skey, exportPart: 1 }),
    '/v1/user/recover': async () => ({ flow: `recover-${'0'.repeat(32)}`, code: '000000' }),
    '/v1/device/revoke': async () => ({
      token: (await registerUser(device, server)).skey,
      revoke: 'others',
    }),
    '/v1/logout': async () => ({ token: (await registerUser(device, server)).a2, everywhere: true }),
  }
  // What a mail would bring, or an export that is ready, is made up here: at home these are refused too.
  const withoutCode = new Set([
    ...['/v1/code/send', '/v1/verify', '/v1/password/reset', '/v1/user/recover'],
    '/v1/user/export/part',
    ...['/v1/oauth/start', '/v1/oauth/finish', '/v1/oauth/link', '/v1/oauth/unlink'],
  ])
  // Another way to say the same, or asked of a ticket of another tier: a call has one of the two.
  const alternatives = new Set([
    'password',
    'oldHash',
    'age',
    'newPassword',
    'plainMsg',
    'friendOpRet',
    'texts',
    'tokens',
    'scopes',
    'cursor',
    'usesDefaults',
    'flow',
    'code',
  ])

  for (const made of shapes) {
    const sample = samples[made.path]
    if (!sample) {
      t.fail(`there is no sample of ${made.path}: add one with all its members`)
      continue
    }
    const members = await sample()
    const missing = Object.keys(made.input.properties).filter(
      (it) => !(it in members) && !alternatives.has(it),
    )
    t.same(missing, [], `the sample of ${made.path} has all its members`)
    for (const opened of changing) {
      if (opened.path === made.path) continue
      const j = device.seal(await sample())
      const reply = await device.send(server, opened.path, j)
      t.match(String(reply.code), /^2/, `${made.path} at ${opened.path}`)
      if (withoutCode.has(made.path)) continue
      const meant = await device.send(server, made.path, j)
      t.match(String(meant.code), /^1/, `${made.path} still does what it was made for`)
    }
  }
})

t.test('an alias, its legacy name and GET are one operation', async (t) => {
  const clock = createTestClock()
  const store = createMemoryStore({ maxKeys: 100, clock })
  t.teardown(() => store.close())
  const replay = createReplay({
    store,
    sealer: { seal: (_place, bytes) => Buffer.from(bytes), open: (_place, bytes) => Buffer.from(bytes) },
    digest: (bytes) => Buffer.from(bytes).toString('hex'),
    randomId: randomName,
    elapsedMs: clock.now,
    runWithoutSlot: (work) => work(),
    isReplyCurrent: async () => true,
  })
  const app = fastify({ exposeHeadRoutes: false })
  t.teardown(() => app.close())
  let runs = 0
  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true })
  decorateRequests(app)
  app.addHook('onRequest', async (request) => {
    request.caller = { language: 'en', device: { id: 'one' } } as never
    request.opened = { input: {}, bytes: Buffer.from('same'), text: 'same' }
  })
  app.addHook('preValidation', async (request) => {
    request.body = {}
  })
  app.addHook('preValidation', claimReplay({ replay }))
  app.addHook('onSend', keepReply())
  registerOperations(app, {
    operations: [
      {
        path: '/v1/change',
        aliases: ['/change.php'],
        summary: '',
        limit: 'other',
        replay: 'once',
        input: Type.Object({}),
        reply: Type.Object({ runs: Type.Integer() }),
        handle: async () => {
          runs++
          return { code: 'OK', runs }
        },
      },
    ],
    legacyPrefix: '/Old',
    now: clock.now,
  })
  for (const url of ['/v1/change', '/change.php', '/Old/change.php'])
    for (const method of ['POST', 'GET'] as const) {
      const reply = await app.inject({ method, url })
      t.equal(reply.json().runs, 1, `${method} ${url}`)
    }
  t.equal(runs, 1)
})

t.test('a process whose clock is ahead does not take a running claim for lapsed', async (t) => {
  const device = await fleet.connect()
  const user = await registerUser(device, a)
  const ahead = await openTestServer({
    environment: fleet.environment,
    clock: { ...systemClock, now: () => Date.now() + 20_000 },
  })
  t.teardown(() => ahead.close())
  const held = await lockRow(t, fleet.database, 'SELECT * FROM accounts WHERE user_id = ?', [user.userId])
  const j = device.seal(user.login)
  const first = device.send(a, '/v1/login', j)
  await untilRunning(redis.url, fleet.database)
  const second = device.send(ahead, '/v1/login', j)
  for (let call = 0; call < 5; call++) await device.call(b, '/v1/session', { token: user.skey })
  await held.release()
  t.same(ticketsOf(await second), ticketsOf(await first))
})
