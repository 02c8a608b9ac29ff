/** Acts of two users at once, through two processes on MariaDB and Redis. */
import t, { type Test } from 'tap'
import { checkRows } from '../features/friends/world.ts'
import { codes } from '../harness/codes.ts'
import type { Target } from '../harness/devices.ts'
import { until } from '../harness/test-server.ts'
import { openFleet } from './fleet.ts'

t.setTimeout(300_000)

type Members = Record<string, unknown>
type Reply = Members & { code: number; relation?: { isFriend: boolean } }

const fleet = await openFleet(t)
const { a, b, app, admin, db } = fleet
await admin.apps.set(app.appId, { friends: 'friend' })
const community = await admin.apps.add({ name: 'community', friends: 'follow' })

const post = async ({ send }: Target, url: string, members: Members, { appId, appSecret } = app) => {
  const payload = JSON.stringify({ appid: appId, appsecret: appSecret, ...members })
  const headers = { 'content-type': 'application/json' }
  return JSON.parse((await send({ method: 'POST', url, headers, payload })).body) as Reply
}

let names = 0
const person = async () => {
  const userName = `jasper-${names++}`
  const form = { regmode: 'anonymous', user: { userName }, password: 'correct horse' }
  const reply = await post(a, '/v1/register', form)
  const { userId } = reply.user as { userId: string }
  const { skey: token } = reply.tickets as { skey: string }
  const act = (target: Target, name: string, members: Members) =>
    post(target, `/v1/friend/${name}`, { token, ...members })
  return { userId, id: Number(userId), userName, token, act }
}
type Person = Awaited<ReturnType<typeof person>>
const pair = async () => [await person(), await person()] as const

const probe = await person()
await until('both processes know the app', async () => {
  const replies = await Promise.all([a, b].map((one) => probe.act(one, 'settings', { friendSettings: {} })))
  const known = await Promise.all([a, b].map((one) => post(one, '/v1/echo', {}, community)))
  const asked = await Promise.all([a, b].map((one) => probe.act(one, 'unblock', { unblockUser: '99999' })))
  return (
    [...replies, ...known].every(({ code }) => code === codes.OK) &&
    asked.every(({ code }) => code === codes.USER_UNKNOWN)
  )
})

const between = async (one: Person, other: Person) => {
  const found = await admin.relations.findBetween(db.write, one.id, [other.id])
  return found.get(other.id)
}
const eventsOf = (one: Person, kind: string) =>
  db.write
    .selectFrom('userEvents')
    .selectAll()
    .where('userId', '=', one.id)
    .where('kind', '=', kind)
    .execute()
const rounds = 12

const race = (title: string, work: (t: Test, round: number) => Promise<void>, times = rounds) =>
  t.test(title, async (t) => {
    for (let round = 0; round < times; round++) await work(t, round)
    await checkRows(t, { db }, 'afterwards')
  })

race('both ask at once: one friendship', async (t) => {
  const [one, other] = await pair()
  const replies = await Promise.all([
    one.act(a, 'request', { requestTo: other.userId }),
    other.act(b, 'request', { requestTo: one.userId }),
  ])
  t.ok(replies.every(({ code }) => code === codes.OK))
  t.match(await between(one, other), { isFriend: true })
  const told = [...(await eventsOf(one, 'friend.accepted')), ...(await eventsOf(other, 'friend.accepted'))]
  t.equal(told.length, 1, 'told once')
})

race('accept and block at once: blocked, and no friendship is left', async (t, round) => {
  const [one, other] = await pair()
  await one.act(a, 'request', { requestTo: other.userId })
  const blocker = round % 2 ? one : other
  const blocked = round % 2 ? other : one
  await Promise.all([
    other.act(a, 'accept', { acceptFrom: one.userId }),
    blocker.act(b, 'block', { blockUser: blocked.userId }),
  ])
  t.match(await between(blocker, blocked), { isFriend: false, isBlockedByMe: true })
})

race('asking and blocking at once: no request waits', async (t) => {
  const [one, other] = await pair()
  await Promise.all([
    one.act(a, 'request', { requestTo: other.userId }),
    other.act(b, 'block', { blockUser: one.userId }),
  ])
  await other.act(a, 'unblock', { unblockUser: one.userId })
  t.equal((await other.act(b, 'accept', { acceptFrom: one.userId })).code, codes.REQUEST_UNKNOWN)
})

race('unfriend and accept at once: either both ended, or friends, the same on both sides', async (t) => {
  const [one, other] = await pair()
  await one.act(a, 'request', { requestTo: other.userId })
  await Promise.all([
    other.act(a, 'accept', { acceptFrom: one.userId }),
    one.act(b, 'remove', { removeUser: other.userId }),
  ])
  const [mine, theirs] = [await between(one, other), await between(other, one)]
  t.equal(mine?.isFriend, theirs?.isFriend)
})

race('follow and remove of both sides at once: the counters are those of the rows', async () => {
  const [one, other] = await pair()
  const both = [
    [one, other],
    [other, one],
  ] as const
  await Promise.all(
    both.flatMap(([from, to], at) => [
      from.act(at ? a : b, 'request', { requestTo: to.userId }),
      from.act(at ? b : a, 'remove', { removeUser: to.userId }),
      from.act(at ? a : b, 'block', { blockUser: to.userId }),
      from.act(at ? b : a, 'unblock', { unblockUser: to.userId }),
    ]),
  )
})

