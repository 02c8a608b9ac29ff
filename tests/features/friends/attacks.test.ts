/** What robots and blocked users try, on both engines. */
import t, { type Test } from 'tap'
import { codes } from '../../harness/codes.ts'
import { writeLists } from '../../http/world.ts'
import { checkRows, engines, openFriends, type Person } from './world.ts'

t.setTimeout(180_000)

for (const [engine, environment] of engines) {
  t.test(engine, async (t) => {
    const world = await openFriends(t, {
      ...(await environment(t)),
      // Calls come from other networks, without TLS.
      TORII__SECURITY__PROFILE: 'legacy',
      TORII__WORDS__FOLDER: await writeLists({ deny: ['badword'] }),
      TORII__FRIENDS__EVENTS_PER_DAY: '4',
      TORII__FRIENDS__MOST_RECEIVED: '10',
      TORII__FRIENDS__MOST_RECEIVED_OF_APP: '5',
    })
    const { admin, apps, db, eventsOf, post, register } = world
    let names = 0
    const person = () => register(`garnet-${names++}`)
    const people = async (count: number) => {
      const all: Person[] = []
      for (let at = 0; at < count; at++) all.push(await person())
      return all
    }
    const test = (title: string, work: (t: Test) => Promise<void>) =>
      t.test(title, async (t) => {
        await work(t)
        await checkRows(t, world, 'afterwards')
      })

    test('a block tells no more than the end of what it ends', async (t) => {
      const [me, other] = [await person(), await person()]
      await me.follow(other)
      await me.block(other)
      t.same(await eventsOf(other), [['friend.followed', me.id]], 'who stops following tells no one')
      t.same(await eventsOf(me), [['friend.blocked', other.id]])
    })

    test('robots cause so many events of a user in a day, whatever they do', async (t) => {
      const victim = await person()
      await victim.set({ mode: 'everyone' })
      const robots = await people(3)
      for (const robot of robots)
        for (let round = 0; round < 3; round++) {
          t.match(await robot.ask(victim), { code: codes.OK, relation: { isFriend: true } })
          t.equal((await robot.remove(victim)).code, codes.OK)
          t.equal((await robot.follow(victim)).code, codes.OK)
          t.equal((await robot.call('remove', { removeUser: victim.userId }, 'follow')).code, codes.OK)
        }
      for (const robot of robots) {
        await robot.ask(victim)
        await robot.block(victim)
      }
      t.equal((await eventsOf(victim)).length, 4, 'friends.eventsPerDay')
      world.clock.add(86_400_000)
      const honest = await person()
      await honest.ask(victim)
      t.same((await eventsOf(victim)).at(-1), ['friend.accepted', honest.id], 'the next day')
    })

    test('requests of one app leave room for those of another', async (t) => {
      const victim = await person()
      const second = await admin.apps.add({ name: `second ${engine}`, friends: 'friend' })
      await world.server.apps.reload()
      const honest = await person()
      const asks = async () => {
        apps.off = second
        const token = await honest.logIn('off')
        return post('off', '/v1/friend/request', { token, requestTo: victim.userId })
      }
      t.equal((await asks()).json.code, codes.OK)
      const robots = await people(8)
      for (const [at, robot] of robots.entries()) await robot.ask(victim, {}, `198.51.${at}.7`)
      const open = await db.write
        .selectFrom('friendRequests')
        .select(['fromId', 'appId'])
        .where('toId', '=', victim.id)
        .where('state', '=', 'open')
        .execute()
      t.equal(open.filter(({ appId }) => appId === apps.friend.appId).length, 5, 'friends.mostReceivedOfApp')
      t.ok(
        open.some(({ fromId }) => fromId === honest.id),
        'the request through another app stays',
      )
    })

    test('a forbidden word reaches no one, by a message nor by a question', async (t) => {
      const [me, other] = [await person(), await person()]
      const asked = await me.send('request', { requestTo: other.userId, message: 'You BAD.word' })
      t.match(asked.json, { code: codes.WORD_FORBIDDEN, info: 'message' })
      t.notMatch(asked.body, /badword/i)
      t.same(await eventsOf(other), [])
      t.match(await me.set({ mode: 'question', question: 'badword?', answer: 'yes' }), {
        code: codes.WORD_FORBIDDEN,
      })
    })

    test('names and places that grow as they are kept', async (t) => {
      const me = await person()
      const token = await me.logIn('friend')
      const set = async (who: Person, members: object) =>
        (await post('friend', '/v1/user/set', { token: await who.logIn('friend'), ...members })).json.code
      // One note that becomes three characters, and a letter that becomes two.
      for (const letter of ['\u{1d160}', '\u0958']) {
        t.equal(await set(me, { region: letter.repeat(64) }), codes.PARAMETER_INVALID)
        t.equal(await set(me, { region: letter.repeat(20) }), codes.OK)
        t.equal(await set(me, { introduction: letter.repeat(250) }), codes.OK, 'kept as it is')
      }
      const nickName = `ab${'\u{1f600}'.repeat(43)}`
      for (const other of await people(3)) t.equal(await set(other, { nickName }), codes.OK)
      let cursor: unknown
      let found = 0
      do {
        const search = {
          token,
          by: 'nickName',
          text: 'ab',
          limit: 1,
          ...(cursor !== undefined && { cursor }),
        }
        const { json } = await post('friend', '/v1/user/find', search)
        t.equal(json.code, codes.OK)
        found += (json.users as unknown[]).length
        cursor = json.cursor
      } while (cursor !== undefined)
      t.equal(found, 3, 'long nicknames end no search')
    })
  })
}
