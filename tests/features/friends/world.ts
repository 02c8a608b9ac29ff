/** A server on each engine with an app of each mode, and users who act on each other. */
import type { Test } from 'tap'
import { createAdmin } from '../../../src/admin.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { removeExpiredRequests } from '../../../src/features/friends/requests/repo.ts'
import type { AppFriends } from '../../../src/http/caller.ts'
import { createTestClock, type Environment, openTestServer } from '../../harness/test-server.ts'

export { engines } from '../events/world.ts'

type Members = Record<string, unknown>
export type Relation = Record<'isFollowing' | 'isFan' | 'isFriend' | 'isBlocked' | 'isRequested', boolean>
export type Reply = Members & { code: number; relation: Relation & { userId: string } }

export const openFriends = async (t: Test, environment: Environment = {}) => {
  const clock = createTestClock(Date.now())
  const world = await openTestServer({
    environment: { TORII__PASSWORD__COST: '4', ...environment },
    clock,
  })
  t.teardown(() => world.close())
  const { server } = world
  const { db } = server
  const chat = await server.apps.add({ name: 'chat', friends: 'friend' })
  const community = await server.apps.add({ name: 'community', friends: 'follow' })
  await server.apps.reload()
  const apps: Record<AppFriends, { appId: string; appSecret: string }> = {
    off: world.app,
    friend: chat,
    follow: community,
  }

  const post = async (mode: AppFriends, path: string, members: Members, from = '127.0.0.1') => {
    const { appId: appid, appSecret: appsecret } = apps[mode]
    const reply = await server.http.inject({
      method: 'POST',
      url: path,
      headers: { host: 'localhost', 'content-type': 'application/json' },
      remoteAddress: from,
      payload: JSON.stringify({ appid, appsecret, ...members }),
    })
    return { status: reply.statusCode, body: reply.body, json: JSON.parse(reply.body) as Reply }
  }

  const register = async (userName: string) => {
    const user = { regmode: 'anonymous', user: { userName }, password: 'correct horse' }
    const { json } = await post('friend', '/v1/register', user)
    const { userId } = json.user as { userId: string }
    /** A login for each app, since a ticket works for the app that it was made for. */
    const tokens: Partial<Record<AppFriends, string>> = { friend: (json.tickets as { skey: string }).skey }
    const logIn = async (mode: AppFriends) => {
      const { json } = await post(mode, '/v1/login', { login: userName, password: 'correct horse' })
      const { skey } = json.tickets as { skey: string }
      tokens[mode] = skey
      return skey
    }
    /** `asked('request', { requestTo })`: the whole answer. */
    const send = async (act: string, members: Members, mode: AppFriends = 'friend', from?: string) =>
      post(mode, `/v1/friend/${act}`, { token: tokens[mode] ?? (await logIn(mode)), ...members }, from)
    const call = async (...of: Parameters<typeof send>) => (await send(...of)).json
    type Other = { userId: string }
    return {
      userId,
      id: Number(userId),
      logIn,
      send,
      call,
      ask: (other: Other, more: Members = {}, from?: string) =>
        call('request', { requestTo: other.userId, ...more }, 'friend', from),
      follow: (other: Other) => call('request', { requestTo: other.userId }, 'follow'),
      accept: (other: Other) => call('accept', { acceptFrom: other.userId }),
      refuse: (other: Other) => call('refuse', { refuseFrom: other.userId }),
      ignore: (other: Other) => call('ignore', { ignoreFrom: other.userId }),
      remove: (other: Other, relation?: string) =>
        call('remove', { removeUser: other.userId, ...(relation && { relation }) }),
      block: (other: Other) => call('block', { blockUser: other.userId }),
      unblock: (other: Other) => call('unblock', { unblockUser: other.userId }),
      set: (friendSettings: Members) => call('settings', { friendSettings }),
    }
  }

  const rowsOf = (table: 'relations' | 'blocks' | 'friendRequests' | 'friendAnswers') =>
    db.write.selectFrom(table).selectAll().execute()
  const eventsOf = async ({ id }: { id: number }) => {
    const rows = await db.write
      .selectFrom('userEvents')
      .select(['kind', 'otherId'])
      .where('userId', '=', id)
      .where('kind', 'like', 'friend.%')
      .orderBy('number')
      .execute()
    return rows.map(({ kind, otherId }) => [kind, otherId] as const)
  }
  const admin = createAdmin({ db, config: loadConfig(environment), clock })
  return {
    ...world,
    admin,
    clock,
    db,
    apps,
    post,
    register,
    rowsOf,
    eventsOf,
    removeExpired: removeExpiredRequests,
  }
}

