/** What a trade of an A2 in a sealed call does: to the login, to its older tickets, and to the key. */
import t, { type Test } from 'tap'
import { bindLogin, rotateA2 } from '../../src/features/tickets/repo.ts'
import { codes as replyCodes } from '../harness/codes.ts'
import {
  createSealedClient,
  exchangeKey,
  exchangeSealedKeys,
  frame,
  helloFrame,
  type Members,
  messageOf,
  proofOf,
} from '../harness/key-client.ts'
import { openKeyWorld } from './key-world.ts'
import { type Call, formOf, register, type Tickets } from './world.ts'

t.setTimeout(60_000)

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const valid = replyCodes.TICKET_VALID
const refused = replyCodes.ENCRYPTION_REQUIRED

const open = async (t: Test) => {
  const world = await openKeyWorld(t)
  const { clock, ways, call } = world
  const weak: Record<string, Call> = { JSON: call, 't and j': ways['t and j by POST'] }
  let count = 0
  const rid = () => `${++count}`
  const logIn = async (by: Call, members: Members = {}) =>
    (await by('/v1/login', { login: 'sorrel', password: 'pass word', rid: rid(), ...members }))
      .tickets as Tickets
  await register(call, 'sorrel')
  return {
    ...world,
    weak,
    logIn,
    trade: (by: Call, token: string) => by('/v1/ticket/exchange', { token, to: 'skey', rid: rid() }),
    /** A device with a key of version 2. */
    seal: async () => {
      const { keys } = await exchangeSealedKeys(call, world.app.appId)
      const post = (url: string, form: Record<string, string>) => world.request({ url, post: formOf(form) })
      const client = createSealedClient(keys, post, () => clock.now())
      const hello = () =>
        frame('hello', { stage: 'clienthello', keyPrint: keys.fingerprint }, String(clock.now()))
      return {
        fingerprint: keys.fingerprint,
        call: client.call as Call,
        hello: () => client.call('/v1/hello', hello()),
      }
    },
    /** What a ticket gets in each weaker envelope. */
    weakly: async (token: string) => {
      const codes: Record<string, number> = {}
      for (const [way, by] of Object.entries(weak))
        codes[way] = (await by('/v1/session', { token, rid: rid() })).code
      return codes
    },
    rowOf: (fingerprint: string) =>
      world.server.db.write
        .selectFrom('logins')
        .selectAll()
        .where('keyPrint', '=', fingerprint)
        .executeTakeFirstOrThrow(),
  }
}
const all = (code: number) => ({ JSON: code, 't and j': code })

t.test('a key to which a trade has bound a login lives for as long as it is used', async (t) => {
  for (const kind of ['trade', 'repeated trade']) {
    const { clock, weak, logIn, seal, trade } = await open(t)
    const { a2 } = await logIn(weak['t and j'] as Call)
    if (kind !== 'trade')
      t.equal((await trade(weak['t and j'] as Call, a2)).code, replyCodes.OK, 'its reply is lost')
    const device = await seal()
    t.equal((await trade(device.call, a2)).code, replyCodes.OK)
    clock.add(25 * hourMs)
    const resumed = await device.hello()
    t.equal(messageOf(resumed).stage, 'waitdata', `${kind}: a day later`)
    const { skey } = resumed.tickets as Tickets
    t.equal((await device.call('/v1/session', { token: skey })).code, valid)
    for (let week = 0; week < 4; week++) {
      clock.add(7 * dayMs - minuteMs)
      t.equal(messageOf(await device.hello()).stage, 'waitdata', `${kind}: used within the week, ${week}`)
    }
    clock.add(2 * dayMs)
    t.match(await device.hello(), { code: replyCodes.ENVELOPE_REFUSED }, 'over after 30 days')
  }
})

t.test('the older SKeys of a login whose A2 was traded sealed are refused in weaker envelopes', async (t) => {
  const { call, tm, weak, logIn, seal, trade, weakly } = await open(t)
  const old = await exchangeKey(call, 'AES-CTR', () => Number(tm()))
  const first = await logIn(weak['t and j'] as Call, proofOf(old, tm()))
  const resumed = (await call('/v1/hello', helloFrame(old, tm()))).tickets as Tickets
  const second = (await trade(call, first.a2)).tickets as Tickets
  const older = [first.skey, resumed.skey, second.skey]
  for (const token of older.slice(0, 2)) t.same(await weakly(token), all(valid), 'so far they are good')
  const stranger = await logIn(call)

  const device = await seal()
  const third = (await trade(device.call, second.a2)).tickets as Tickets
  for (const token of [...older, third.skey, third.a2]) {
    t.same(await weakly(token), all(refused))
    for (const by of Object.values(weak))
      t.equal((await by('/v1/logout', { token, everywhere: true })).code, refused, 'nor do they end anything')
    t.equal((await device.call('/v1/session', { token })).code, valid, 'sealed they are good still')
  }
  t.same(await weakly(stranger.skey), all(valid), 'another login of the user keeps its envelope')
  const fourth = (await trade(device.call, third.a2)).tickets as Tickets
  t.same(await weakly(first.skey), all(refused), 'also after the next trade')

  t.equal((await device.call('/v1/logout', { token: fourth.skey })).code, replyCodes.LOGGED_OUT)
  for (const token of [...older, fourth.skey])
    t.match(
      await call('/v1/session', { token }),
      { code: replyCodes.TICKET_ENDED, reason: 'logged-out' },
      'an end is an end',
    )
})

