/** Questions and their answers, and what keeps robots from filling a list, on both engines. */
import t, { type Test } from 'tap'
import { canonicalAnswer } from '../../../src/features/friends/questions/answer-hash.ts'
import { codes } from '../../harness/codes.ts'
import { checkRows, engines, openFriends, type Person } from './world.ts'

t.setTimeout(180_000)

t.test('an answer is the same in another case, width, spacing and punctuation', async (t) => {
  for (const [one, other] of [
    ['Kyoto', ' kyoto! '],
    ['Dr. Who', 'dr who'],
    ['ＫＹＯＴＯ', 'kyoto'],
    ['Straße', 'STRASSE'],
    ['ﬁre', 'FIRE'],
    ['e\u0301te\u0301', 'été'],
    ['K\u200byoto', 'Kyoto'],
  ] as const)
    t.equal(canonicalAnswer(one), canonicalAnswer(other), `${one} and ${other}`)
  t.not(canonicalAnswer('Kyoto'), canonicalAnswer('Tokyo'))
  t.not(canonicalAnswer('!!'), canonicalAnswer('??'), 'an answer of punctuation alone stays one')
})

for (const [engine, environment] of engines) {
  t.test(engine, async (t) => {
    const world = await openFriends(t, {
      ...(await environment(t)),
      // Calls come from other networks, without TLS.
      TORII__SECURITY__PROFILE: 'legacy',
      TORII__FRIENDS__ANSWERS_PER_DAY: '7',
      TORII__FRIENDS__ASKS_PER_DAY: '20',
      TORII__FRIENDS__EVENTS_PER_DAY: '12',
      TORII__FRIENDS__MOST_SENT: '4',
      TORII__FRIENDS__MOST_RECEIVED: '10',
      TORII__FRIENDS__MOST_RECEIVED_OF_APP: '10',
      TORII__FRIENDS__MOST_FOLLOWING: '3',
      TORII__FRIENDS__MOST_FRIENDS: '2',
    })
    const { register, eventsOf, rowsOf, db } = world
    let names = 0
    const person = () => register(`coral-${names++}`)
    const people = async (count: number) => {
      const all = []
      for (let at = 0; at < count; at++) all.push(await person())
      return all
    }
    const test = (title: string, work: (t: Test) => Promise<void>) =>
      t.test(title, async (t) => {
        await work(t)
        await checkRows(t, world, 'afterwards')
      })

    test('a question, five tries for each asker, and a bound for all of them', async (t) => {
      const owner = await person()
      t.equal((await owner.set({ mode: 'question' })).code, codes.PARAMETER_MISSING, 'no question yet')
      t.equal((await owner.set({ question: 'Where?' })).code, codes.PARAMETER_MISSING, 'no answer')
      const set = await owner.set({ mode: 'question', question: 'Where did we meet?', answer: 'Kyoto' })
      t.match(set, { code: codes.OK, mode: 'question', question: 'Where did we meet?' })
      t.notOk(JSON.stringify(set).includes('Kyoto'), 'the answer is not shown')
      const [kept] = await db.write.selectFrom('friendSettings').selectAll().execute()
      t.notOk(kept?.answerSealed?.includes('kyoto'), 'nor kept as it is')
      const asker = await person()
      t.match(await asker.ask(owner), { code: codes.ANSWER_NEEDED, question: 'Where did we meet?' })
      for (let left = 4; left >= 0; left--)
        t.match(await asker.ask(owner, { answer: `guess ${left}` }), {
          code: codes.ANSWER_WRONG,
          triesLeft: left,
        })
      t.equal(
        (await asker.ask(owner, { answer: 'Kyoto' })).code,
        codes.ANSWER_TRIES,
        'the sixth is not judged',
      )
      const knowing = await person()
      t.match(await knowing.ask(owner, { answer: ' KYOTO. ' }), {
        code: codes.OK,
        relation: { isFriend: true },
      })
      const other = await person()
      t.equal(
        (await other.ask(owner, { answer: 'Osaka' })).code,
        codes.ANSWER_WRONG,
        'the seventh of the day',
      )
      const late = await person()
      t.match(
        await late.ask(owner, { answer: 'Kyoto' }),
        { code: codes.OK, relation: { isFriend: false, isRequested: true } },
        'beyond the bound of a day a request waits for consent',
      )
      t.match(await owner.accept(late), { code: codes.OK, relation: { isFriend: true } })
      world.clock.add(1_000)
      await owner.set({ question: 'And when?', answer: '1999' })
      world.clock.add(86_400_000)
      await asker.logIn('friend')
      t.equal((await asker.ask(owner, { answer: 'x' })).code, codes.ANSWER_WRONG, 'a new question, new tries')
    })

    test('at once, an asker has no more than five tries', async (t) => {
      const owner = await person()
      const asker = await person()
      await owner.set({ mode: 'question', question: 'Where?', answer: 'Kyoto' })
      const replies = await Promise.all(
        Array.from({ length: 9 }, (_, at) => asker.ask(owner, { answer: `guess ${at}` })),
      )
      const wrong = replies.filter(({ code }) => code === codes.ANSWER_WRONG)
      t.equal(wrong.length, 5)
      t.same(wrong.map(({ triesLeft }) => triesLeft).sort(), [0, 1, 2, 3, 4])
      t.ok(replies.every(({ code }) => [codes.ANSWER_WRONG, codes.ANSWER_TRIES].includes(code)))
    })

    test('robots of one network fill a list, and a request from elsewhere stays', async (t) => {
      const victim = await person()
      const robots = await people(12)
      for (const robot of robots.slice(0, 10)) await robot.ask(victim, {}, '198.51.100.7')
      const honest = await person()
      t.match(await honest.ask(victim, {}, '203.0.113.9'), {
        code: codes.OK,
        relation: { isRequested: true },
      })
      for (const robot of robots.slice(10)) await robot.ask(victim, {}, '198.51.100.8')
      const open = (await db.write
        .selectFrom('friendRequests')
        .select(['fromId', 'site'])
        .where('toId', '=', victim.id)
        .where('state', '=', 'open')
        .execute()) as { fromId: number; site: string }[]
      t.equal(open.length, 10, 'the list is full')
      t.ok(
        open.some(({ fromId }) => fromId === honest.id),
        'the honest request is in it',
      )
      t.same(
        open
          .filter(({ fromId }) => fromId !== honest.id)
          .map(({ fromId }) => fromId)
          .sort(),
        robots
          .slice(3)
          .map(({ id }) => id)
          .sort(),
        'the oldest of the robots gave way',
      )
      t.equal((await eventsOf(victim)).length, 10, 'what took room of another one is not told')
      t.match(await victim.accept(honest), { code: codes.OK, relation: { isFriend: true } })
    })

    test('a stranger who asks and ends it again and again does not fill a list of events', async (t) => {
      const [victim, follower, friend] = (await people(3)) as [Person, Person, Person]
      for (let round = 0; round < 15; round++) {
        t.equal((await follower.follow(victim)).code, codes.OK)
        t.equal((await follower.block(victim)).code, codes.OK)
        t.equal((await follower.unblock(victim)).code, codes.OK)
      }
      const told = await eventsOf(victim)
      t.same(new Set(told.map(([kind]) => kind)), new Set(['friend.followed']), 'what the victim agreed to')
      t.equal(told.length, 12, 'as many as in a day')
      const other = await person()
      await other.set({ mode: 'everyone' })
      for (let round = 0; round < 15; round++) {
        t.match(await friend.ask(other), { code: codes.OK, relation: { isFriend: true } })
        t.match(await friend.remove(other), { code: codes.OK, relation: { isFriend: false } })
      }
      t.equal((await eventsOf(other)).length, 12)
      t.equal((await other.ask(victim)).code, codes.OK)
      t.equal((await victim.accept(other)).code, codes.OK)
      t.equal((await eventsOf(other)).length, 13, 'the answer to a request of the user is always told')
    })

    test('a user has so many requests, follows, friends and asks, and no more', async (t) => {
      const me = await person()
      const others = await people(6)
      const [a, b, c, d, e] = others as [typeof me, typeof me, typeof me, typeof me, typeof me]
      for (const other of [a, b, c, d]) t.equal((await me.ask(other)).code, codes.OK)
      t.match(await me.ask(e), { code: codes.TOO_MANY_RELATIONS, info: 'requests' })
      t.equal((await a.accept(me)).code, codes.OK)
      t.equal((await b.accept(me)).code, codes.OK)
      t.match(await c.accept(me), { code: codes.TOO_MANY_RELATIONS, info: 'friends of the other user' })
      for (const other of [a, b, c]) t.equal((await me.follow(other)).code, codes.OK)
      t.match(await me.follow(d), { code: codes.TOO_MANY_RELATIONS, info: 'following' })
      let asked = 7
      for (; asked < 20; asked++) {
        await me.call('remove', { removeUser: a.userId }, 'follow')
        t.equal((await me.follow(a)).code, codes.OK, `${asked}`)
      }
      await me.call('remove', { removeUser: a.userId }, 'follow')
      const late = await me.send('request', { requestTo: a.userId }, 'follow')
      t.equal(late.json.code, codes.TOO_OFTEN, 'the bound of a day')
      t.ok((await rowsOf('relations')).length > 0)
    })
  })
}
