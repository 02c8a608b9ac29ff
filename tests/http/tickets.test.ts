/** The life of tickets on a clock that stands still until it is moved: idle, expired, exchanged, reused, ended. */
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { createTotpClient } from '../harness/totp-client.ts'
import { type Call, openWays, openWorld, register, type Tickets, type World } from './world.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** A new user's tickets, and the verbs on them. */
const openLogin = async (userName: string, call: Call) => {
  const tickets = (await register(call, userName)).tickets as Tickets
  let count = 0
  return {
    tickets,
    session: (token: string) => call('/v1/session', { token }),
    /** Each with another rid, so that none is a byte-equal copy. */
    exchange: (token: string, to = 'skey') => call('/v1/ticket/exchange', { token, to, rid: `${++count}` }),
    logout: (token: string, everywhere?: boolean) =>
      call('/v1/logout', { token, rid: `${++count}`, ...(everywhere !== undefined && { everywhere }) }),
  }
}
const clientOf = async (world: World): Promise<Call> => {
  const client = await world.connect()
  return async (path, members) => (await client.call(path, members)).json as Awaited<ReturnType<Call>>
}

t.test('an SKey ends when it is idle for 50 minutes, or after 48 hours', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const { tickets, session, exchange } = await openLogin('idler', call)
  const started = world.clock.now()
  world.clock.add(50 * minute - 1)
  const { idleAt, expiresAt } = await session(tickets.skey)
  t.equal(idleAt, Math.floor((world.clock.now() + 50 * minute) / 1_000), 'each use starts the time anew')
  t.equal(expiresAt, (started + 48 * hour) / 1_000)
  while (world.clock.now() < started + 48 * hour - 40 * minute) {
    world.clock.add(40 * minute)
    const { code } = await session(tickets.skey)
    if (code !== codes.TICKET_VALID) t.fail(`ended after ${(world.clock.now() - started) / hour} hours`)
  }
  const last = await session(tickets.skey)
  t.equal(last.idleAt, last.expiresAt, 'it is idle no later than it ends')
  world.clock.set(started + 48 * hour)
  t.match(await session(tickets.skey), { code: codes.NOT_LOGGED_IN }, 'at its end it is forgotten')

  const next = (await exchange(tickets.a2)).tickets as Tickets
  t.match(await session(next.skey), { code: codes.TICKET_VALID, tier: 'skey' }, 'the A2 gives another')
  world.clock.add(50 * minute)
  t.match(await session(next.skey), { code: codes.TICKET_ENDED, reason: 'expired' })
  t.match(
    await session(next.skey),
    { code: codes.TICKET_ENDED, reason: 'expired' },
    'asking does not wake it',
  )
  t.match(await call('/v1/logout', { token: next.skey }), { code: codes.NOT_LOGGED_IN, reason: 'expired' })
  t.match(await session(next.a2), { code: codes.TICKET_VALID, tier: 'a2' })
})

t.test('an A2 ends 30 days after its login, however often it was exchanged', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const { tickets, session, exchange } = await openLogin('stayer', call)
  const end = (world.clock.now() + 30 * day) / 1_000
  let { a2, skey } = tickets
  for (let days = 0; days < 29; days++) {
    world.clock.add(day)
    const reply = await exchange(a2)
    if (reply.code !== codes.OK) t.fail(`no exchange on day ${days + 1}`)
    ;({ a2, skey } = reply.tickets as Tickets)
  }
  t.match(await session(a2), { code: codes.TICKET_VALID, expiresAt: end })
  world.clock.add(day - hour)
  const late = (await exchange(a2)).tickets as Tickets
  t.match(
    await session(late.skey),
    { code: codes.TICKET_VALID, expiresAt: end },
    'an SKey ends with its login',
  )
  world.clock.add(hour)
  t.match(await session(late.a2), { code: codes.TICKET_ENDED, reason: 'expired' })
  t.match(await exchange(late.a2), { code: codes.NOT_LOGGED_IN, reason: 'expired' })
  t.match(await call('/v1/logout', { token: late.a2 }), { code: codes.NOT_LOGGED_IN, reason: 'expired' })
  t.equal((await session(skey)).code, codes.NOT_LOGGED_IN)
})

