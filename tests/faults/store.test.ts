/** Redis killed, stopped, restarted empty and from an old copy, under two processes that are called all the time. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startRedis } from '../../tools/test/harness.ts'
import { command, listLives } from '../adapters/store-servers.ts'
import { type Environment, testServers, until } from '../harness/test-server.ts'
import { clientHashOf, randomName } from '../races/fleet.ts'
import { atRate, createJsonCaller, inLoops, type Reply } from './callers.ts'
import { acceptedAfterEnd, countReplies, createHistory, type Entry, quantileMs } from './history.ts'
import { openPair } from './pair.ts'
import { register } from './people.ts'
import { mostInWindow } from './windows.ts'

t.setTimeout(300_000)

const done = {
  preloggedIn: 1000000,
  exchanged: 1000000,
  loggedIn: 1020100,
  loggedOut: 1020103,
  valid: 1030200,
}
const refused = { away: 2010201, banned: 2020403, tooOften: 2020407, wrong: 2040204, unknown: 2040400 }
/** Of the busy machine that runs the tests, on top of what a server waits. */
const marginMs = 100
const limit = { windowMs: 8_000, most: 10 }
const bannedFrom = '127.0.9.9'

const environment: Environment = {
  TORII__LIMITS__PRELOGIN: `[${limit.windowMs / 1_000}, ${limit.most}]`,
}

const openWorld = async (t: Test) => {
  const redis = await startRedis({ folder: testServers().folder })
  t.teardown(() => redis.stop())
  const fleet = await openPair(t, { ...environment, TORII__STORE__URL: redis.url })
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  const history = createHistory(join(folder, 'history'))
  const callers = Array.from({ length: 6 }, (_, place) =>
    createJsonCaller({ app: fleet.app, from: `127.0.1.${place + 1}` }),
  )
  const banned = createJsonCaller({ app: fleet.app, from: bannedFrom })
  const caller = createJsonCaller({ app: fleet.app })
  await fleet.admin.bans.ban(`${bannedFrom}/32`, Date.now() + 600_000, 'test')
  t.teardown(async () => {
    for (const one of [...callers, banned, caller]) one.close()
    history.close()
    await rm(folder, { recursive: true, force: true })
  })
  const { servers, urlAt } = fleet
  const call = (place: number, operation: string, input: string, path: string, members = {}) =>
    history.call({ process: urlAt(place), operation, input }, () => caller.call(urlAt(place), path, members))
  const world = {
    ...{ redis, fleet, history, urlAt, servers },
    /** Registers so many users, a few at a time: a store that is late would leave some of them without an SKey. */
    enter: async (count: number) => {
      const users: { userName: string; a2: string; skey: string }[] = []
      await inLoops(4, async () => {
        const place = users.length
        if (place >= count) return false
        const user = { userName: randomName(), a2: '', skey: '' }
        users.push(user)
        // From addresses of their own: what these calls use of a limit is not under test.
        const from = createJsonCaller({ app: fleet.app, from: `127.0.2.${place + 1}` })
        const { json } = await register(from, urlAt(place), user.userName)
        from.close()
        Object.assign(user, json.tickets)
        return true
      })
      return users
    },
    logIn: (place: number, login: string, password: string) =>
      call(place, 'login', login, '/v1/login', { login, clientHash: clientHashOf(password) }),
    session: (place: number, token: string) => call(place, 'session', token, '/v1/session', { token }),
    logOut: (place: number, token: string, everywhere = false) =>
      call(place, 'logout', token, '/v1/logout', { token, everywhere }),
    exchange: (place: number, token: string) =>
      call(place, 'exchange', token, '/v1/ticket/exchange', { token, to: 'skey' }),
    /** Six addresses, each twice as often as its limit allows, and one that is banned. */
    startTraffic: () => {
      let isOver = false
      const running = atRate(
        24,
        () => isOver,
        (index) => {
          const place = Math.floor(Math.random() * 2)
          const process = urlAt(place)
          const login = randomName()
          const from = index % 12 === 0 ? banned : callers[index % callers.length]
          const operation = index % 12 === 0 ? 'banned' : 'limited'
          const input = String(index % callers.length)
          return history.call({ process, operation, input }, () =>
            (from ?? banned).call(process, '/v1/prelogin', { login }),
          )
        },
      )
      return {
        end: async () => {
          isOver = true
          await running
        },
      }
    },
  }
  return world
}