export type FriendsWorld = Awaited<ReturnType<typeof openFriends>>
export type Person = Awaited<ReturnType<FriendsWorld['register']>>

/** What counters there should be, counted in the rows; users without any relation are left out. */
const countRows = async ({ db }: Pick<FriendsWorld, 'db'>) => {
  const counts = new Map<number, Record<string, number>>()
  const add = (userId: number, name: string) => {
    const row = counts.get(userId) ?? { following: 0, fans: 0, mutual: 0, friends: 0, blocked: 0 }
    row[name] = (row[name] ?? 0) + 1
    counts.set(userId, row)
  }
  for (const row of await db.write.selectFrom('relations').selectAll().execute()) {
    if (row.followedAt !== null) add(row.userId, 'following')
    if (row.followedAt !== null) add(row.otherId, 'fans')
    if (row.mutualAt !== null) add(row.userId, 'mutual')
    if (row.friendAt !== null) add(row.userId, 'friends')
  }
  for (const { userId } of await db.write.selectFrom('blocks').selectAll().execute()) add(userId, 'blocked')
  return counts
}

/** The counters are those of the rows, both sides of each relation agree, and no row is empty. */
export const checkRows = async (t: Test, world: Pick<FriendsWorld, 'db'>, message: string) => {
  const { db } = world
  const expected = await countRows(world)
  const kept = await db.write.selectFrom('friendCounts').selectAll().execute()
  const found = new Map(
    kept.map(({ userId, following, fans, mutual, friends, blocked }) => [
      userId,
      { following, fans, mutual, friends, blocked },
    ]),
  )
  for (const [userId, counts] of found)
    if (Object.values(counts).every((count) => count === 0) && !expected.has(userId)) found.delete(userId)
  t.same(new Map([...found].sort()), new Map([...expected].sort()), `${message}: counters`)
  const rows = await db.write.selectFrom('relations').selectAll().execute()
  const blocks = await db.write.selectFrom('blocks').selectAll().execute()
  const requests = await db.write.selectFrom('friendRequests').selectAll().execute()
  const problems = rows.flatMap((row) => {
    const back = rows.find((it) => it.userId === row.otherId && it.otherId === row.userId)
    return [
      row.followedAt === null && row.friendAt === null && 'an empty row',
      row.friendAt !== (back?.friendAt ?? null) && 'a friend on one side',
      row.mutualAt !== (back?.mutualAt ?? null) && 'mutual on one side',
      (row.mutualAt !== null) !== (row.followedAt !== null && (back?.followedAt ?? null) !== null) &&
        'mutual without both follows',
      blocks.some(
        ({ userId, otherId }) =>
          [row.userId, row.otherId].includes(userId) && [row.userId, row.otherId].includes(otherId),
      ) && 'a relation in spite of a block',
    ].filter(Boolean)
  })
  const open = requests.filter(({ state }) => state === 'open')
  for (const { fromId, toId } of open) {
    if (blocks.some((it) => [fromId, toId].includes(it.userId) && [fromId, toId].includes(it.otherId)))
      problems.push('a request in spite of a block')
    if (rows.some((it) => it.userId === fromId && it.otherId === toId && it.friendAt !== null))
      problems.push('a request between friends')
  }
  t.same(problems, [], `${message}: rows`)
}
