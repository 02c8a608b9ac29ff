/** The list of a user and the calls that wait for it, on both engines; only the clock of the test moves. */
import t, { type Test } from 'tap'
import { codes } from '../../harness/codes.ts'
import { createDevice, registerUser } from '../../harness/devices.ts'
import { type Environment, until } from '../../harness/test-server.ts'
import { engines, openEvents } from './world.ts'

t.setTimeout(120_000)

type Event = { number: number; kind: string; userId?: string; detail: Record<string, unknown> }
type Listed = { code: number; events: Event[]; cursor: string; last: number; unread: number }

/** A server with a user whose list has what registering wrote, and the ways to use it. */
const open = async (t: Test, environment: Environment) => {
  const world = await openEvents(t, environment)
  const { db, clock, recordEvent, callJson } = world
  const device = createDevice((await world.connect()).device, clock.now)
  const addUser = async () => {
    const user = await registerUser(device, world)
    const call = async (path: string, members: Record<string, unknown> = {}) =>
      (await callJson(path, { token: user.skey, ...members })).json
    const list = async (members: Record<string, unknown> = {}) =>
      (await call('/v1/event/list', members)) as Listed
    const { last } = await list()
    const record = (count = 1) =>
      db.transaction(async (trx) => {
        for (let n = 0; n < count; n++)
          await recordEvent(trx, { userId: Number(user.userId), kind: 'friend.followed', otherId: 8 })
      })
    return { ...user, call, list, last, record }
  }
  return { ...world, device, addUser }
}

/** Whether a call has been answered by now. */
const watch = <T>(call: Promise<T>) => {
  const state = { isDone: false }
  call.then(
    () => Object.assign(state, { isDone: true }),
    () => Object.assign(state, { isDone: true }),
  )
  return state
}

