/** The client when replies get lost, clocks are wrong, or replies are forged. */
import { randomBytes } from 'node:crypto'
import t from 'tap'
import type { Client } from '../../src/client/index.ts'
import { codes } from '../harness/codes.ts'
import { until } from '../harness/test-server.ts'
import { openText, sealText } from '../harness/totp-client.ts'
import { loginsOf, openConnected, password, randomUser, refusalOf } from './connected.ts'
import { createTestStorage } from './wire.ts'
import { worlds } from './worlds.ts'

const keep = (reply: string) => reply

/** For what happens in one step of 30 s, as far as the test can tell. */
const leaveEdge = () => until('the edge of a step is far', () => Date.now() % 30_000 < 25_000)

// Two servers and their clients, on two busy cores.
t.setTimeout(180_000)

for (const { name, open } of worlds) {
  t.test(name, async (t) => {
    const { world, connect } = await openConnected(t, open)

    t.test('a lost reply of register ends with one account, one login and one pair', async (t) => {
      const { client, wire, storage } = connect()
      wire.loseReply('register')
      const userName = randomUser()
      const { user, code } = await client.register({ userName, password })
      t.equal(code, codes.REGISTERED, 'not: already registered')
      t.equal(wire.of('register').length, 2)
      t.equal(wire.of('register')[0]?.body, wire.of('register')[1]?.body, 'the same bytes')
      const logins = await loginsOf(world, user.userId)
      t.equal(logins.length, 1)
      t.equal(logins[0]?.a2Counter, 1)
      t.ok(storage.read('login')?.a2)
      t.equal((await client.session()).user.userName, userName)
    })

    t.test('a lost reply of login ends with one login more', async (t) => {
      const { client, wire } = connect()
      const { user } = await client.register({ userName: randomUser(), password })
      wire.loseReply('login')
      await client.login({ login: user.userName, password })
      t.equal(wire.of('login').length, 2)
      t.equal((await loginsOf(world, user.userId)).length, 2)
      t.equal((await client.session()).user.userId, user.userId)
    })

    t.test('a lost reply of exchange or logout is not a second one', async (t) => {
      const { client, wire, storage } = connect()
      const { user } = await client.register({ userName: randomUser(), password })
      wire.loseReply('exchange')
      const { a2 } = await client.exchange()
      t.equal(wire.of('exchange').length, 2)
      t.equal((await loginsOf(world, user.userId))[0]?.a2Counter, 2, 'traded once')
      t.equal(storage.read('login')?.a2, a2)
      await client.session()
      t.not((await client.exchange()).a2, a2)
      wire.loseReply('logout')
      await client.logout()
      t.equal(wire.of('logout').length, 2)
      t.equal((await loginsOf(world, user.userId))[0]?.endReason, 'logged-out')
    })

    t.test('a call is repeated with its bytes also when a step has begun meanwhile', async (t) => {
      let aheadMs = 0
      const { client, wire } = connect({ now: () => Date.now() + aheadMs })
      const { user } = await client.register({ userName: randomUser(), password })
      await leaveEdge()
      wire.replaceReply(
        'exchange',
        () => undefined,
        () => {
          aheadMs = 31_000 - (Date.now() % 30_000)
        },
      )
      await client.exchange()
      const [first, second] = wire.of('exchange')
      t.equal(first?.body, second?.body)
      t.equal((await loginsOf(world, user.userId))[0]?.a2Counter, 2)
    })

    t.test('many callers share the failure of an exchange too', async (t) => {
      const { client, wire } = connect()
      await client.register({ userName: randomUser(), password })
      wire.loseReply('exchange')
      wire.loseReply('exchange')
      const refusals = await Promise.all(Array.from({ length: 20 }, () => refusalOf(client.exchange())))
      t.ok(refusals.every(({ name }) => name === 'UNREACHABLE'))
      t.equal(wire.of('exchange').length, 2)
      await client.session()
    })

    t.test('an exchange that is answered late takes nothing from what came after it', async (t) => {
      const { client, wire, storage } = connect()
      const after = randomUser()
      await client.register({ userName: after, password })
      const tradeAnd = async (verb: 'login' | 'logout', call: () => Promise<unknown>) => {
        await client.register({ userName: randomUser(), password })
        wire.calls.length = 0
        wire.replaceReply('exchange', async (reply) => {
          // A verb that waits for the exchange gets no answer before it; then the wait ends after 500 ms.
          await until('an answer', () => wire.of(verb).some((it) => it.reply), 500).catch(() => {})
          return reply
        })
        const trading = client.exchange()
        await until('the exchange is under way', () => wire.of('exchange').length > 0)
        await Promise.all([trading, call()])
      }
      await tradeAnd('login', () => client.login({ login: after, password }))
      t.equal((await client.session()).user.userName, after)
      await tradeAnd('logout', () => client.logout())
      t.equal(storage.read('login'), undefined)
    })

    t.test('a call that is lost twice is unreachable, and may be made again', async (t) => {
      const { client, wire, storage } = connect()
      const { user } = await client.register({ userName: randomUser(), password })
      const { a2 } = storage.read('login') ?? {}
      wire.loseReply('exchange')
      wire.loseReply('exchange')
      t.match(await refusalOf(client.exchange()), { name: 'UNREACHABLE', code: 0 })
      t.equal(storage.read('login')?.a2, a2, 'the old A2 is kept')
      await client.exchange()
      t.equal((await loginsOf(world, user.userId))[0]?.a2Counter, 2, 'the server knew the retry')
      wire.loseReply('logout')
      wire.loseReply('logout')
      t.match(await refusalOf(client.logout()), { name: 'UNREACHABLE' })
      t.ok(storage.read('login'), 'the tickets are kept')
      t.equal(await client.logout(), undefined)
    })

    t.test('operations that this client does not know are sent once', async (t) => {
      const { client, wire } = connect()
      await client.provision()
      const lose = () => {
        wire.loseReply('echo')
        wire.calls.length = 0
      }
      lose()
      await client.call('/v1/echo', {})
      t.equal(wire.calls.length, 2, 'a known one is sent again')
      lose()
      await refusalOf(client.call('/v1/echo', {}, { retry: false }))
      t.equal(wire.calls.length, 1)
      wire.loseReply('/v1/unknown')
      t.match(await refusalOf(client.call('/v1/unknown', {})), { name: 'UNREACHABLE' })
      t.equal(wire.of('/v1/unknown').length, 1)
      const json = connect({ transport: 'json' })
      json.wire.loseReply('echo')
      t.match(await refusalOf(json.client.echo({})), { name: 'UNREACHABLE' }, 'nor are JSON bodies repeated')
      t.equal(json.wire.calls.length, 1)
    })

    /** Registers in one call: what `register` sends after it has asked for the salt. */
    const nobody = { userId: '', userName: '', nickName: '' }
    const registerBy = (client: Client) =>
      client.call('/v1/register', { regmode: 'anonymous', user: { userName: randomUser() }, password })

    t.test('a call that came too late for its code is sealed again, with the same plaintext', async (t) => {
      let aheadMs = 0
      const { client, wire, storage } = connect({ now: () => Date.now() + aheadMs })
      await client.provision()
      // Sealed more than two steps before it arrives: it was on its way for so long.
      aheadMs = -65_000
      wire.replaceReply('register', keep, () => {
        aheadMs = 0
      })
      const { user = nobody } = await registerBy(client)
      const [first, second] = wire.of('register')
      t.match(first?.reply, /"code":2020408/)
      const { t: id = '', secret = '' } = storage.read('device') ?? {}
      const open = (j = '', from: number) =>
        [-30_000, 0, 30_000].map((ms) => openText({ t: id, secret }, j, from + ms)).find(Boolean)
      t.match(open(first?.j, Date.now() - 65_000), /"rid":/)
      t.equal(open(second?.j, Date.now()), open(first?.j, Date.now() - 65_000))
      t.equal((await loginsOf(world, user.userId)).length, 1)
    })

    t.test('a reply for the next step is read, and an unreadable one is asked for again', async (t) => {
      const { client, wire, storage } = connect()
      await client.provision()
      const { t: id = '', secret = '' } = storage.read('device') ?? {}
      await leaveEdge()
      for (const ms of [-30_000, 30_000]) {
        wire.replaceReply('echo', (reply) => {
          const text = [0, 30_000, -30_000].map((off) => openText({ t: id, secret }, reply, Date.now() + off))
          return sealText({ t: id, secret }, text.find(Boolean) ?? '', Date.now() + ms)
        })
        t.equal((await client.echo({ ms })).ms, ms)
      }
      t.equal(wire.of('echo').length, 2, 'read at once')
      wire.replaceReply('register', (reply) => `${reply.slice(0, -4)}AAAA`)
      const { user = nobody } = await registerBy(client)
      t.equal(wire.of('register').length, 2)
      t.equal((await loginsOf(world, user.userId)).length, 1, 'registered once')
      wire.replaceReply('login', () => '<html>Please log in to this network</html>')
      t.equal((await client.login({ login: user.userName, password })).user.userId, user.userId)
      t.equal(wire.of('login').length, 2)
      wire.replaceReply('echo', () => 'AAAAAAAAAAA')
      wire.replaceReply('echo', () => '')
      t.match(await refusalOf(client.echo({})), { name: 'REPLY_UNREADABLE', code: 0 })
    })

    t.test('a forged reply ends no login and is no success', async (t) => {
      const { client, wire, storage } = connect()
      const { user } = await client.register({ userName: randomUser(), password })
      await client.session()
      const [older] = wire.of('session')
      wire.replaceReply('session', () => older?.reply)
      t.equal((await client.session()).user.userId, user.userId)
      t.equal(wire.of('session').length, 3, 'the reply to an earlier call is not taken')
      const forge = (members: object) =>
        JSON.stringify({ ...members, timestamp: Math.floor(Date.now() / 1_000) })
      wire.replaceReply('session', () => forge({ code: codes.TICKET_VALID, user: { userId: '1' } }))
      t.equal((await client.session()).user.userId, user.userId, 'nor is a plain success')
      wire.replaceReply('session', () => forge({ code: codes.NOT_LOGGED_IN, reason: 'logged-out' }))
      t.match(await refusalOf(client.session()), { name: 'NOT_LOGGED_IN', isAnswer: false })
      t.ok(storage.read('login'), 'nor does a plain refusal end anything')
      t.equal((await client.session()).user.userId, user.userId)
      wire.replaceReply('session', () => forge({ code: 2990000, msg: 'newer', info: 'than this' }))
      const unknown = await refusalOf(client.session())
      t.match(unknown, { name: 'UNKNOWN_CODE', code: 2990000, message: 'newer', info: 'than this' })
    })

    t.test('a clock that is three minutes off is put right', async (t) => {
      for (const offMs of [-180_000, 180_000]) {
        let nowMs = () => Date.now()
        const storage = createTestStorage()
        const { client, wire } = connect({ now: () => nowMs() }, storage)
        await client.provision()
        nowMs = () => Date.now() + offMs
        t.equal((await client.echo({ offMs })).offMs, offMs)
        t.equal(wire.of('echo').length, 2, 'refused once, then corrected')
        await client.echo({})
        t.equal(wire.of('echo').length, 3, 'and it stays right')
        nowMs = Date.now
        await client.echo({})
        t.equal(wire.of('echo').length, 5, 'also when the user sets the clock')
        const fresh = connect({ now: () => Date.now() + offMs })
        await fresh.client.echo({})
        t.equal(fresh.wire.of('echo').length, 1, 'provisioning tells the time too')
      }
    })

    t.test('a device that the server has forgotten is provisioned again, once', async (t) => {
      const { client, storage } = connect()
      const { user } = await client.register({ userName: randomUser(), password })
      storage.change('device', { t: randomBytes(16).toString('hex') })
      const later = connect({}, storage)
      t.equal((await later.client.session()).user.userId, user.userId, 'and the login goes on')
      t.equal(later.wire.of('provision').length, 1)
      storage.change('device', { secret: 'A'.repeat(32) })
      const refusal = await refusalOf(later.client.session())
      t.match(refusal, { name: 'ENVELOPE_REFUSED' }, 'not for a device that worked a moment ago')
      t.equal(later.wire.of('provision').length, 1)
    })

    t.test('fifty first calls at once share one provisioning', async (t) => {
      const { client, wire } = connect()
      await Promise.all(Array.from({ length: 50 }, (_, at) => client.echo({ at })))
      t.equal(wire.of('provision').length, 1)
      const { t: id } = await client.provision()
      t.not((await client.provision({ renew: true })).t, id)
      t.equal(wire.of('provision').length, 2)
    })
  })
}
