/** Lists by cursor, remarks, permissions, and what backends ask, on both engines. */
import t, { type Test } from 'tap'
import { codes } from '../../harness/codes.ts'
import { checkRows, engines, type FriendsWorld, openFriends, type Person } from './world.ts'

t.setTimeout(120_000)

type Listed = { userId: string; remark?: string; granted: string[]; grantedToMe: string[]; isFriend: boolean }
type Page = { code: number; users: Listed[]; cursor?: string; info?: string }
type Checked = { userId: string; isGranted: boolean; isFriend: boolean; isFollowing: boolean; isFan: boolean }

const create = async (t: Test, engine: (typeof engines)[number][1]) => {
  const world = await openFriends(t, await engine(t))
  let names = 0
  const person = () => world.register(`amber-${names++}`)
  const people = (count: number) => Promise.all(Array.from({ length: count }, person))
  const list = async (who: Person, members: object, mode: 'friend' | 'follow' = 'friend') =>
    (await who.call('list', { ...members }, mode)) as unknown as Page
  return { ...world, person, people, list }
}

type World = Awaited<ReturnType<typeof create>>

/** Users who exist, as followers of another one, from the oldest to the newest. */
const insertFans = async (
  { db }: Pick<FriendsWorld, 'db'>,
  hub: number,
  fans: readonly number[],
  at = 1_000,
) => {
  const rows = fans.map((userId, index) => ({
    userId,
    otherId: hub,
    followedAt: at + index,
    mutualAt: null,
    friendAt: null,
    remark: null,
    permissions: null,
  }))
  await db.write.insertInto('relations').values(rows).execute()
}

const readAll = async ({ list }: World, who: Person, name: string, limit: number) => {
  const pages: string[][] = []
  let cursor: string | undefined
  do {
    const page: Page = await list(who, { list: name, limit, ...(cursor && { cursor }) })
    pages.push(page.users.map(({ userId }) => userId))
    cursor = page.cursor
  } while (cursor !== undefined)
  return pages
}

