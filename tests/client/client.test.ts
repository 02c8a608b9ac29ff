/** The client against a server process: logins, tickets and what ends them. */
import t from 'tap'
import type { Static } from 'typebox'
import type { ReplyBase } from '../../src/client/call.ts'
import {
  type Client,
  type ClientOptions,
  createClient,
  type InputOf,
  isFailure,
  type ReplyOf,
} from '../../src/client/index.ts'
import type { loginShape } from '../../src/features/accounts/wire.ts'
import type { keyExchangeShape } from '../../src/features/key-exchange/wire.ts'
import type { sessionShape } from '../../src/features/tickets/wire.ts'
import { codes } from '../harness/codes.ts'
import { spawnServer, until } from '../harness/test-server.ts'
import { openConnected, password, randomUser, refusalOf } from './connected.ts'
import { createTestStorage, createWire } from './wire.ts'
import { worlds } from './worlds.ts'

const minuteMs = 60_000

// Two servers and their clients, on two busy cores.
t.setTimeout(180_000)

/** A server in each world, for every test of this file. */
const opened = await Promise.all(
  worlds.map(async ({ name, open }) => {
    const connected = await openConnected(t, open)
    const enter = async (more: Partial<ClientOptions> = {}) => {
      const entered = connected.connect(more)
      const userName = randomUser()
      const { user } = await entered.client.register({ userName, password })
      return { ...entered, userName, user }
    }
    return { ...connected, name, open, enter }
  }),
)