t.test('the A2 before is a retry for 10 s, and later while its successor was never seen', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)

  t.test('within 10 s, whatever was used', async (t) => {
    const { tickets, session, exchange } = await openLogin('retry-1', call)
    const first = (await exchange(tickets.a2)).tickets as Tickets
    t.same((await exchange(tickets.a2)).tickets, first, 'the same pair again')
    t.equal((await session(first.skey)).code, codes.TICKET_VALID)
    t.equal((await session(first.a2)).code, codes.TICKET_VALID)
    world.clock.add(10_000)
    t.same((await exchange(tickets.a2)).tickets, first, 'at 10 s, although it was used')
    t.match(await session(tickets.a2), { code: codes.TICKET_VALID, tier: 'a2' })
  })

  t.test('later, as long as the successor was not used', async (t) => {
    const { tickets, session, exchange } = await openLogin('retry-2', call)
    const first = (await exchange(tickets.a2)).tickets as Tickets
    world.clock.add(20 * day)
    t.same((await exchange(tickets.a2)).tickets, first)
    world.clock.add(hour)
    const again = (await exchange(tickets.a2)).tickets as Tickets
    t.equal(again.a2, first.a2)
    t.match(await session(again.a2), { code: codes.TICKET_VALID })
  })

  const uses: [
    what: string,
    use: (of: Awaited<ReturnType<typeof openLogin>>, pair: Tickets) => Promise<unknown>,
  ][] = [
    ['its SKey was used', ({ session }, { skey }) => session(skey)],
    ['it was shown itself', ({ session }, { a2 }) => session(a2)],
    ['it was exchanged on', ({ exchange }, { a2 }) => exchange(a2)],
  ]
  for (const [at, [what, use]] of uses.entries()) {
    t.test(`later, when ${what}, it is a copy: the login ends`, async (t) => {
      const login = await openLogin(`reused-${at}`, call)
      const { tickets, session, exchange, logout } = login
      const pair = (await exchange(tickets.a2)).tickets as Tickets
      await use(login, pair)
      world.clock.add(10_001)
      t.match(await exchange(tickets.a2), { code: codes.NOT_LOGGED_IN, reason: 'reused' })
      for (const token of [tickets.skey, tickets.a2, pair.skey, pair.a2])
        t.match(await session(token), { code: codes.TICKET_ENDED, reason: 'reused' })
      t.match(await logout(pair.skey), { code: codes.NOT_LOGGED_IN, reason: 'reused' })
      t.match(await exchange(pair.a2), { code: codes.NOT_LOGGED_IN, reason: 'reused' })
      t.match(await call('/v1/login', { login: `reused-${at}`, password: 'pass word' }), {
        code: codes.LOGGED_IN,
      })
    })
  }

  t.test('an A2 older than that ends the login at once', async (t) => {
    const { tickets, session, exchange } = await openLogin('ancient', call)
    const second = (await exchange(tickets.a2)).tickets as Tickets
    const third = (await exchange(second.a2)).tickets as Tickets
    t.match(await session(tickets.a2), { code: codes.TICKET_ENDED, reason: 'reused' }, 'a look is enough')
    t.match(await session(third.skey), { code: codes.TICKET_ENDED, reason: 'reused' })
    const audited = await world.server.db.write.selectFrom('auditEvents').select(['kind', 'detail']).execute()
    const reused = audited.filter(({ kind }) => kind === 'ticket.reused')
    t.equal(reused.length, 4, 'each is an event')
    for (const { detail } of reused) t.match(JSON.parse(detail), { by: 'ticket', login: /^[0-9a-f]{32}$/ })
  })
})

t.test('a ticket opens what its tier is for', async (t) => {
  const world = await openWorld(t)
  const call = await clientOf(world)
  const { tickets, session, exchange } = await openLogin('tiers', call)
  t.match(
    await exchange(tickets.skey),
    { code: codes.TIER_WANTED, tier: 'a2' },
    'an SKey is not exchanged for itself',
  )
  for (const to of ['a1', 'a2', 'SKEY', ''])
    t.match(await exchange(tickets.a2, to), { code: codes.NOT_IN_LIST }, `to ${to}`)
  t.match(await exchange(tickets.a2, 'openkey'), { code: codes.PARAMETER_MISSING, info: 'app' })
  t.match(await session(tickets.a2), { code: codes.TICKET_VALID }, 'and none of this has used it up')
  const rest = tickets.a2.slice(3)
  const unknown = [
    ...['', 'x', 'a2_', 'sk_', rest, `ps_${rest}`, `ok_${rest}`, `A2_${rest}`, `sk_${rest}`, `a2_${rest}A`],
    ...[`a2_${rest.slice(1)}`, `a2_${'A'.repeat(64)}`, `sk_${'A'.repeat(64)}`, `a2_${'='.repeat(64)}`],
    `${tickets.skey.slice(0, -1)}${tickets.skey.endsWith('A') ? 'B' : 'A'}`,
  ]
  for (const token of unknown) {
    t.same(await session(token), { ...(await session('x')) }, `unknown: ${token.slice(0, 12)}`)
    t.equal((await session(token)).code, codes.NOT_LOGGED_IN)
    for (const path of ['/v1/logout', '/v1/ticket/exchange']) {
      const reply = await call(path, { token, to: 'skey' })
      t.same([reply.code, 'reason' in reply], [codes.NOT_LOGGED_IN, false], path)
    }
  }
  for (const path of ['/v1/session', '/v1/logout', '/v1/ticket/exchange'])
    t.match(await call(path, { to: 'skey' }), { code: codes.NOT_LOGGED_IN }, `${path} without a ticket`)
  t.match(await session(tickets.skey), { code: codes.TICKET_VALID })
})

