/** Redis killed, stopped, restarted empty and from an old copy, under two processes that are called all the time. */
import t, { type Test } from 'tap'
import { command, listLives } from '../adapters/store-servers.ts'
import { until } from '../harness/test-server.ts'
import { acceptedAfterEnd, countReplies, type Entry, quantileMs } from './history.ts'
import { answered, codeOf, done, limit, openWorld, refused, untilBack, type World } from './store-world.ts'
import { mostInWindow } from './windows.ts'

t.setTimeout(300_000)

/** From the fault to its end, and to the moment when both processes used the store again. */
type Fault = { from: number; to: number; backAt: number }

/** What a server may wait for its store, and what this machine adds where it has nothing else to do. */
const patienceMs = 300
const marginMs = 100
const usable = [done.valid, done.exchanged]

/** What holds whatever happened to the store. */
const judge = async (t: Test, { history, redis, fleet, machine }: World, { from, to, backAt }: Fault) => {
  const entries = history.read()
  t.same(
    entries.filter(({ reply }) => typeof reply === 'string'),
    [],
    'every call is answered',
  )
  const limited = entries.filter(({ operation }) => operation === 'limited')
  for (const address of new Set(limited.map(({ input }) => input))) {
    const passed = limited.filter(({ input, reply }) => input === address && reply === done.preloggedIn)
    const most = mostInWindow(passed, limit.windowMs)
    t.ok(most <= limit.most, `address ${address}: ${passed.length} passed, at most ${most} in any 8 s`)
  }
  const isBanned = ({ operation }: Entry) => operation === 'banned'
  const fromBanned = entries.filter(isBanned)
  t.same(Object.keys(countReplies(fromBanned)), [String(refused.banned)], 'the ban holds all the time')

  // Who was sent shortly before its end may have been answered after it.
  const meanwhile = entries.filter(({ time }) => time > from && time < to - patienceMs - marginMs)
  t.same(
    meanwhile.filter((one) => one.reply !== (isBanned(one) ? refused.banned : refused.away)).slice(0, 3),
    [],
    `without the store all ${meanwhile.length} calls are refused`,
  )
  const waiting = entries.filter(
    ({ time, reply }) => reply === refused.away || (time > from && time < backAt),
  )
  const late = waiting.filter((one) => one.tookMs > patienceMs + marginMs + machine.excuseMs(one))
  t.comment(
    `${waiting.length} calls without the store, ${JSON.stringify(countReplies(waiting))}, p99 ${quantileMs(waiting, 0.99)} ` +
      `slowest ${quantileMs(waiting, 1)} ms; ${entries.length} calls`,
  )
  t.ok(waiting.length > 10)
  t.same(late.slice(0, 3), [], `nothing waits longer than ${patienceMs} ms for it`)

  const lives = await listLives(redis.url, `${fleet.database}:`)
  t.same(
    lives.filter((life) => life < 0),
    [],
    `of ${lives.length} keys none is without a lifetime`,
  )
  const ended = done.loggedOut
  const uses = acceptedAfterEnd(entries, { ended, accepted: entries.map(({ reply }) => Number(reply)) })
  t.ok(uses.length > 0)
  const accepted = acceptedAfterEnd(entries, { ended, accepted: usable })
  t.same(accepted.slice(0, 3), [], `of ${uses.length} uses of what had ended none is accepted`)
}

/** Wrong passwords until no more are heard, and then the right one. */
const failFiveTimes = async (t: Test, { logIn, history }: World, userName: string) => {
  let wrong = 0
  for (let guess = 0; guess < 10; guess++) {
    const code = codeOf(await answered(() => logIn(guess, userName, `guess ${guess}`)))
    if (code === refused.tooOften) break
    t.equal(code, refused.wrong)
    wrong++
  }
  const unanswered = history
    .read()
    .filter(({ input, reply }) => input === userName && reply === refused.away).length
  t.ok(wrong <= 5 && wrong + unanswered >= 5, `${wrong} guesses`)
  t.equal(codeOf(await answered(() => logIn(0, userName, userName))), refused.tooOften)
}

/** Ends the login of each, as a server has acknowledged. */
const leave = async (t: Test, { logOut, acknowledge }: World, users: { skey: string; a2: string }[]) => {
  for (const [place, { skey, a2 }] of users.entries()) {
    t.equal(codeOf(await answered(() => logOut(place, skey))), done.loggedOut)
    acknowledge(a2)
  }
}

const untilLimited = ({ history }: World) =>
  until('the limits are met', () => history.read().some(({ reply }) => reply === refused.tooOften))

t.test(
  'killed and restarted empty: SKeys end, and everything else holds',
  { timeout: 150_000 },
  async (t) => {
    const world = await openWorld(t)
    const { redis, enter, session, exchange, logIn } = world
    const users = await enter(25)
    const gone = users.splice(20)
    const victim = users[0]?.userName ?? ''
    await failFiveTimes(t, world, victim)
    await leave(t, world, gone)
    const traffic = world.startTraffic()
    await untilLimited(world)

    await redis.kill('SIGKILL')
    const from = Date.now()
    await until('two seconds without the store', async () => {
      const replies = await Promise.all(users.map(({ skey }, place) => session(place, skey)))
      t.ok(replies.every((reply) => codeOf(reply) === refused.away))
      return Date.now() - from > 2_000
    })
    const to = Date.now()
    await redis.restart()
    t.comment(`used again after ${Math.round(await untilBack(world))} ms`)
    const backAt = Date.now()

    for (const [place, { skey, a2 }] of users.entries()) {
      t.equal(codeOf(await answered(() => session(place, skey))), refused.unknown, 'an SKey has ended')
      const reply = await answered(() => exchange(place + 1, a2))
      t.equal(codeOf(reply), done.exchanged)
      const next = reply.json.tickets as { skey: string }
      const again = await answered(() => session(place, next.skey))
      t.equal(codeOf(again), done.valid, 'and its A2 brings another')
    }
    for (const [place, { skey, a2 }] of gone.entries()) {
      t.equal(codeOf(await answered(() => session(place, skey))), refused.unknown)
      t.equal(codeOf(await answered(() => exchange(place, a2))), refused.unknown, 'none for who is gone')
    }
    const guess = await answered(() => logIn(1, victim, victim))
    t.equal(codeOf(guess), refused.tooOften, 'five failures still count')
    await until('a window has passed', () => Date.now() - from > limit.windowMs + 6_000, 30_000)
    await traffic.end()
    await judge(t, world, { from, to, backAt })
  },
)

