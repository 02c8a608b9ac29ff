/** Bounds and costs of calls that wait. */
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { findSeen, mostInLook, type Seen } from '../../../src/features/events/repo.ts'
import { createWaits } from '../../../src/features/events/waits.ts'
import { createDevice, registerUser } from '../../harness/devices.ts'
import { createTestClock, openShared } from '../../harness/test-server.ts'
import { openEvents } from './world.ts'

t.setTimeout(60_000)

const bounds = { mostWaits: 3_000, mostWaitsPerApp: 2_900, mostWaitsPerUser: 2 }
const seen: Seen = { lastNumber: 1, readNumber: 0 }
const stay = () => () => undefined

t.test('a thousand calls that wait cost one statement for each look', async (t) => {
  const shared = await openShared()
  t.teardown(() => shared.close())
  const { db } = shared
  const clock = createTestClock()
  const needs = { bounds, mostInQuery: mostInLook, elapsedMs: clock.elapsed }
  const waits = createWaits({ ...needs, findSeen: (userIds) => findSeen(db.write, userIds) })
  const values = Array.from({ length: 1_000 }, (_, at) => ({ userId: at + 1, ...seen }))
  await db.write.insertInto('eventLists').values(values).execute()
  const waiting = values.map(({ userId }) =>
    waits.wait({ userId, appId: 'a', seen, waitMs: 25_000, whenGone: stay }),
  )
  const before = db.trips
  for (let look = 0; look < 3; look++) await waits.poll()
  t.equal(db.trips - before, 3)
  t.equal(waits.facts().waiting, 1_000)
  await db.write.updateTable('eventLists').set({ lastNumber: 2 }).where('userId', '=', 500).execute()
  await waits.poll()
  t.equal(await waiting[499], true)
  t.equal(waits.facts().waiting, 999)
  clock.add(25_000)
  await waits.poll()
  t.same(new Set(await Promise.all(waiting.filter((_, at) => at !== 499))), new Set([false]))
  t.equal(waits.facts().waiting, 0)
})

t.test('calls wait up to the bound of the user, the app and the process', async (t) => {
  const waits = createWaits({
    bounds: { mostWaits: 5, mostWaitsPerApp: 3, mostWaitsPerUser: 2 },
    mostInQuery: 10,
    elapsedMs: () => 0,
    findSeen: async () => new Map(),
  })
  const wait = (userId: number, appId: string) =>
    waits.wait({ userId, appId, seen: { lastNumber: 0, readNumber: 0 }, waitMs: 1_000, whenGone: stay })
  const checkRefused = async (userId: number, appId: string, info: string) => {
    const refusal = await wait(userId, appId).catch((error: unknown) => error)
    t.match(refusal, { entry: { name: 'EVENT_WAITS' }, options: { info } })
  }
  const held = [wait(1, 'a'), wait(1, 'a')]
  await checkRefused(1, 'a', 'events.mostWaitsPerUser: 2')
  held.push(wait(2, 'a'))
  await checkRefused(3, 'a', 'events.mostWaitsPerApp: 3')
  held.push(wait(3, 'b'), wait(4, 'b'))
  t.match(waits.problem(), /events\.mostWaits: 5/)
  await checkRefused(5, 'b', 'events.mostWaits: 5')
  t.same(waits.facts(), { waiting: 5, refused: 3 })
  waits.drain()
  t.same(await Promise.all(held), [false, false, false, false, false])
  t.same(waits.facts(), { waiting: 0, refused: 3 })
  t.equal(waits.problem(), '')
})

t.test('a look that fails is tried again, and a call is not told that nothing happened', async (t) => {
  const clock = createTestClock()
  let isAway = true
  const waits = createWaits({
    bounds,
    mostInQuery: 10,
    elapsedMs: clock.elapsed,
    findSeen: async () => {
      if (isAway) throw new Error('away')
      return new Map([[1, seen]])
    },
  })
  const wait = () => waits.wait({ userId: 1, appId: 'a', seen, waitMs: 1_000, whenGone: stay })
  const first = wait()
  await t.rejects(waits.poll(), { message: 'away' }, 'logged once')
  await waits.poll()
  t.match(waits.problem(), /away/)
  clock.add(1_000)
  await Promise.all([t.rejects(first, { message: 'away' }), waits.poll()])
  const second = wait()
  isAway = false
  await waits.poll()
  t.equal(waits.problem(), '')
  clock.add(1_000)
  await waits.poll()
  t.equal(await second, false)
})

t.test('a look that began before a call came says nothing of it', async (t) => {
  const answers: ((found: Map<number, Seen>) => void)[] = []
  const waits = createWaits({
    bounds,
    mostInQuery: 10,
    elapsedMs: () => 0,
    findSeen: () => new Promise((resolve) => answers.push(resolve)),
  })
  const wait = (lastNumber: number) =>
    waits.wait({
      userId: 1,
      appId: 'a',
      seen: { lastNumber, readNumber: 0 },
      waitMs: 1_000,
      whenGone: stay,
    })
  const first = wait(1)
  const look = waits.poll()
  const newer = wait(2)
  answers[0]?.(new Map([[1, seen]]))
  await look
  t.equal(waits.facts().waiting, 2, 'neither has changed')
  waits.drain()
  await Promise.all([first, newer])
})

t.test('a call whose connection closes is forgotten', async (t) => {
  const world = await openEvents(t, {})
  const device = createDevice((await world.connect()).device, world.clock.now)
  const { skey } = await registerUser(device, world)
  await world.server.http.listen({ host: '127.0.0.1', port: 0 })
  const { port } = world.server.http.server.address() as AddressInfo
  const { last } = (await world.callJson('/v1/event/list', { token: skey })).json
  const credentials = { appid: world.app.appId, appsecret: world.app.appSecret }
  const call = request({
    ...{ host: '127.0.0.1', port, path: '/v1/event/list', method: 'POST' },
    headers: { 'content-type': 'application/json' },
  })
  call.on('error', () => undefined)
  call.end(JSON.stringify({ ...credentials, token: skey, since: last, waitSeconds: 25 }))
  t.ok(await world.untilWaiting(1))
  call.destroy()
  t.ok(await world.untilWaiting(0))
})
