/** A server on each engine, its users, and what an administrator does to them. */
import type { Test } from 'tap'
import { createAdmin } from '../../../src/admin.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { codes } from '../../harness/codes.ts'
import { createTestClock, type Environment, openShared, openTestServer } from '../../harness/test-server.ts'

export const engines: [name: string, open: (t: Test, more?: Environment) => Promise<Environment>][] = [
  ['SQLite', async (_t, more = {}) => more],
  [
    'MariaDB',
    async (t, more = {}) => {
      const shared = await openShared(more)
      t.teardown(() => shared.close())
      return shared.environment
    },
  ],
]

export type Members = Record<string, unknown>
export type User = { userId: string; a2: string; skey: string; userName: string }

export const password = 'quite right'

export const openStanding = async (t: Test, environment: Environment) => {
  const clock = createTestClock(Date.now())
  const world = await openTestServer({ environment: { ...environment, TORII__PASSWORD__COST: '4' }, clock })
  t.teardown(() => world.close())
  const { db } = world.server
  const admin = createAdmin({ db, config: loadConfig(environment), clock })
  const call = async (path: string, members: Members = {}) =>
    (await world.callJson(path, members)).json as Members & { code: number }
  const logIn = async (userName: string): Promise<User> => {
    const { tickets, user } = (await call('/v1/login', { login: userName, password })) as unknown as {
      tickets: { a2: string; skey: string }
      user: { userId: string }
    }
    return { ...tickets, userId: user.userId, userName }
  }
  const register = async (userName: string): Promise<User> => {
    const reply = await call('/v1/register', { regmode: 'anonymous', user: { userName }, password })
    t.equal(reply.code, codes.REGISTERED, userName)
    const { user, tickets } = reply as unknown as { user: { userId: string }; tickets: User }
    return { userId: user.userId, a2: tickets.a2, skey: tickets.skey, userName }
  }
  return {
    ...world,
    clock,
    db,
    admin,
    call,
    logIn,
    register,
    /** A new user with a role everywhere. */
    registerAs: async (role: string, userName: string) => {
      const user = await register(userName)
      await admin.roles.grant(Number(user.userId), { role, appId: '' })
      return user
    },
    auditOf: (userId: string) =>
      db.write
        .selectFrom('auditEvents')
        .select(['kind', 'detail'])
        .where('userId', '=', Number(userId))
        .orderBy('eventId')
        .execute(),
    eventsOf: (userId: string) =>
      db.write
        .selectFrom('userEvents')
        .select(['kind', 'detail'])
        .where('userId', '=', Number(userId))
        .where('kind', 'in', ['user.disabled', 'user.enabled'])
        .orderBy('number')
        .execute(),
  }
}