race(
  '200 identical requests: one row, one event',
  async (t) => {
    const [one, other] = await pair()
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, at) =>
        one.act(at % 2 ? a : b, 'request', { requestTo: other.userId, message: 'Hello' }),
      ),
    )
    t.ok(replies.every(({ code }) => code === codes.OK))
    const rows = await db.write
      .selectFrom('friendRequests')
      .selectAll()
      .where('toId', '=', other.id)
      .execute()
    t.equal(rows.length, 1)
    t.equal((await eventsOf(other, 'friend.requested')).length, 1)
  },
  1,
)

race(
  'a user who is disabled while being befriended has no half of a friendship',
  async (t) => {
    const [one, other] = await pair()
    await one.act(a, 'request', { requestTo: other.userId })
    await Promise.all([
      other.act(b, 'accept', { acceptFrom: one.userId }),
      admin.accounts.disable(one.userId, 'test'),
    ])
    const [mine, theirs] = [await between(one, other), await between(other, one)]
    t.equal(mine?.isFriend, theirs?.isFriend)
  },
  4,
)

race(
  'a user who leaves while being befriended and followed keeps no half of it, and is erased',
  async (t, round) => {
    const [one, other] = await pair()
    const fan = await person()
    await one.act(a, 'request', { requestTo: other.userId })
    const [accepted, left] = await Promise.all([
      other.act(b, 'accept', { acceptFrom: one.userId }),
      post(round % 2 ? a : b, '/v1/user/unregister', { token: one.token, unregister: true }),
      fan.act(a, 'request', { requestTo: one.userId }),
      one.act(b, 'request', { requestTo: fan.userId }),
    ])
    t.equal(left.code, codes.OK)
    t.ok([codes.OK, codes.REQUEST_UNKNOWN].includes(accepted.code), `${accepted.code}`)
    const [mine, theirs] = [await between(one, other), await between(other, one)]
    t.equal(mine?.isFriend, accepted.code === codes.OK)
    t.equal(theirs?.isFriend, mine?.isFriend)
    // While it is erased, the others end what they have with it, and ask it anew.
    await Promise.all([
      admin.accounts.remove(one.userId),
      other.act(a, 'remove', { removeUser: one.userId }),
      fan.act(b, 'request', { requestTo: one.userId }),
      other.act(b, 'block', { blockUser: one.userId }),
    ])
    for (const table of ['relations', 'blocks'] as const) {
      const rows = await db.write.selectFrom(table).select(['userId', 'otherId']).execute()
      t.notOk(
        rows.some(({ userId, otherId }) => [userId, otherId].includes(one.id)),
        table,
      )
    }
    const requests = await db.write.selectFrom('friendRequests').select(['fromId', 'toId']).execute()
    t.notOk(
      requests.some(({ fromId, toId }) => [fromId, toId].includes(one.id)),
      'requests',
    )
  },
  8,
)

t.test('the counters of fans are right who come and go while their hub is erased', async (t) => {
  const hub = await person()
  const fans = await Promise.all(Array.from({ length: 24 }, person))
  const tokens = new Map<number, string>()
  for (const { id, userName } of fans) {
    const { tickets } = await post(a, '/v1/login', { login: userName, password: 'correct horse' }, community)
    tokens.set(id, (tickets as { skey: string }).skey)
  }
  const act = (target: Target, { id }: Person, name: string, members: Members) =>
    post(target, `/v1/friend/${name}`, { token: tokens.get(id), ...members }, community)
  const follow = { requestTo: hub.userId }
  for (const fan of fans.slice(0, 16)) t.equal((await act(a, fan, 'request', follow)).code, codes.OK)
  await Promise.all([
    admin.accounts.remove(hub.userId),
    ...fans.flatMap((fan, at) => [
      act(at % 2 ? a : b, fan, 'remove', { removeUser: hub.userId }),
      act(at % 2 ? b : a, fan, 'request', follow),
    ]),
  ])
  await checkRows(t, { db }, 'afterwards')
  const left = await db.write.selectFrom('relations').selectAll().where('otherId', '=', hub.id).execute()
  t.same(left, [])
})

t.test('a server that is killed between a friendship and its event leaves both, or neither', async (t) => {
  const doomed = await fleet.start(t)
  const people = await Promise.all(Array.from({ length: 20 }, person))
  const [receiver, ...senders] = people
  if (!receiver) throw new Error('a receiver')
  for (const sender of senders) await sender.act(a, 'request', { requestTo: receiver.userId })
  const accepts = senders.map((sender) =>
    receiver.act(doomed, 'accept', { acceptFrom: sender.userId }).catch(() => undefined),
  )
  await Promise.race(accepts)
  await doomed.kill()
  await Promise.all(accepts)
  const told = async (sender: Person) => (await eventsOf(sender, 'friend.accepted')).length
  for (const sender of senders) {
    const isFriend = (await between(receiver, sender))?.isFriend
    t.equal(await told(sender), isFriend ? 1 : 0)
    if (!isFriend) {
      // The client repeats what had no answer.
      t.equal((await receiver.act(b, 'accept', { acceptFrom: sender.userId })).code, codes.OK)
      t.equal(await told(sender), 1, 'it arrives once')
    }
  }
  await checkRows(t, { db }, 'afterwards')
})
