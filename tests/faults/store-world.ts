/** Two processes on a Redis of their own that breaks, called all the time. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { startRedis } from '../../tools/test/harness.ts'
import { atRate, createJsonCaller, inLoops, type Reply } from '../harness/callers.ts'
import { codes } from '../harness/codes.ts'
import { clientHashOf, randomName } from '../harness/devices.ts'
import { type Environment, testServers, until } from '../harness/test-server.ts'
import { watchMachine } from './control.ts'
import { createHistory } from './history.ts'
import { openPair } from './pair.ts'
import { register } from './people.ts'

export const done = {
  preloggedIn: codes.OK,
  exchanged: codes.OK,
  loggedIn: codes.LOGGED_IN,
  loggedOut: codes.LOGGED_OUT,
  valid: codes.TICKET_VALID,
  ended: codes.TICKET_ENDED,
}
export const refused = {
  away: codes.STORE_UNREACHABLE,
  banned: codes.ADDRESS_BANNED,
  tooOften: codes.TOO_OFTEN,
  wrong: codes.LOGIN_FAILED,
  unknown: codes.NOT_LOGGED_IN,
}
export const limit = { windowMs: 8_000, most: 10 }
const bannedFrom = '127.0.9.9'

const environment: Environment = {
  TORII__LIMITS__PRELOGIN: `[${limit.windowMs / 1_000}, ${limit.most}]`,
}

export const openWorld = async (t: Test) => {
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
  const machine = await watchMachine(t)
  await fleet.admin.bans.ban(`${bannedFrom}/32`, Date.now() + 600_000, 'test')
  await until('the ban holds', async () => {
    const replies = await Promise.all(
      fleet.servers.map(({ url }) => banned.call(url, '/v1/prelogin', { login: randomName() })),
    )
    return replies.every(({ code }) => code === refused.banned)
  })
  t.teardown(async () => {
    for (const one of [...callers, banned, caller]) one.close()
    history.close()
    await rm(folder, { recursive: true, force: true })
  })
  const { servers, urlAt } = fleet
  const call = (place: number, operation: string, input: string, path: string, members = {}) =>
    history.call({ process: urlAt(place), operation, input }, () => caller.call(urlAt(place), path, members))
  const world = {
    ...{ redis, fleet, history, urlAt, servers, machine },
    /** Registers so many users, a few at a time: a store that is late would leave some of them without an SKey. */
    enter: async (count: number) => {
      const users: { userName: string; a2: string; skey: string }[] = []
      await inLoops(4, async () => {
        const place = users.length
        if (place >= count) return false
        const user = { userName: '', a2: '', skey: '' }
        users.push(user)
        // From addresses of their own: what these calls use of a limit is not under test.
        const from = createJsonCaller({ app: fleet.app, from: `127.0.2.${place + 1}` })
        await until('a user is registered', async () => {
          user.userName = randomName()
          const { json } = await register(from, urlAt(place), user.userName)
          Object.assign(user, json.tickets)
          return user.skey !== ''
        })
        from.close()
        return true
      })
      return users
    },
    logIn: (place: number, login: string, password: string) =>
      call(place, 'login', login, '/v1/login', { login, clientHash: clientHashOf(password) }),
    /** Is in no history. */
    peek: (place: number, token: string) => caller.call(urlAt(place), '/v1/session', { token }),
    /** What is not told by a call of its own: this has ended too. */
    acknowledge: (token: string) =>
      history.record({
        ...{ time: Date.now(), tookMs: 0, process: '', operation: 'end', input: token },
        reply: done.loggedOut,
      }),
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

export type World = Awaited<ReturnType<typeof openWorld>>
export const codeOf = (reply: Reply | undefined) => reply?.code ?? 0

/** Asks again while a store that is back is late for this machine. */
export const answered = (ask: () => Promise<Reply | undefined>): Promise<Reply> =>
  until('it is answered', async () => {
    const reply = await ask()
    return codeOf(reply) !== refused.away && reply
  })

/** Waits until both processes use the store again; returns the ms that it took. */
export const untilBack = async ({ servers, session }: World) => {
  const started = performance.now()
  for (const place of servers.keys())
    await until(
      'the store is used again',
      async () => codeOf(await session(place, 'x')) !== refused.away,
      20_000,
    )
  return performance.now() - started
}