for (const [engine, environment] of engines) {
  t.test(engine, async (t) => {
    const world = await open(t, await environment(t))
    await t.test('a list is read by pages, each event once', async (t) => {
      const { addUser } = world
      const { list, last, record } = await addUser()
      await record(5)
      const first = await list({ since: last, limit: 3 })
      t.match(first, {
        code: codes.OK,
        events: [1, 2, 3].map((n) => ({
          number: last + n,
          kind: 'friend.followed',
          userId: '8',
          detail: {},
        })),
        last: last + 5,
      })
      const second = await list({ cursor: first.cursor })
      t.same(
        second.events.map(({ number }) => number),
        [last + 4, last + 5],
      )
      const end = await list({ cursor: second.cursor })
      t.same(end.events, [])
      await record()
      t.match((await list({ cursor: end.cursor })).events, [{ number: last + 6 }], 'the cursor goes on')
      t.equal((await list({ since: last })).events.length, 6, 'reading takes nothing away')
    })

    await t.test('what has left before it was read is told', async (t) => {
      const { addUser, server } = world
      const { list, last, record, userId } = await addUser()
      await record(3)
      await server.db.write
        .deleteFrom('userEvents')
        .where('userId', '=', Number(userId))
        .where('number', '<=', last + 2)
        .execute()
      t.match(await list({ since: last }), { missed: 2, events: [{ number: last + 3 }] })
      t.notOk('missed' in (await list({ since: last + 2 })))
      await server.db.write.deleteFrom('userEvents').where('userId', '=', Number(userId)).execute()
      t.match(await list({ since: last }), { missed: 3, events: [], last: last + 3, unread: 0 })
    })

    await t.test('unread events are counted from the last one read, and never below zero', async (t) => {
      const { addUser } = world
      const { call, list, last, record } = await addUser()
      await record(4)
      const read = (readUpTo: number) => call('/v1/event/read', { readUpTo })
      t.match(await read(last + 1), { code: codes.OK, last: last + 4, unread: 3 })
      t.match(await read(last), { unread: 3 }, 'never back')
      t.match(await list({ since: last + 4 }), { events: [], unread: 3 })
      t.match(await read(last + 4), { unread: 0 })
      for (const beyond of [last + 5, 10 ** 9, Number.MAX_SAFE_INTEGER])
        t.match(await read(beyond), { code: codes.PARAMETER_INVALID, info: 'readUpTo' })
      await Promise.all([0, last, last + 4, last + 2].map(read))
      t.match(await list(), { unread: 0 })
      await record()
      t.match(await list(), { unread: 1 })
    })

    await t.test('what is no position of this list is refused', async (t) => {
      const { addUser } = world
      const own = await addUser()
      const other = await addUser()
      const { cursor } = await other.list()
      const { cursor: good } = await own.list()
      const altered = `${good.slice(0, -4)}${good.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`
      const bad: Record<string, unknown>[] = [
        ...[{ cursor }, { cursor: altered }, { cursor: '' }, { cursor: 'x'.repeat(600) }, { cursor: 1 }],
        ...[{ cursor: good, since: 0 }, { since: -1 }, { since: own.last + 1 }, { since: 10 ** 9 }],
        ...[{ since: '0' }, { since: 0.5 }, { limit: 0 }, { limit: 101 }, { waitSeconds: 26 }],
        ...[{ waitSeconds: -1 }, { userId: own.userId }, { page: 1 }],
      ]
      for (const members of bad)
        t.match(await own.list(members), { code: codes.PARAMETER_INVALID }, JSON.stringify(members))
      for (const members of [{}, { readUpTo: -1 }, { readUpTo: '1' }, { readUpTo: 0, more: 1 }])
        t.match(String((await own.call('/v1/event/read', members)).code), /^20001/, JSON.stringify(members))
    })

    await t.test('a call waits until something happens', async (t) => {
      const { addUser, device, callJson, send, clock } = world
      const user = await addUser()
      const wanted = { token: user.skey, since: user.last, waitSeconds: 25 }
      const j = device.seal(wanted)
      const old = device.send({ send }, '/v1/event/list', j)
      const json = callJson('/v1/event/list', wanted)
      const states = [watch(old), watch(json)]
      await world.untilWaiting(2)
      await addUser().then(({ record }) => record())
      clock.add(24_000)
      t.ok(
        states.every(({ isDone }) => !isDone),
        'what happens to another user is not told',
      )
      await user.record()
      const reply = { code: codes.OK, events: [{ number: user.last + 1 }], last: user.last + 1 }
      t.match((await old).json, reply, 'the key of an old client is that of the arrival')
      t.match((await json).json, reply)
    })

    await t.test('a call that waits in vain is answered in time', async (t) => {
      const { addUser, clock } = world
      const { last, list } = await addUser()
      for (const waitSeconds of [1, 25]) {
        const reply = list({ since: last, waitSeconds })
        const state = watch(reply)
        await until('the call is answered', () => {
          clock.add(200)
          return state.isDone
        })
        t.match(await reply, { code: codes.OK, events: [], last })
      }
    })

    await t.test('reading on another device is told too', async (t) => {
      const { addUser } = world
      const { call, list, last, record } = await addUser()
      await record(90)
      const reply = list({ since: last + 90, waitSeconds: 25 })
      const state = watch(reply)
      let readUpTo = last
      await until('the call is answered', async () => {
        await call('/v1/event/read', { readUpTo: ++readUpTo })
        return state.isDone
      })
      const { code, events, unread } = await reply
      t.match({ code, events }, { code: codes.OK, events: [] })
      t.ok(unread < 90, `${unread} of 90 are unread`)
    })

    await t.test('a process that ends answers the calls that wait, and no call waits then', async (t) => {
      const { addUser, server } = world
      const { list, last } = await addUser()
      const waiting = list({ since: last, waitSeconds: 25 })
      await world.untilWaiting(1)
      server.startDraining()
      t.match(await waiting, { code: codes.OK, events: [] })
      t.match(await list({ since: last, waitSeconds: 25 }), { code: codes.OK, events: [] })
    })
  })
}