t.test('stopped for 10 s: refused in time, and nothing is lost', { timeout: 150_000 }, async (t) => {
  const world = await openWorld(t)
  const { redis, enter, session, exchange, logOut, logIn } = world
  const users = await enter(25)
  const [leaving, staying, gone] = [users.slice(0, 10), users.slice(10, 20), users.slice(20)]
  const victim = staying[0]?.userName ?? ''
  await failFiveTimes(t, world, victim)
  await leave(t, world, gone)
  const traffic = world.startTraffic()
  await untilLimited(world)

  await redis.kill('SIGSTOP')
  const from = Date.now()
  for (const [place, { skey }] of leaving.entries())
    t.equal(codeOf(await logOut(place, skey)), refused.away, 'no reply says that the user is logged out')
  await until(
    '10 s have passed',
    async () => {
      await Promise.all([...staying, ...gone].map(({ skey }, place) => session(place, skey)))
      return Date.now() - from > 10_000
    },
    20_000,
  )
  const to = Date.now()
  await redis.kill('SIGCONT')
  t.comment(`used again after ${Math.round(await untilBack(world))} ms`)
  const backAt = Date.now()

  for (const [place, { skey }] of staying.entries())
    t.equal(codeOf(await answered(() => session(place, skey))), done.valid)
  for (const [place, { skey, a2 }] of gone.entries()) {
    t.equal(codeOf(await answered(() => session(place, skey))), done.ended)
    t.equal(codeOf(await answered(() => exchange(place, a2))), refused.unknown)
  }
  // The limit was asked first and failed, so no logout has begun.
  for (const [place, { skey }] of leaving.entries())
    t.equal(codeOf(await answered(() => session(place, skey))), done.valid, 'who was refused can try again')
  await leave(t, world, leaving)
  for (const [place, { skey, a2 }] of leaving.entries()) {
    t.equal(codeOf(await answered(() => session(place + 1, skey))), done.ended)
    t.equal(codeOf(await answered(() => exchange(place + 1, a2))), refused.unknown)
  }
  const guess = await answered(() => logIn(1, victim, victim))
  t.equal(codeOf(guess), refused.tooOften, 'five failures still count')
  await until('a window has passed', () => Date.now() - from > 10_000 + limit.windowMs, 30_000)
  await traffic.end()
  await judge(t, world, { from, to, backAt })
})

t.test(
  'restarted from an old copy: no ticket that was logged out is accepted',
  { timeout: 150_000 },
  async (t) => {
    const world = await openWorld(t)
    const { redis, fleet, enter, session, peek, logOut, exchange, acknowledge } = world
    const users = await enter(60)
    const of = (kind: number) => users.filter((_, place) => place % 6 === kind)
    for (const [place, { skey }] of users.entries())
      t.equal(codeOf(await answered(() => session(place, skey))), done.valid)
    const traffic = world.startTraffic()
    await untilLimited(world)

    await command(redis.url, 'SAVE')
    const saved = Date.now()
    const end = async (place: number, token: string, everywhere = false) =>
      t.equal(codeOf(await answered(() => logOut(place, token, everywhere))), done.loggedOut)
    for (const [place, { skey }] of of(0).entries()) await end(place, skey)
    for (const [place, { a2, skey }] of of(1).entries()) {
      await end(place, a2)
      acknowledge(skey)
    }
    for (const [place, { skey }] of of(2).entries()) await end(place, skey, true)
    for (const { userName } of of(3)) await fleet.admin.accounts.disable(userName, 'test')
    for (const [place, { a2, skey }] of of(4).entries()) {
      // The third use of one A2, after its successor was used, is a thief's.
      const next = (await answered(() => exchange(place, a2))).json.tickets as { a2: string; skey: string }
      const last = (await answered(() => exchange(place, next.a2))).json.tickets as {
        a2: string
        skey: string
      }
      t.equal(codeOf(await answered(() => exchange(place, a2))), refused.unknown)
      for (const token of [skey, next.skey, last.skey]) acknowledge(token)
    }
    for (const { skey } of of(3))
      for (const place of fleet.servers.keys())
        await until('the log of changes was read', async () => codeOf(await peek(place, skey)) === done.ended)
    for (const { skey } of of(3)) acknowledge(skey)

    await redis.kill('SIGKILL')
    const from = Date.now()
    await redis.restart()
    const to = Date.now()
    t.comment(`used again after ${Math.round(await untilBack(world))} ms`)
    const backAt = Date.now()

    for (let round = 0; round < 10; round++)
      await Promise.all(users.map(({ skey }, place) => session(place + round, skey)))
    for (const [place, { skey }] of of(5).entries())
      t.equal(codeOf(await answered(() => session(place, skey))), done.valid, 'who stayed is still there')
    await until('a window has passed', () => Date.now() - saved > limit.windowMs + 8_000, 30_000)
    await traffic.end()
    await judge(t, world, { from, to, backAt })
  },
)