t.test('a trade and a logout at once: nothing of the login is good in a weaker envelope', async (t) => {
  const { call, logIn, seal, trade, weakly } = await open(t)
  const device = await seal()
  for (let round = 0; round < 10; round++) {
    const { a2, skey } = await logIn(call)
    const out = () => device.call('/v1/logout', { token: skey })
    const both = round % 2 ? [trade(device.call, a2), out()] : [out(), trade(device.call, a2)]
    const codes = (await Promise.all(both)).map(({ code }) => code)
    t.ok(codes.includes(replyCodes.LOGGED_OUT), `${codes}`)
    t.same(await weakly(skey), all(replyCodes.TICKET_ENDED), 'it has ended')
  }
})

t.test('a trade that is sent again sealed binds the login and lifts it too', async (t) => {
  const { server, call, clock, weak, logIn, seal, trade, weakly, rowOf } = await open(t)
  for (const [way, by] of Object.entries(weak)) {
    const { a2, skey } = await logIn(by)
    const lost = (await trade(by, a2)).tickets as Tickets
    const device = await seal()
    t.same((await trade(device.call, a2)).tickets, lost, `${way}: the pair of the first try`)
    t.match(await device.hello(), { hello: { stage: 'waitdata' } }, `${way}: it is bound`)
    const other = await seal()
    t.same((await trade(other.call, a2)).tickets, lost, 'once more, on the next key')
    t.match(await other.hello(), { hello: { stage: 'waitdata' } })
    t.match(await device.hello(), { hello: { stage: 'needlogin' } })
    for (const token of [lost.a2, lost.skey, skey]) t.same(await weakly(token), all(refused), way)
    t.equal((await trade(by, lost.a2)).code, refused)
    t.equal((await other.call('/v1/logout', { token: lost.a2 })).code, replyCodes.LOGGED_OUT)
  }

  // Of what is in use a copy gets what it got before, and takes nothing with it.
  for (const by of Object.values(weak)) {
    for (const use of ['skey', 'a2'] as const) {
      const { a2 } = await logIn(by)
      const pair = (await trade(by, a2)).tickets as Tickets
      t.equal((await by('/v1/session', { token: pair[use] })).code, valid)
      const thief = await seal()
      t.same((await trade(thief.call, a2)).tickets, pair)
      t.match(await thief.hello(), { hello: { stage: 'needlogin' } }, `the ${use} was in use`)
      t.same(await weakly(pair.skey), all(valid), 'the owner is not lifted')
      t.equal((await trade(by, pair.a2)).code, replyCodes.OK, 'and goes on')
    }
  }

  const { a2 } = await logIn(call)
  const lost = (await trade(call, a2)).tickets as Tickets
  t.same(await weakly(lost.skey), all(valid))
  clock.add(11_000)
  const thief = await seal()
  t.match(
    await trade(thief.call, a2),
    { code: replyCodes.NOT_LOGGED_IN, reason: 'reused' },
    'a copy binds nothing',
  )
  t.match(await thief.hello(), { hello: { stage: 'needlogin' } })

  const { db } = server
  const next = await logIn(call)
  const device = await seal()
  await trade(device.call, next.a2)
  const row = await rowOf(device.fingerprint)
  // Another process has read the row before it was lifted.
  const stale = { ...row, status: 'active' as const, accountEpoch: row.epoch, minStrength: 0 }
  t.notOk(await rotateA2(db.write, stale, stale), 'a weaker trade that comes late does not lower it')
  const rotated = { ...stale, a2Hash: Buffer.alloc(32) }
  t.notOk(
    await bindLogin(db.write, rotated, { keyPrint: 'x', minStrength: 2, strengthRaisedAt: 1 }),
    'of another A2',
  )
  const used = { ...stale, a2Confirmed: row.a2Confirmed + 1 }
  t.notOk(
    await bindLogin(db.write, used, { keyPrint: 'x', minStrength: 2, strengthRaisedAt: 1 }),
    'used meanwhile',
  )
  t.match(await rowOf(device.fingerprint), { minStrength: 2 })
})