type World = Awaited<ReturnType<typeof openWorld>>
const codeOf = (reply: Reply | undefined) => reply?.code ?? 0

/** Waits until both processes use the store again; returns the ms that it took. */
const untilBack = async ({ servers, session }: World) => {
  const started = performance.now()
  for (const place of servers.keys())
    await until(
      'the store is used again',
      async () => codeOf(await session(place, 'x')) !== refused.away,
      20_000,
    )
  return performance.now() - started
}

/** What holds whatever happened to the store. */
const judge = async (t: Test, { history, redis, fleet }: World) => {
  const entries = history.read()
  const limited = entries.filter(({ operation }) => operation === 'limited')
  for (const address of new Set(limited.map(({ input }) => input))) {
    const passed = limited.filter(({ input, reply }) => input === address && reply === done.preloggedIn)
    const most = mostInWindow(passed, limit.windowMs)
    t.ok(most <= limit.most, `address ${address}: ${passed.length} passed, at most ${most} in any 8 s`)
  }
  const fromBanned = entries.filter(({ operation }) => operation === 'banned')
  t.same(Object.keys(countReplies(fromBanned)), [String(refused.banned)], 'the ban holds all the time')
  const away = entries.filter(({ reply }) => reply === refused.away)
  const slowest = quantileMs(away, 1)
  t.comment(`${away.length} refused for the store, in at most ${slowest} ms; ${entries.length} calls`)
  t.ok(
    away.length > 10 && slowest <= 300 + marginMs * fleet.slowness,
    `${away.length} refused for the store, in at most ${slowest} ms`,
  )
  const lives = await listLives(redis.url, `${fleet.database}:`)
  t.same(
    lives.filter((life) => life < 0),
    [],
    `of ${lives.length} keys none is without a lifetime`,
  )
  return entries
}

/** Five wrong passwords, and then the right one. */
const failFiveTimes = async (t: Test, { logIn }: World, userName: string) => {
  for (let guess = 0; guess < 5; guess++)
    t.equal(codeOf(await logIn(guess, userName, `guess ${guess}`)), refused.wrong)
  t.equal(codeOf(await logIn(0, userName, userName)), refused.tooOften)
}

t.test(
  'killed and restarted empty: SKeys end, and everything else holds',
  { timeout: 150_000 },
  async (t) => {
    const world = await openWorld(t)
    const { redis, enter, session, exchange, logIn } = world
    const users = await enter(20)
    const victim = users[0]?.userName ?? ''
    await failFiveTimes(t, world, victim)
    const traffic = world.startTraffic()
    await until('the limits are met', () =>
      world.history.read().some(({ reply }) => reply === refused.tooOften),
    )

    await redis.kill('SIGKILL')
    const duringStart = Date.now()
    await until('two seconds without the store', async () => {
      const replies = await Promise.all(users.map(({ skey }, place) => session(place, skey)))
      t.ok(replies.every((reply) => codeOf(reply) === refused.away))
      return Date.now() - duringStart > 2_000
    })
    await redis.restart()
    t.comment(`used again after ${Math.round(await untilBack(world))} ms`)

    for (const [place, { skey, a2 }] of users.entries()) {
      t.equal(codeOf(await session(place, skey)), refused.unknown, 'an SKey has ended')
      const reply = await exchange(place + 1, a2)
      t.equal(codeOf(reply), done.exchanged)
      const next = reply?.json.tickets as { skey: string }
      t.equal(codeOf(await session(place, next.skey)), done.valid, 'and its A2 brings another')
    }
    t.equal(codeOf(await logIn(1, victim, victim)), refused.tooOften, 'five failures still count')
    await until('a window has passed', () => Date.now() - duringStart > limit.windowMs + 6_000, 30_000)
    await traffic.end()
    await judge(t, world)
  },
)

