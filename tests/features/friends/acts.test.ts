/** Asking, following, answering, removing and blocking, on both engines. */
import t, { type Test } from 'tap'
import { codes } from '../../harness/codes.ts'
import { checkRows, engines, openFriends } from './world.ts'

t.setTimeout(120_000)

for (const [engine, environment] of engines) {
  t.test(engine, async (t) => {
    const world = await openFriends(t, await environment(t))
    const { register, eventsOf, rowsOf, clock } = world
    let names = 0
    const people = async <N extends number>(count: N) =>
      Promise.all(Array.from({ length: count }, () => register(`amber-${names++}`)))
    const pair = async () => {
      const [a, b] = await people(2)
      if (!a || !b) throw new Error('two users')
      return [a, b] as const
    }

    const test = (title: string, work: (t: Test) => Promise<void>) =>
      t.test(title, async (t) => {
        await work(t)
        await checkRows(t, world, 'afterwards')
      })

    test('a request waits, is accepted, and both are friends and told', async (t) => {
      const [a, b] = await pair()
      t.match(await a.ask(b, { message: 'Hi, it is me' }), {
        code: codes.OK,
        relation: { userId: b.userId, isRequested: true, isFriend: false },
      })
      t.match(await a.ask(b), { code: codes.OK, relation: { isRequested: true } }, 'once more')
      t.same(await eventsOf(b), [['friend.requested', a.id]], 'told once')
      t.match(await b.accept(a), { code: codes.OK, relation: { isFriend: true, isRequested: false } })
      t.same(await eventsOf(a), [['friend.accepted', b.id]])
      t.match(await a.ask(b), { code: codes.OK, relation: { isFriend: true, isRequested: false } })
      t.equal((await b.accept(a)).code, codes.REQUEST_UNKNOWN, 'accepted once')
      t.match(await b.remove(a), { code: codes.OK, relation: { isFriend: false } })
      t.match(await b.remove(a), { code: codes.OK, relation: { isFriend: false } }, 'again')
      t.same(await eventsOf(a), [
        ['friend.accepted', b.id],
        ['friend.removed', b.id],
      ])
    })

    test('who asks a user who asks becomes a friend at once', async (t) => {
      const [a, b] = await pair()
      await a.ask(b)
      t.match(await b.ask(a), { code: codes.OK, relation: { isFriend: true, isRequested: false } })
      const requests = await rowsOf('friendRequests')
      t.notOk(requests.some((row) => 'fromId' in row && [a.id, b.id].includes(row.fromId)))
    })

    test('follows need no consent, and two of them are mutual', async (t) => {
      const [a, b] = await pair()
      t.match(await a.follow(b), { relation: { isFollowing: true, isFan: false, isFriend: false } })
      t.match(await a.follow(b), { relation: { isFollowing: true } }, 'again')
      t.match(await b.follow(a), { relation: { isFollowing: true, isFan: true } })
      const both = await world.admin.relations.findCounts(world.db.write, [a.id, b.id])
      t.match(both.get(a.id), { following: 1, fans: 1, mutual: 1 })
      t.same(await eventsOf(b), [['friend.followed', a.id]])
      t.match(await b.remove(a, 'fan'), { relation: { isFan: false, isFollowing: true } })
      t.match(await b.call('remove', { removeUser: a.userId }, 'follow'), {
        relation: { isFollowing: false },
      })
      t.same(await eventsOf(a), [
        ['friend.followed', b.id],
        ['friend.removed', b.id],
      ])
      await b.set({ isFollowable: false })
      t.equal((await a.follow(b)).code, codes.REQUESTS_CLOSED)
    })

    test('a refused sender may ask again later, an ignored one sees nothing of it', async (t) => {
      const [a, b] = await pair()
      const c = await register(`beryl-${names++}`)
      await a.ask(b)
      await c.ask(b)
      t.equal((await b.refuse(a)).code, codes.OK)
      t.equal((await b.ignore(c)).code, codes.OK)
      const refused = await a.ask(b)
      t.equal(refused.code, codes.REFUSED_BEFORE)
      t.ok(Number(refused.until) > clock.now() / 1_000, 'when')
      const [before, after] = [
        await c.send('request', { requestTo: b.userId }),
        await c.send('request', { requestTo: b.userId }),
      ]
      t.match(before.json, { code: codes.OK, relation: { isRequested: true } })
      t.equal(before.body, after.body)
      t.equal((await eventsOf(b)).length, 2, 'asking again tells nothing')
      t.equal((await b.refuse(a)).code, codes.REQUEST_UNKNOWN, 'refused once')
      t.equal((await b.accept(a)).code, codes.REQUEST_UNKNOWN, 'and for good')
      clock.add(31 * 86_400_000)
      await a.logIn('friend')
      t.match(await a.ask(b), { code: codes.OK, relation: { isRequested: true } }, 'a month later')
      await world.removeExpired(world.db.write, clock.now(), 1_000)
      const left = await rowsOf('friendRequests')
      t.notOk(
        left.some((row) => 'toId' in row && row.fromId === c.id),
        'the ignored one is gone',
      )
    })

    test('a block ends all between two users, and neither asks the other any more', async (t) => {
      const [a, b] = await pair()
      await a.follow(b)
      await b.follow(a)
      await a.ask(b)
      await b.accept(a)
      t.match(await a.block(b), {
        code: codes.OK,
        relation: { isBlocked: true, isFriend: false, isFollowing: false, isFan: false },
      })
      t.equal((await a.block(b)).code, codes.OK, 'again')
      t.same((await eventsOf(a)).at(-1), ['friend.blocked', b.id])
      t.same((await eventsOf(b)).at(-1), ['friend.removed', a.id], 'as if it was ended')
      t.equal((await a.ask(b)).code, codes.BLOCKED_BY_YOU)
      t.equal((await a.follow(b)).code, codes.BLOCKED_BY_YOU)
      for (const [act, member, mode] of [
        ['request', 'requestTo', 'friend'],
        ['request', 'requestTo', 'follow'],
        ['accept', 'acceptFrom', 'friend'],
        ['refuse', 'refuseFrom', 'friend'],
        ['ignore', 'ignoreFrom', 'friend'],
        ['remove', 'removeUser', 'friend'],
        ['block', 'blockUser', 'friend'],
        ['unblock', 'unblockUser', 'friend'],
      ] as const) {
        const seen = await b.send(act, { [member]: a.userId }, mode)
        const nobody = await b.send(act, { [member]: '99999999' }, mode)
        t.equal(seen.body, nobody.body, `${act} (${mode}): as if there were none`)
        t.equal(seen.status, nobody.status)
        if (act === 'request') t.equal(seen.json.code, codes.USER_UNKNOWN)
      }
      t.notOk(
        (await world.db.write.selectFrom('friendCounts').select('userId').execute()).some(
          (it) => it.userId === 99_999_999,
        ),
        'no row for a number that no one has',
      )
      t.match(await a.unblock(b), { code: codes.OK, relation: { isBlocked: false, isFriend: false } })
      t.match(await b.follow(a), { code: codes.OK })
    })

    test('a block ends requests of both sides, and is no way to ask once more', async (t) => {
      const [a, b] = await pair()
      await a.ask(b)
      await a.block(b)
      await a.unblock(b)
      t.equal((await b.accept(a)).code, codes.REQUEST_UNKNOWN)
      t.equal((await a.ask(b)).code, codes.REFUSED_BEFORE)
      const [c, d] = await pair()
      await c.ask(d)
      await d.block(c)
      t.equal((await d.accept(c)).code, codes.REQUEST_UNKNOWN)
      await d.unblock(c)
      t.equal((await d.accept(c)).code, codes.REQUEST_UNKNOWN, 'an older request does not come back')
    })

    test('users who may not be known of get no request, and disabled ones neither', async (t) => {
      const [a, b] = await pair()
      const nobody = await a.send('request', { requestTo: '99999999' })
      t.equal(nobody.json.code, codes.USER_UNKNOWN)
      await world.admin.accounts.disable(b.userId, 'spam')
      const disabled = await a.send('request', { requestTo: b.userId })
      t.equal(disabled.body, nobody.body)
      await world.admin.accounts.enable(b.userId)
      await b.logIn('friend')
      await a.ask(b)
      await world.admin.accounts.disable(a.userId, 'spam')
      await b.logIn('friend')
      const accepted = await b.send('accept', { acceptFrom: a.userId })
      t.equal(accepted.json.code, codes.REQUEST_UNKNOWN, 'a disabled sender')
    })

    test('a user without the capability friend asks no one, and may still protect themselves', async (t) => {
      const [a, b] = await pair()
      await b.ask(a)
      await world.db.write
        .insertInto('withheldCapabilities')
        .values({ userId: a.id, capability: 'friend', withheldUntil: null, why: 'spam', withheldAt: 0 })
        .execute()
      for (const reply of [await a.ask(b), await a.follow(b), await a.accept(b)])
        t.match(reply, { code: codes.CAPABILITY_WITHHELD, capability: 'friend' })
      t.equal((await a.refuse(b)).code, codes.OK)
      t.match(await a.block(b), { code: codes.OK, relation: { isBlocked: true } })
      t.equal((await a.unblock(b)).code, codes.OK)
    })

    test('modes of the one who is asked', async (t) => {
      const [a, b] = await pair()
      t.match(await b.set({}), { code: codes.OK, mode: 'ask', isFollowable: true })
      t.match(await b.set({ mode: 'nobody' }), { mode: 'nobody' })
      t.equal((await a.ask(b)).code, codes.REQUESTS_CLOSED)
      t.match(await b.set({ mode: 'everyone' }), { mode: 'everyone', isFollowable: true })
      t.match(await a.ask(b), { code: codes.OK, relation: { isFriend: true } })
      t.same(await eventsOf(b), [['friend.accepted', a.id]])
    })

    test('an app without friends, oneself, and what no shape has', async (t) => {
      const [a, b] = await pair()
      t.match(await a.call('request', { requestTo: b.userId }, 'off'), {
        code: codes.FRIENDS_OFF,
        info: /torii app set/,
      })
      t.equal((await a.ask(a)).code, codes.FRIEND_SELF)
      t.equal((await a.follow(a)).code, codes.FRIEND_SELF)
      t.equal((await a.block(a)).code, codes.FRIEND_SELF)
      for (const requestTo of ['0', '-1', '1e3', '01', '', '1'.repeat(16), 12, null, [], `${b.userId} `])
        t.equal(
          (await a.call('request', { requestTo })).code,
          codes.PARAMETER_INVALID,
          JSON.stringify(requestTo),
        )
      t.equal(
        (await a.ask(b, { state: 'accepted' })).code,
        codes.PARAMETER_INVALID,
        'a member that there is not',
      )
      t.equal((await a.ask(b, { message: 'x'.repeat(201) })).code, codes.PARAMETER_INVALID)
      t.equal((await a.ask(b, { message: 'x\u0000y' })).code, codes.PARAMETER_INVALID)
      t.equal((await a.set({ mode: 'always' })).code, codes.PARAMETER_INVALID)
    })
  })
}