for (const { name, server, world, connect, enter } of opened)
  t.test(`a client registers, logs in and calls: ${name}`, async (t) => {
    t.test('a pSKey of a business is kept while it is good, and made anew in time', async (t) => {
      const offset = { ms: 0 }
      const { client, userName } = await enter({ now: () => Date.now() + offset.ms })
      const business = `pay-${userName.slice(5)}`
      await t.rejects(client.pskey(business), { name: 'BUSINESS_UNKNOWN' })
      await world.admin.businesses.add({
        name: business,
        idleSeconds: 600,
        routes: [],
        appIds: [world.app.appId],
      })
      const first = await until('the server knows the business', () =>
        client.pskey(business).catch((error) => {
          if (isFailure(error, 'BUSINESS_UNKNOWN')) return undefined
          throw error
        }),
      )
      t.equal(await client.pskey(business), first, 'it is kept')
      t.match(await client.call('/v1/session', { token: first }), { tier: 'pskey', business })
      const [second, third] = await Promise.all([1, 2].map(() => client.pskey(business, { renew: true })))
      t.not(second, first)
      t.equal(third, second, 'calls of one moment share an exchange')
      t.equal(await client.pskey(business), second)
      offset.ms = 301_000
      const late = await client.pskey(business)
      t.not(late, second, 'half its idle time is over')
      await client.login({ login: userName, password })
      t.not(await client.pskey(business), late, 'another login has another one')
      await client.logout()
      await t.rejects(client.pskey(business), { name: 'NOT_LOGGED_IN' })
    })

    t.test('a whole round: echo, register, session, exchange, login, logout', async (t) => {
      const { client, storage, wire } = connect({ device: { type: 'phone', os: 'Tizen', device: 'Anna' } })
      const { t: id } = await client.provision()
      t.equal((await client.provision()).t, id, 'the device stays')
      t.equal((await client.echo({ greeting: '鳥居', list: [1, null] })).greeting, '鳥居')
      const userName = randomUser()
      const { code, user, tickets } = await client.register({ userName, nickName: '安娜', password })
      t.equal(code, codes.REGISTERED)
      t.match(user, { userName, nickName: '安娜', userId: /^\d+$/ })
      t.equal(storage.read('login')?.skey, tickets.skey, 'the tickets are kept')
      const session = await client.session()
      t.same(session.user, user)
      t.equal(session.tier, 'skey')
      t.ok(session.expiresAt > session.timestamp && session.idleAt > session.timestamp)
      const pair = await client.exchange()
      t.not(pair.a2, tickets.a2)
      t.same((await client.call('/v1/session')).user, user, 'call attaches the SKey')
      t.same((await client.login({ login: user.userId, password })).user, user)
      t.same((await client.login({ login: Number(user.userId), password })).user, user)
      t.same((await client.login({ login: userName, password })).user, user)
      const { skey = '' } = storage.read('login') ?? {}
      t.equal(await client.logout(), undefined)
      t.equal(storage.read('login'), undefined, 'nothing is kept')
      const ended = await refusalOf(client.call('/v1/session', { token: skey }))
      t.match(ended, {
        name: 'NOT_LOGGED_IN',
        code: codes.TICKET_ENDED,
        reason: 'logged-out',
        isAnswer: true,
      })
      t.ok(isFailure(await refusalOf(client.session()), 'NOT_LOGGED_IN'))
      t.equal(wire.of('provision').length, 1)
      t.notOk(
        wire.calls.some(({ body }) => body.includes(encodeURIComponent(password))),
        'the password stays here',
      )
      const [login] = (await world.admin.accounts.show(userName)).logins
      t.match(login, { deviceType: 'phone', deviceName: 'Anna' })
    })

    t.test('a whole round in plain JSON bodies, over loopback', async (t) => {
      const { client, wire } = connect({ transport: 'json' })
      const { user } = await client.register({ userName: randomUser(), password })
      t.same((await client.session()).user, user)
      await client.exchange()
      t.same((await client.call('/v1/session')).user, user)
      await client.logout()
      t.equal(wire.of('provision').length, 0)
      t.throws(() => connect({ transport: 'json', url: 'http://login.example.com' }), TypeError)
      t.throws(() => createClient({ url: server.url, appId: 'a', transport: 'totp' }), TypeError)
    })

    for (const transport of ['totp', 'json'] as const) {
      t.test(`call by ${transport} checks the ticket that it was given, and no other`, async (t) => {
        const { client, user } = await enter({ transport })
        const guest = await enter({ transport })
        const { skey } = await guest.client.exchange()
        t.same((await client.call('/v1/session', { token: skey })).user, guest.user)
        await guest.client.logout()
        const ended = await refusalOf(client.call('/v1/session', { token: skey }))
        t.match(ended, { name: 'NOT_LOGGED_IN', reason: 'logged-out' })
        // Plain JavaScript has no type that forbids it.
        const path: string = '/v1/session'
        const unnamed = await refusalOf(client.call(path, { token: undefined }))
        t.match(unnamed, { name: 'NOT_LOGGED_IN' }, 'a ticket that is undefined is not replaced by its own')
        t.same((await client.session()).user, user, 'its own login goes on')
      })
    }

    t.test('call takes paths of this server only', async (t) => {
      const { client, wire } = await enter()
      const before = wire.calls.length
      for (const path of [
        '.evil.example/x',
        '@evil.example/x',
        '//evil.example',
        'v1/echo',
        '',
        '/v1/a b',
        '/v1/a?t=1',
      ])
        t.match(await refusalOf(client.call(path, {})), { name: 'PARAMETER_INVALID', info: /path/ }, path)
      t.equal(wire.calls.length, before, 'nothing is sent')
    })

    t.test('what the server could not open is not sent', async (t) => {
      const { client, wire } = connect()
      const members = Object.fromEntries(Array.from({ length: 70 }, (_, at) => [`m${at}`, at]))
      t.match(await refusalOf(client.echo(members)), { name: 'PARAMETER_INVALID', info: 'too many members' })
      t.equal(wire.calls.length, 0)
    })

    t.test('refusals have names', async (t) => {
      const { client, userName } = await enter()
      const wrong = await refusalOf(client.login({ login: userName, password: 'wrong' }))
      t.ok(isFailure(wrong, 'LOGIN_FAILED'))
      t.match(wrong, {
        code: codes.LOGIN_FAILED,
        name: 'LOGIN_FAILED',
        message: 'Login or password is wrong',
      })
      t.notOk(isFailure(wrong, 'TOO_OFTEN', 'NOT_LOGGED_IN'))
      t.ok(isFailure(wrong), 'any failure')
      t.notOk(isFailure(new Error('LOGIN_FAILED')))
      const unknown = await refusalOf(client.login({ login: randomUser(), password }))
      t.match(unknown, { name: wrong.name, code: wrong.code, message: wrong.message, info: undefined })
      const again = await refusalOf(client.register({ userName: userName.toUpperCase(), password }))
      t.ok(isFailure(again, 'ALREADY_REGISTERED'))
      t.ok(isFailure(await refusalOf(client.login({ login: userName, password: '' })), 'PASSWORD_LENGTH'))
      t.match(await refusalOf(client.call('/v1/nowhere', {})), {
        name: 'OPERATION_UNKNOWN',
        code: codes.OPERATION_UNKNOWN,
      })
      t.ok((await client.session()).user, 'the login before is still there')
      const stranger = connect({ appSecret: 'x'.repeat(32) }).client
      t.ok(isFailure(await refusalOf(stranger.echo({})), 'APP_REFUSED'))
    })

    t.test('too many failures say how long to wait', async (t) => {
      const { client, userName } = await enter()
      const refusals = []
      for (let count = 0; count < 6; count++)
        refusals.push(await refusalOf(client.login({ login: userName, password: `wrong ${count}` })))
      t.equal(refusals.at(-1).name, 'TOO_OFTEN')
      t.ok(refusals.at(-1).retryAfterSeconds > 800)
    })
  })