t.test('stopped for 10 s: refused in time, and nothing is lost', { timeout: 150_000 }, async (t) => {
  const world = await openWorld(t)
  const { redis, enter, session, logOut, logIn } = world
  const users = await enter(20)
  const [leaving, staying] = [users.slice(0, 10), users.slice(10)]
  const victim = staying[0]?.userName ?? ''
  await failFiveTimes(t, world, victim)
  const traffic = world.startTraffic()
  await until('the limits are met', () =>
    world.history.read().some(({ reply }) => reply === refused.tooOften),
  )

  await redis.kill('SIGSTOP')
  const stopped = Date.now()
  for (const [place, { skey }] of leaving.entries()) await logOut(place, skey)
  await until(
    '10 s have passed',
    async () => {
      await Promise.all(staying.map(({ skey }, place) => session(place, skey)))
      return Date.now() - stopped > 10_000
    },
    20_000,
  )
  await redis.kill('SIGCONT')
  t.comment(`used again after ${Math.round(await untilBack(world))} ms`)

  for (const [place, { skey }] of staying.entries()) t.equal(codeOf(await session(place, skey)), done.valid)
  t.equal(codeOf(await logIn(1, victim, victim)), refused.tooOften, 'five failures still count')
  await until('a window has passed', () => Date.now() - stopped > 10_000 + limit.windowMs, 30_000)
  await traffic.end()
  await judge(t, world)
})

t.test(
  'restarted from an old copy: no ticket that was logged out is accepted',
  { timeout: 150_000 },
  async (t) => {
    const world = await openWorld(t)
    const { redis, fleet, history, enter, session, logOut, exchange } = world
    const users = await enter(60)
    const of = (kind: number) => users.filter((_, place) => place % 6 === kind)
    for (const [place, { skey }] of users.entries()) t.equal(codeOf(await session(place, skey)), done.valid)
    const traffic = world.startTraffic()
    await until('the limits are met', () => history.read().some(({ reply }) => reply === refused.tooOften))

    await command(redis.url, 'SAVE')
    const saved = Date.now()
    const acknowledge = (skey: string, reply: number) =>
      history.record({ time: Date.now(), tookMs: 0, process: '', operation: 'end', input: skey, reply })
    for (const [place, { skey }] of of(0).entries())
      t.equal(codeOf(await logOut(place, skey)), done.loggedOut)
    for (const [place, { a2, skey }] of of(1).entries()) {
      t.equal(codeOf(await logOut(place, a2)), done.loggedOut)
      acknowledge(skey, done.loggedOut)
    }
    for (const [place, { skey }] of of(2).entries())
      t.equal(codeOf(await logOut(place, skey, true)), done.loggedOut)
    for (const { userName, skey } of of(3)) {
      await fleet.admin.accounts.disable(userName, 'test')
      acknowledge(skey, done.loggedOut)
    }
    for (const [place, { a2, skey }] of of(4).entries()) {
      // The third use of one A2, after its successor was used, is a thief's.
      const next = (await exchange(place, a2))?.json.tickets as { a2: string; skey: string }
      const last = (await exchange(place, next.a2))?.json.tickets as { a2: string; skey: string }
      t.equal(codeOf(await exchange(place, a2)), refused.unknown)
      for (const token of [skey, next.skey, last.skey]) acknowledge(token, done.loggedOut)
    }
    await until('the log of changes was read', () => Date.now() - saved > 3_000)
    await redis.kill('SIGKILL')
    await redis.restart()
    t.comment(`used again after ${Math.round(await untilBack(world))} ms`)

    for (let round = 0; round < 10; round++)
      await Promise.all(users.map(({ skey }, place) => session(place + round, skey)))
    for (const [place, { skey }] of of(5).entries())
      t.equal(codeOf(await session(place, skey)), done.valid, 'who stayed is still there')
    await until('a window has passed', () => Date.now() - saved > limit.windowMs + 8_000, 30_000)
    await traffic.end()
    const entries: Entry[] = await judge(t, world)
    const accepted = acceptedAfterEnd(entries, { ended: done.loggedOut, accepted: [done.valid] })
    t.same(accepted, [], `of ${entries.filter(({ operation }) => operation === 'session').length} uses`)
  },
)
