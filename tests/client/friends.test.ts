/** The verbs of the client about friends. */
import t from 'tap'
import { createClient } from '../../src/client/index.ts'
import { createTestClock, openTestServer } from '../harness/test-server.ts'

t.setTimeout(60_000)

const password = 'correct horse'

t.test('users befriend, name, list, leave and block each other', async (t) => {
  const clock = createTestClock(Date.now())
  const target = await openTestServer({ environment: { TORII__PASSWORD__COST: '4' }, clock })
  t.teardown(target.close)
  const { apps } = target.server
  await apps.set(target.app.appId, { friends: 'friend' })
  await apps.reload()
  const headers = { host: 'localhost', 'content-type': 'application/json' }
  const join = async (userName: string) => {
    const client = createClient({
      url: 'http://localhost',
      ...target.app,
      transport: 'json',
      minimumKdfCost: 4,
      now: clock.now,
      fetch: async (url, init) => {
        const { pathname } = new URL(String(url))
        const payload = String(init?.body)
        const reply = await target.send({ method: 'POST', url: pathname, headers, payload })
        return new Response(reply.body, { status: reply.status })
      },
    })
    const { user } = await client.register({ userName, password })
    return { client, userId: user.userId }
  }
  const [amber, boris, clara] = [await join('amber'), await join('boris'), await join('clara')]

  t.match(await amber.client.requestFriend(boris.userId, { message: 'We met in Kyoto' }), {
    userId: boris.userId,
    isRequested: true,
    isFriend: false,
  })
  t.match(await boris.client.listFriendRequests({ list: 'received' }), {
    requests: [{ userId: amber.userId, message: 'We met in Kyoto', state: 'open' }],
  })
  t.match(await boris.client.acceptFriend(amber.userId), { isFriend: true })
  await t.rejects(boris.client.acceptFriend(amber.userId), { name: 'REQUEST_UNKNOWN' })
  t.match(await amber.client.setRelation({ userId: boris.userId, remark: 'Bo', granted: ['chat'] }), {
    remark: 'Bo',
    granted: ['chat'],
  })
  t.match(await boris.client.listFriends({ list: 'friends' }), {
    users: [{ userId: amber.userId, userName: 'amber', grantedToMe: ['chat'] }],
  })
  const { granted } = await amber.client.setRelation({ userId: boris.userId, granted: 'default' })
  t.ok(granted.includes('viewInfo'), 'what the app grants')
  await t.rejects(amber.client.setRelation({ userId: clara.userId, remark: 'C' }), {
    name: 'RELATION_UNKNOWN',
  })
  t.match(await amber.client.removeFriend(boris.userId), { isFriend: false })

  t.same(await clara.client.friendSettings(), { mode: 'ask', isFollowable: true })
  const question = 'Where did we meet?'
  t.same(await clara.client.friendSettings({ mode: 'question', question, answer: 'Kyoto' }), {
    mode: 'question',
    isFollowable: true,
    question,
  })
  await t.rejects(amber.client.requestFriend(clara.userId), { name: 'ANSWER_NEEDED', members: { question } })
  await t.rejects(amber.client.requestFriend(clara.userId, { answer: 'Osaka' }), {
    name: 'ANSWER_WRONG',
    members: { triesLeft: 4 },
  })
  t.match(await amber.client.requestFriend(clara.userId, { answer: 'kyoto' }), { isFriend: true })

  await clara.client.friendSettings({ mode: 'ask' })
  await boris.client.requestFriend(clara.userId)
  t.match(await clara.client.ignoreFriend(boris.userId), { isFriend: false })
  t.match(await boris.client.listFriendRequests({ list: 'sent' }), { requests: [{ state: 'open' }] })
  t.match(await clara.client.refuseFriend(boris.userId), { isFriend: false })
  await t.rejects(boris.client.requestFriend(clara.userId), { name: 'REFUSED_BEFORE' })

  t.match(await clara.client.blockUser(amber.userId), { isBlocked: true, isFriend: false })
  await t.rejects(amber.client.requestFriend(clara.userId), { name: 'USER_UNKNOWN' })
  await t.rejects(amber.client.userProfile(clara.userId), { name: 'USER_UNKNOWN' })
  t.match(await clara.client.listFriends({ list: 'blocked' }), { users: [{ userId: amber.userId }] })
  t.match(await clara.client.unblockUser(amber.userId), { isBlocked: false })
})