for (const { name, connect, enter } of opened)
  t.test(`a client keeps its tickets and trades them: ${name}`, async (t) => {
    t.test('fifty callers whose SKey has ended share one exchange', async (t) => {
      const { client, storage, wire, user } = await enter()
      const { a2, skey = '' } = storage.read('login') ?? {}
      storage.change('login', { skey: `${skey.slice(0, -8)}AAAAAAAA` })
      const sessions = await Promise.all(Array.from({ length: 50 }, () => client.session()))
      t.ok(sessions.every((session) => session.user.userId === user.userId))
      t.equal(wire.of('exchange').length, 1)
      t.not(storage.read('login')?.a2, a2)
      await Promise.all(Array.from({ length: 50 }, () => client.exchange()))
      t.equal(wire.of('exchange').length, 2, 'and one when asked for')
    })

    t.test('two clients with one storage do not end each other’s login', async (t) => {
      const { client, storage, user } = await enter()
      const other = connect({}, storage).client
      for (let round = 0; round < 3; round++) {
        const { skey = '' } = storage.read('login') ?? {}
        storage.change('login', { skey: `${skey.slice(0, -8)}AAAAAAAA` })
        const both = Array.from({ length: 20 }, (_, at) => (at % 2 ? client : other).session())
        t.ok((await Promise.all(both)).every((session) => session.user.userId === user.userId))
      }
      await other.logout()
      t.ok(isFailure(await refusalOf(client.session()), 'NOT_LOGGED_IN'))
    })

    t.test('an SKey for another backend costs no call while it is good', async (t) => {
      const { client, wire } = await enter()
      const calls = wire.calls.length
      const skey = await client.skey()
      t.equal(await client.skey(), skey)
      t.equal(wire.calls.length, calls)
      t.equal((await client.call('/v1/session', { token: skey })).code, codes.TICKET_VALID)
      await client.exchange()
      t.not(await client.skey(), skey)
      await client.logout()
      t.match(await refusalOf(client.skey()), { name: 'NOT_LOGGED_IN' })
    })

    t.test('an SKey is traded before it ends', async (t) => {
      let aheadMs = 0
      const { client, wire, storage } = await enter({ now: () => Date.now() + aheadMs })
      aheadMs = 30 * minuteMs
      await client.session()
      aheadMs = 74 * minuteMs
      await client.session()
      t.equal(wire.of('exchange').length, 0, 'not while it is used')
      aheadMs += 46 * minuteMs
      await client.session()
      // The clock of this client jumped, so that the first try of it could not be opened.
      t.ok(wire.of('exchange').length > 0, 'before 50 idle minutes')
      t.equal(wire.calls.at(-1)?.path, '/v1/session')
      const before = wire.of('exchange').length
      const age = (hours: number) =>
        storage.change('login', {
          issuedAt: Date.now() + aheadMs - hours * 60 * minuteMs,
          expiresAt: Date.now() + aheadMs + (48 - hours) * 60 * minuteMs,
        })
      age(40)
      await client.session()
      t.equal(wire.of('exchange').length, before, 'not while it is young')
      age(47)
      await client.session()
      t.equal(wire.of('exchange').length, before + 1, 'before 48 hours')
    })

    t.test('each new A2 is stored before the old one is forgotten', async (t) => {
      const { client, storage, user } = await enter()
      const before = storage.read('login')
      storage.writes.length = 0
      await client.exchange()
      t.match(storage.writes, [/^set torii:login:/])
      t.equal(storage.writes.length, 1)
      const { a2 } = storage.read('login') ?? {}
      t.not(a2, before?.a2)
      storage.refuseNext()
      t.match(await refusalOf(client.exchange()), { message: 'the storage is full' })
      t.equal(storage.read('login')?.a2, a2, 'the old one is still there')
      t.equal((await client.session()).user.userId, user.userId)
      await client.exchange()
      t.equal((await client.session()).user.userId, user.userId, 'and the server takes it for a retry')
    })
  })