for (const [engine, environment] of engines) {
  t.test(engine, async (t) => {
    const world = await create(t, environment)
    const { db, person, people, list, clock, admin } = world

    t.test('each list has its users, the newest first', async (t) => {
      const [me, a, b, c, d] = (await people(5)) as [Person, Person, Person, Person, Person]
      for (const other of [a, b, c]) {
        clock.add(1)
        await me.follow(other)
      }
      await b.follow(me)
      await me.ask(d)
      await d.accept(me)
      await c.block(me)
      const of = async (name: string) => (await list(me, { list: name })).users.map(({ userId }) => userId)
      t.same(await of('following'), [b.userId, a.userId], 'c has ended it by a block')
      t.same(await of('fans'), [b.userId])
      t.same(await of('mutual'), [b.userId])
      t.same(await of('friends'), [d.userId])
      t.same(await of('blocked'), [])
      await me.block(a)
      t.match(await list(me, { list: 'blocked' }), {
        users: [{ userId: a.userId, userName: /amber/, granted: [], grantedToMe: [] }],
      })
      t.match((await list(me, { list: 'following' })).users[0], {
        userId: b.userId,
        nickName: /amber/,
        since: Number,
        isFollowing: true,
        isFan: true,
        isFriend: false,
      })
    })

    t.test('pages neither repeat nor leave out, though the list changes between them', async (t) => {
      const [me, ...fans] = (await people(13)) as [Person, ...Person[]]
      // Of one moment, twice.
      await insertFans(
        world,
        me.id,
        fans.slice(0, 6).map(({ id }) => id),
        1_000,
      )
      await insertFans(
        world,
        me.id,
        fans.slice(6).map(({ id }) => id),
        1_000,
      )
      const all = await readAll(world, me, 'fans', 5)
      t.same(
        all.map(({ length }) => length),
        [5, 5, 2],
      )
      t.same(all.flat().sort(), fans.map(({ userId }) => userId).sort())
      t.same(
        (await readAll(world, me, 'fans', 12)).map(({ length }) => length),
        [12],
        'no empty page at the end',
      )

      const first = await list(me, { list: 'fans', limit: 4 })
      const seen = new Set(first.users.map(({ userId }) => userId))
      const gone = fans.find(({ userId }) => !seen.has(userId))
      const last = first.users.at(-1)?.userId
      // The row at the cursor goes, and one behind it; another one comes.
      await db.write
        .deleteFrom('relations')
        .where('otherId', '=', me.id)
        .where('userId', 'in', [Number(last), gone?.id ?? 0])
        .execute()
      const newest = await person()
      await newest.follow(me)
      const rest: string[] = []
      let { cursor } = first
      while (cursor) {
        const page: Page = await list(me, { list: 'fans', limit: 4, cursor })
        rest.push(...page.users.map(({ userId }) => userId))
        cursor = page.cursor
      }
      const expected = fans.map(({ userId }) => userId).filter((id) => !seen.has(id) && id !== gone?.userId)
      t.same(rest.sort(), expected.sort())
    })

    t.test('a page number, a huge limit and the cursor of another one are refused', async (t) => {
      const [me, other] = (await people(2)) as [Person, Person]
      await insertFans(
        world,
        me.id,
        (await people(3)).map(({ id }) => id),
      )
      await insertFans(
        world,
        other.id,
        (await people(3)).map(({ id }) => id),
      )
      const { cursor = '' } = await list(me, { list: 'fans', limit: 1 })
      const theirs = (await list(other, { list: 'fans', limit: 1 })).cursor ?? ''
      const altered = `${cursor.slice(0, -2)}${cursor.endsWith('AA') ? 'BB' : 'AA'}`
      const bad: [members: object, info: string][] = [
        ...[0, -1, 101, 1e9, 1.5, '5', null].map((limit) => [{ limit }, 'limit'] as [object, string]),
        ...[theirs, altered, '', '-1', '1000000000', 'A'.repeat(513), 7, null, ['a']].map(
          (cursor) => [{ cursor }, 'cursor'] as [object, string],
        ),
        [{ page: -1 }, 'page'],
        [{ offset: 1e9 }, 'offset'],
        [{ list: 'Fans' }, 'list'],
        [{ list: '' }, 'list'],
      ]
      for (const [members, info] of bad) {
        const reply = await list(me, { list: 'fans', ...members })
        t.match([reply.code, reply.info], [codes.PARAMETER_INVALID, info], JSON.stringify(members))
      }
      t.equal(
        (await list(me, { list: 'following', cursor })).code,
        codes.PARAMETER_INVALID,
        'of another list',
      )
      const requests = await me.call('requests', { list: 'received', cursor })
      t.equal(requests.code, codes.PARAMETER_INVALID, 'of another operation')
      t.equal((await me.call('list', { list: 'fans' }, 'off')).code, codes.FRIENDS_OFF)
      t.equal((await list(me, { list: 'fans', limit: 1, cursor })).users.length, 1, 'its own goes on')
    })

    t.test('hidden users make no page short, and many of them no call long', async (t) => {
      const me = await person()
      const fans = await people(6)
      await insertFans(
        world,
        me.id,
        fans.map(({ id }) => id),
      )
      await admin.accounts.disable(fans[4]?.userId ?? '', 'robot')
      await admin.accounts.disable(fans[3]?.userId ?? '', 'for a day', clock.now() + 86_400_000)
      await admin.accounts.remove(fans[1]?.userId ?? '')
      const shown = [5, 2, 0].map((at) => fans[at]?.userId)
      t.same(await readAll(world, me, 'fans', 2), [shown.slice(0, 2), shown.slice(2)])
      const over = { disabledUntil: clock.now() }
      await db.write
        .updateTable('accounts')
        .set(over)
        .where('userId', '=', fans[3]?.id ?? 0)
        .execute()
      const again = await list(me, { list: 'fans', limit: 2 })
      t.equal(again.users[1]?.userId, fans[3]?.userId, 'no longer disabled')

      // As many as no page skips: rows whose users are no longer there.
      const robots = Array.from({ length: 1_500 }, (_, at) => 50_000_000 + at)
      await insertFans(world, me.id, robots, 1_000_000)
      const before = db.trips
      const empty = await list(me, { list: 'fans', limit: 2 })
      // Each read is three trips; without the bound it would take fifteen reads.
      t.ok(db.trips - before < 40, `${db.trips - before} trips`)
      t.same(empty.users, [])
      t.type(empty.cursor, 'string')
      t.same(
        (await readAll(world, me, 'fans', 2)).flat(),
        [5, 3, 2, 0].map((at) => fans[at]?.userId),
      )
      await db.write.deleteFrom('relations').where('userId', 'in', robots).execute()
    })

    t.test(
      'requests: to the receiver those that wait, to the sender all, an ignored one as open',
      async (t) => {
        const [me, a, b, c] = (await people(4)) as [Person, Person, Person, Person]
        for (const sender of [a, b, c]) {
          clock.add(1)
          await sender.ask(me, { message: 'Hi' })
        }
        await me.ignore(a)
        await me.refuse(b)
        const received = await me.call('requests', { list: 'received', limit: 1 })
        t.match(received, { requests: [{ userId: c.userId, message: 'Hi', state: 'open', askedAt: Number }] })
        t.notOk('cursor' in received)
        for (const [sender, state] of [
          [a, 'open'],
          [b, 'refused'],
          [c, 'open'],
        ] as const)
          t.match(await sender.call('requests', { list: 'sent' }), {
            requests: [{ userId: me.userId, state, expiresAt: Number }],
          })
        t.notMatch(JSON.stringify(received), /site|127\.0/, 'no network')
        await db.write.updateTable('friendRequests').set({ expiresAt: clock.now() }).execute()
        const over = { requests: [] }
        t.match(await a.call('requests', { list: 'sent' }), over)
        t.match(await me.call('requests', { list: 'received' }), over)
      },
    )

    t.test('a remark is the own, and what I grant is not what is granted to me', async (t) => {
      const [me, friend, stranger] = (await people(3)) as [Person, Person, Person]
      await me.ask(friend)
      await friend.accept(me)
      const set = (members: object) => me.call('set', { setFor: friend.userId, ...members })
      const byDefault = ['chat', 'viewInfo', 'viewPosts', 'add']
      t.match(await set({ remark: ' 老王 🐦 ' }), { code: codes.OK, remark: '老王 🐦', granted: byDefault })
      t.strictSame((await set({ granted: ['viewLocation', 'chat', 'chat'] })).granted, [
        'chat',
        'viewLocation',
      ])
      t.strictSame((await set({ granted: ['viewLocation', 'chat'] })).code, codes.OK, 'the same again')
      t.match((await list(me, { list: 'friends' })).users, [
        { remark: '老王 🐦', granted: ['chat', 'viewLocation'], grantedToMe: byDefault },
      ])
      const [mine] = (await list(friend, { list: 'friends' })).users
      t.strictSame([mine?.granted, mine?.grantedToMe], [byDefault, ['chat', 'viewLocation']])
      t.notOk(mine && 'remark' in mine, 'nobody else sees a remark')
      t.strictSame((await set({ granted: [] })).granted, [])
      t.strictSame((await set({ usesDefaults: true, remark: '' })).granted, byDefault)
      t.notOk('remark' in ((await list(me, { list: 'friends' })).users[0] ?? {}))

      const bad: [members: object, code: number][] = [
        [{ granted: ['fly'] }, codes.PARAMETER_INVALID],
        [{ granted: [-1] }, codes.PARAMETER_INVALID],
        [{ granted: -1 }, codes.PARAMETER_INVALID],
        [{ granted: 2 ** 40 }, codes.PARAMETER_INVALID],
        [{ granted: 31 }, codes.PARAMETER_INVALID],
        [{ granted: ['__proto__'] }, codes.PARAMETER_INVALID],
        [{ granted: Array.from({ length: 6 }, () => 'chat') }, codes.PARAMETER_INVALID],
        [{ granted: ['chat'], usesDefaults: true }, codes.PARAMETER_INVALID],
        [{ usesDefaults: false }, codes.PARAMETER_INVALID],
        [{ remark: 'x'.repeat(101) }, codes.PARAMETER_INVALID],
        [{ remark: 'a\u0000b' }, codes.PARAMETER_INVALID],
        [{ permissions: 31 }, codes.PARAMETER_INVALID],
        [{ userId: me.userId, remark: 'x' }, codes.PARAMETER_INVALID],
        [{}, codes.PARAMETER_MISSING],
      ]
      for (const [members, code] of bad) t.equal((await set(members)).code, code, JSON.stringify(members))
      t.match(await set({ remark: '🐦'.repeat(100) }), { code: codes.OK })

      const { body: toStranger } = await me.send('set', { setFor: stranger.userId, remark: 'x' })
      const { body: toNoOne } = await me.send('set', { setFor: '99999999', remark: 'x' })
      t.equal(JSON.parse(toStranger).code, codes.RELATION_UNKNOWN)
      t.equal(toStranger, toNoOne)
      await me.remove(friend)
      await me.ask(friend)
      await friend.accept(me)
      t.strictSame(
        (await list(me, { list: 'friends' })).users[0]?.granted,
        byDefault,
        'ended with the friendship',
      )
    })

    t.test('a backend asks for up to 100 users in one query, and a block holds at once', async (t) => {
      const [me, friend, fan, blocked, blocking, disabled] = (await people(6)) as [
        Person,
        Person,
        Person,
        Person,
        Person,
        Person,
      ]
      for (const other of [friend, blocked, blocking, disabled]) {
        await me.ask(other)
        await other.accept(me)
      }
      await fan.follow(me)
      await me.block(blocked)
      await blocking.block(me)
      await admin.accounts.disable(disabled.userId, 'test')
      const backend = await world.server.apps.add({
        name: 'API',
        checks: [world.apps.friend.appId, world.apps.follow.appId],
      })
      await world.server.apps.reload()
      const ask = async (members: object, by: { appId: string; appSecret?: string } = backend) => {
        const reply = await world.server.http.inject({
          method: 'POST',
          url: '/v1/friend/check',
          headers: { host: 'localhost', 'content-type': 'application/json' },
          payload: JSON.stringify({
            appid: by.appId,
            ...(by.appSecret && { appsecret: by.appSecret }),
            ...members,
          }),
        })
        return JSON.parse(reply.body) as { code: number; users: Checked[]; info?: string }
      }
      const user = me.userId
      const users = [friend, fan, blocked, blocking, disabled, me].map(({ userId }) => userId)
      await ask({ user, users: [user], permission: 'chat' })
      const asked = { user, users: [...users, '99999999'], permission: 'chat' }
      // What runs in the background now and then can only add.
      const trips: number[] = []
      for (let round = 0; round < 7; round++) {
        const before = db.trips
        await ask(asked)
        trips.push(db.trips - before)
      }
      t.equal(Math.min(...trips), 1, 'one query')
      const { users: found } = await ask(asked)
      t.same(
        found.map(({ userId, isGranted, isFriend }) => [userId, isGranted, isFriend]),
        [
          [friend.userId, true, true],
          [fan.userId, false, false],
          [blocked.userId, false, false],
          [blocking.userId, false, false],
          [disabled.userId, false, false],
          [me.userId, true, false],
          ['99999999', false, false],
        ],
      )
      const granted = async (permission: string, members = {}) =>
        (await ask({ user, users: [friend.userId, fan.userId], permission, ...members })).users.map(
          (it) => it.isGranted,
        )
      t.same(await granted('viewLocation'), [false, false])
      t.same(await granted('viewInfo'), [true, true])
      await friend.call('set', { setFor: user, granted: ['viewLocation'] })
      t.same(await granted('viewLocation'), [true, false])
      t.same(await granted('chat'), [false, false])
      await friend.call('set', { setFor: user, usesDefaults: true })
      await world.server.apps.set(world.apps.friend.appId, {
        friendDefaults: ['viewLocation'],
        strangerDefaults: ['chat'],
      })
      await world.server.apps.reload()
      t.same(await granted('chat'), [false, true], 'the defaults of the first app that the backend checks')
      t.same(await granted('chat', { forApp: world.apps.follow.appId }), [true, false])
      await me.call('request', { requestTo: fan.userId }, 'follow')
      t.same(
        await granted('chat', { forApp: world.apps.follow.appId }),
        [true, true],
        'there mutual fans are friends',
      )
      await friend.block(me)
      t.same(await granted('chat'), [false, true])
      await admin.accounts.disable(me.userId, 'test')
      t.same(await granted('viewInfo'), [false, false], 'who is disabled may do nothing')
      await admin.accounts.enable(me.userId)

      const hundred = Array.from({ length: 100 }, (_, at) => String(20_000_000 + at))
      t.equal((await ask({ user, users: hundred, permission: 'chat' })).users.length, 100)
      const bad: [members: object, code: number][] = [
        [{ users: [...hundred, '1'] }, codes.PARAMETER_INVALID],
        [{ users: [] }, codes.PARAMETER_INVALID],
        [{ users: [1] }, codes.PARAMETER_INVALID],
        [{ users: ['-1'] }, codes.PARAMETER_INVALID],
        [{ users: ['9'.repeat(16)] }, codes.PARAMETER_INVALID],
        [{ permission: 'fly' }, codes.PARAMETER_INVALID],
        [{ permission: 1 }, codes.PARAMETER_INVALID],
        [{ user: "1' or 1=1" }, codes.PARAMETER_INVALID],
        [{ forApp: 'unknown' }, codes.NOT_IN_LIST],
        [{ forApp: world.app.appId }, codes.NOT_IN_LIST],
        [{ more: 1 }, codes.PARAMETER_INVALID],
      ]
      for (const [members, code] of bad)
        t.equal(
          (await ask({ user, users, permission: 'chat', ...members })).code,
          code,
          JSON.stringify(members),
        )
      t.equal((await ask({ user, users, permission: 'chat' }, world.app)).code, codes.FRIENDS_OFF)
      const page = await world.server.apps.add({
        name: 'page',
        isPublic: true,
        origins: ['http://localhost'],
        friends: 'friend',
      })
      await world.server.apps.reload()
      const open = await ask({ user, users, permission: 'chat' }, { appId: page.appId })
      t.equal(open.code, codes.APP_REFUSED, 'an app without a secret is everybody’s')
    })

    t.test('counters are proved and mended', async (t) => {
      const { recount } = admin.relations
      const all = async (isDry: boolean) => {
        const found = { users: 0, drifts: [] as unknown[] }
        await recount.recountAll({
          isDry,
          tell: (users, drifts) => {
            found.users += users
            found.drifts.push(...drifts)
          },
        })
        return found
      }
      // More than one batch; and rows of the tests before, put in past the counters.
      for (let round = 0; round < 4; round++) await people(15)
      await all(false)
      const first = await all(true)
      t.ok(first.users > 100, `${first.users} users, more than one batch`)
      t.same(first.drifts, [])
      await checkRows(t, world, 'after the first count')
      const [me, other] = (await people(2)) as [Person, Person]
      await me.follow(other)
      await db.write.updateTable('friendCounts').set({ fans: 7 }).where('userId', '=', other.id).execute()
      await db.write.deleteFrom('friendCounts').where('userId', '=', me.id).execute()
      const wrong = [
        { userId: me.id, counter: 'following', kept: 0, rows: 1 },
        { userId: other.id, counter: 'fans', kept: 7, rows: 1 },
      ]
      t.same((await all(true)).drifts, wrong)
      t.same((await all(true)).drifts, wrong, 'nothing was changed')
      t.same(await recount.recountUser(me.id, { isDry: false }), wrong.slice(0, 1))
      t.same((await all(false)).drifts, wrong.slice(1))
      t.same((await all(true)).drifts, [])
    })

    t.test('of a removed user nothing is left, and the counters of the others are right', async (t) => {
      const { recount } = admin.relations
      const me = await person()
      const others = (await people(8)).sort((a, b) => a.id - b.id)
      for (const [at, other] of others.entries()) {
        if (at % 2 === 0) await me.follow(other)
        if (at % 3 === 0) await other.follow(me)
        if (at === 5) await me.block(other)
        if (at === 7) await other.block(me)
        if (at < 3) {
          await me.ask(other)
          await other.accept(me)
        }
      }
      await (await person()).ask(me)
      await me.set({ mode: 'question', question: 'Where?', answer: 'here' })
      await me.call('set', { setFor: others[0]?.userId, remark: 'zebra', granted: ['chat'] })
      const collected = await Promise.all(
        admin.personal.map(async ({ name, collect }) => ({
          name,
          ...(await collect(db.write, me.id, undefined)),
        })),
      )
      const exported = Object.fromEntries(collected.map(({ name, rows }) => [name, rows]))
      t.match(exported.relations?.[0], { otherId: others[0]?.id, remark: 'zebra', granted: ['chat'] })
      t.match(exported.friendRequests, [])
      t.match(exported.friendSettings, [{ mode: 'question', question: 'Where?' }])
      t.match(exported.blocks, [{ otherId: others[5]?.id }], 'who has blocked the user is not told')
      t.notMatch(JSON.stringify(exported), /sealed|"site"/i)
      const { next } = collected.find(({ name }) => name === 'relations') ?? {}
      const relations = admin.personal.find(({ name }) => name === 'relations')
      t.match(await relations?.collect(db.write, me.id, next), {
        rows: [{ fanId: Number, followedAt: Number }],
      })

      await admin.accounts.remove(me.userId)
      await checkRows(t, world, 'after the removal')
      const left = async (table: 'relations' | 'blocks') =>
        (await world.rowsOf(table)).filter(({ userId, otherId }) => userId === me.id || otherId === me.id)
      t.same(await left('relations'), [])
      t.same(await left('blocks'), [])
      const requests = await world.rowsOf('friendRequests')
      t.notOk(requests.some((row) => 'fromId' in row && (row.fromId === me.id || row.toId === me.id)))
      for (const { id } of others) t.same(await recount.recountUser(id, { isDry: true }), [])
    })
  })
}