t.test('a logout ends the whole login, or every one of the user', async (t) => {
  const world = await openWorld(t)
  const [phone, desk] = [await clientOf(world), await clientOf(world)]
  const first = await openLogin('nomad', phone)
  const login = async (call: Call) =>
    (await call('/v1/login', { login: 'nomad', password: 'pass word', rid: `${Math.random()}` }))
      .tickets as Tickets
  const second = await login(desk)
  const stranger = await openLogin('stranger', desk)

  t.match(await first.logout(first.tickets.a2), { code: codes.LOGGED_OUT }, 'by its A2')
  // The SKey first: checking an A2 that has ended closes the gate itself.
  for (const token of [first.tickets.skey, first.tickets.a2])
    t.match(await first.session(token), { code: codes.TICKET_ENDED, reason: 'logged-out' })
  t.match(await first.logout(first.tickets.skey), { code: codes.NOT_LOGGED_IN, reason: 'logged-out' }, 'once')
  t.match(await first.exchange(first.tickets.a2), { code: codes.NOT_LOGGED_IN, reason: 'logged-out' })
  t.match(
    await desk('/v1/session', { token: second.skey }),
    { code: codes.TICKET_VALID },
    'the other login lives',
  )

  const third = await login(phone)
  t.match(
    await first.logout(third.skey, false),
    { code: codes.LOGGED_OUT },
    'everywhere: false is this login',
  )
  t.match(await desk('/v1/session', { token: second.a2 }), { code: codes.TICKET_VALID })
  const fourth = await login(phone)
  t.match(await first.logout(fourth.skey, true), { code: codes.LOGGED_OUT }, 'everywhere')
  for (const token of [second.a2, second.skey, fourth.a2, fourth.skey])
    t.match(await desk('/v1/session', { token }), { code: codes.TICKET_ENDED, reason: 'logged-out' })
  t.match(await stranger.session(stranger.tickets.skey), { code: codes.TICKET_VALID }, 'no other login ends')
  const fifth = await login(phone)
  for (const token of [fifth.a2, fifth.skey])
    t.match(await phone('/v1/session', { token }), { code: codes.TICKET_VALID }, 'a login after it lives')
})

t.test('a ticket is nothing to another app', async (t) => {
  const world = await openWorld(t)
  const call = await clientOf(world)
  const { appId, appSecret } = await world.server.apps.add({ name: 'other' })
  const provisioned = await world.request({ url: `/v1/totp?n=${appId}&s=${appSecret}` })
  const { totp_token: id, totp_secret: secret } = JSON.parse(provisioned.body)
  const client = createTotpClient({ send: world.send, device: { t: id, secret }, now: world.clock.now })
  const other: Call = async (path, members) =>
    (await client.call(path, members)).json as Awaited<ReturnType<Call>>
  const { tickets, session, exchange, logout } = await openLogin('owner', call)
  const isNothing = async (token: string) => {
    for (const path of ['/v1/session', '/v1/ticket/exchange', '/v1/logout']) {
      const reply = await other(path, { token, to: 'skey' })
      t.same(Object.keys(reply), ['code', 'msg', 'timestamp'], 'no reason')
      t.equal(reply.code, codes.NOT_LOGGED_IN)
    }
  }
  for (const token of [tickets.a2, tickets.skey]) await isNothing(token)
  t.match(await session(tickets.skey), { code: codes.TICKET_VALID }, 'and nothing has happened to it')
  const next = (await exchange(tickets.a2)).tickets as Tickets
  await session(next.a2)
  world.clock.add(11_000)
  await isNothing(tickets.a2)
  t.match(await session(next.a2), { code: codes.TICKET_VALID }, 'an old A2 from there ends nothing')
  await logout(next.a2)
  for (const token of [next.a2, next.skey, tickets.skey]) await isNothing(token)
})