for (const { name, world, connect, enter } of opened)
  t.test(`a client forgets a login that has ended: ${name}`, async (t) => {
    t.test('a login that was ended elsewhere is forgotten, and the failure says why', async (t) => {
      const { client, storage, wire, userName } = await enter()
      const other = connect()
      await other.client.login({ login: userName, password })
      await other.client.logout({ everywhere: true })
      const refusal = await refusalOf(client.session())
      t.match(refusal, { name: 'NOT_LOGGED_IN', reason: 'logged-out', isAnswer: true })
      t.equal(storage.read('login'), undefined)
      t.equal(wire.of('exchange').length, 0, 'the reason was enough')
      const count = wire.calls.length
      t.ok(isFailure(await refusalOf(client.session()), 'NOT_LOGGED_IN'))
      t.equal(wire.calls.length, count, 'the server is not asked again')
      await other.client.login({ login: userName, password })
      const disabled = await enter()
      await world.admin.accounts.disable(disabled.userName, 'a test')
      const reason = await until('the server notices', async () => {
        const { name, reason } = await refusalOf(disabled.client.exchange())
        return name === 'NOT_LOGGED_IN' && reason
      })
      t.equal(reason, 'disabled')
      t.equal(disabled.storage.read('login'), undefined)
    })

    t.test('logging out of what has ended already is done, unless it was to end everywhere', async (t) => {
      const first = await enter()
      const copy = connect({}, createTestStorage())
      for (const [key, value] of first.storage.texts) await copy.storage.set(key, value)
      await first.client.logout()
      const again = connect({}, copy.storage)
      t.match(await refusalOf(again.client.logout({ everywhere: true })), { name: 'NOT_LOGGED_IN' })
      t.equal(copy.storage.read('login'), undefined)
      const second = await enter()
      const { a2, skey } = second.storage.read('login') ?? {}
      await second.client.call('/v1/logout', { token: a2 ?? '' })
      t.ok(skey)
      t.equal(await second.client.logout(), undefined)
      t.equal(second.storage.read('login'), undefined)
    })

    t.test('a damaged storage is as good as an empty one', async (t) => {
      const { client, storage, userName } = await enter()
      for (const key of storage.texts.keys()) storage.texts.set(key, '{"a2":')
      t.ok(isFailure(await refusalOf(client.session()), 'NOT_LOGGED_IN'))
      t.equal((await client.login({ login: userName, password })).user.userName, userName)
    })
  })

for (const { name, open, enter } of opened)
  t.test(`a client goes on when its server changes: ${name}`, async (t) => {
    t.test('a registered user logs in by number, whose salt is not that of the name', async (t) => {
      const { client, user, userName } = await enter()
      const login = Number(user.userId)
      const [ofName, ofNumber] = [
        await client.call('/v1/prelogin', { login: userName }),
        await client.call('/v1/prelogin', { login }),
      ]
      t.not(ofNumber.salt, ofName.salt)
      t.equal((await client.login({ login, password })).user.userName, userName)
    })

    t.test('a raised bcrypt cost reaches the accounts by their next login', async (t) => {
      const { environment, app, db, close } = await open({ TORII__PASSWORD__COST: '4' })
      t.teardown(close)
      const connectTo = (url: string) =>
        createClient({ url, ...app, fetch: createWire(url).fetch, minimumKdfCost: 4 })
      const userName = randomUser()
      const first = await spawnServer(environment)
      await connectTo(first.url).register({ userName, password })
      await first.stop()
      const raised = await spawnServer({ ...environment, TORII__PASSWORD__NEXT_COST: '5' })
      t.teardown(raised.stop)
      const client = connectTo(raised.url)
      const { user } = await client.login({ login: userName, password })
      const rows = await db.write
        .selectFrom('verifiers')
        .selectAll()
        .where('userId', '=', Number(user.userId))
        .execute()
      t.equal(rows.filter(({ nextVerifier }) => nextVerifier).length, 1)
      const fresh = randomUser()
      await client.register({ userName: fresh, password })
      t.equal((await client.login({ login: fresh, password })).user.userName, fresh)
    })

    if (name === 'SQLite and memory')
      t.test('a server that forgot its SKeys gets the A2, without being asked to', async (t) => {
        const forgetful = await open({ TORII__PASSWORD__COST: '4' })
        t.teardown(forgetful.close)
        const first = await spawnServer(forgetful.environment)
        const { url } = first
        const wire = createWire(url)
        const client = createClient({ url, ...forgetful.app, fetch: wire.fetch, minimumKdfCost: 4 })
        const { user } = await client.register({ userName: randomUser(), password })
        t.equal(await first.stop(), 0)
        t.ok(isFailure(await refusalOf(client.session()), 'UNREACHABLE'))
        const second = await spawnServer({
          ...forgetful.environment,
          TORII__SERVER__PORT: new URL(url).port,
        })
        t.teardown(second.stop)
        t.equal((await client.session()).user.userId, user.userId)
        t.equal(wire.of('exchange').length, 1)
      })
  })

/** Compiled, never run: what the compiler has to know about calls and replies. */
const checkTypes = async (client: Client) => {
  const { user, tickets, users } = await client.login({ login: 'a', password: 'b' })
  const text: string = user.userId + users[0]?.nickName
  const ticket: string | undefined = tickets.a2
  const ends: number = (await client.session()).expiresAt
  const may: number | undefined = (await client.call('/v1/session')).expiresAt
  const own: unknown = (await client.call('/v1/of/mine', { any: 1 })).member
  // @ts-expect-error the password is missing
  await client.register({ userName: 'a' })
  // @ts-expect-error login is a text or a number
  await client.call('/v1/prelogin', { login: true })
  // @ts-expect-error there is no such name in the catalogue
  isFailure(undefined, 'LOGIN_FAILD')
  // @ts-expect-error there is no such member
  return [text, ticket, ends, may, own, user.password]
}

type IsSame<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** The generated types are those that TypeBox reads from the shapes of the server. */
const areTypesOfShapes: [
  IsSame<InputOf<'/v1/login'>, Static<(typeof loginShape)['input']>>,
  IsSame<ReplyOf<'/v1/session'>, ReplyBase & Static<(typeof sessionShape)['reply']>>,
  IsSame<ReplyOf<'/v1/key-exchange'>, ReplyBase & Static<(typeof keyExchangeShape)['reply']>>,
] = [true, true, true]

t.test('calls and replies have the types of the schemas', async (t) => {
  t.type(checkTypes, 'function')
  t.same(areTypesOfShapes, [true, true, true])
})
