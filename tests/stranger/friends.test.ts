/** Friends, follows, lists and permissions in every form of call, written from protocol.md alone. */
import t, { type Test } from 'tap'
import { items, type Json, jsonLine } from './client.ts'
import { membersOf, type Open, openPeople, type Person, register } from './people.ts'

const { server, url, forms, backend: api, page } = await openPeople(t)
const community = await server.apps.add({ name: 'Community', friends: 'follow' })
await server.apps.reload()

const friends = async (t: Test, open: Open) => {
  const line = await open()
  const [me, you] = [await register(line), await register(line)]
  const act = (who: Person, name: string, members: Json) => who.call(`/v1/friend/${name}`, members)
  const none = { isFollowing: false, isFan: false, isFriend: false, isBlocked: false, isRequested: false }
  t.match(await act(me, 'request', { requestTo: me.userId }), { code: 2110002 })
  t.match(await act(me, 'request', { requestTo: '99999' }), { code: 2070001 })
  t.match(await act(me, 'request', { requestTo: 10001 }), { code: 2000102, info: /requestTo/ })
  t.match(await act(me, 'request', { requestTo: you.userId, message: 'x'.repeat(201) }), {
    code: 2000102,
    info: /message/,
  })
  t.match(await act(me, 'request', { requestTo: you.userId, id: 1 }), { code: 2000102, info: /id/ })
  const asked = await act(me, 'request', { requestTo: you.userId, message: 'We met in Kyoto' })
  t.strictSame(asked.relation, { userId: you.userId, ...none, isRequested: true })
  t.match(await act(me, 'accept', { acceptFrom: you.userId }), { code: 2110001 }, 'not one’s own')
  const received = await act(you, 'requests', { list: 'received' })
  t.strictSame(membersOf(items(received, 'requests')[0]), [
    'askedAt',
    'expiresAt',
    'message',
    'nickName',
    'state',
    'userId',
    'userName',
  ])
  t.match(received, { requests: [{ userId: me.userId, message: 'We met in Kyoto', state: 'open' }] })
  t.notOk('cursor' in received)
  t.match(await act(me, 'requests', { list: 'sent' }), { requests: [{ userId: you.userId, state: 'open' }] })
  t.match(await act(you, 'refuse', { refuseFrom: me.userId }), {
    code: 1000000,
    relation: { isFriend: false },
  })
  t.match(await act(me, 'requests', { list: 'sent' }), { requests: [{ state: 'refused' }] })
  t.match(await act(me, 'request', { requestTo: you.userId }), { code: 2110007, until: Number })
  t.strictSame((await act(you, 'request', { requestTo: me.userId })).relation, {
    userId: me.userId,
    ...none,
    isRequested: true,
  })
  t.match(await act(me, 'ignore', { ignoreFrom: you.userId }), { code: 1000000 })
  t.match(
    await act(you, 'requests', { list: 'sent' }),
    { requests: [{ state: 'open' }] },
    'to the sender it still waits',
  )
  t.strictSame(items(await act(me, 'requests', { list: 'received' }), 'requests'), [])
  t.match(
    await act(me, 'settings', { friendSettings: { mode: 'question', question: 'Where?' } }),
    { code: 2000101 },
    'both or none',
  )
  const settings = await act(me, 'settings', {
    friendSettings: { mode: 'question', question: 'Where?', answer: 'Kyoto' },
  })
  t.match(settings, { code: 1000000, mode: 'question', isFollowable: true, question: 'Where?' })
  t.notOk('answer' in settings)
  const third = await register(line)
  t.match(await act(third, 'request', { requestTo: me.userId }), { code: 2110004, question: 'Where?' })
  t.match(await act(third, 'request', { requestTo: me.userId, answer: 'Osaka' }), {
    code: 2110005,
    triesLeft: 4,
  })
  t.match(await act(third, 'request', { requestTo: me.userId, answer: ' ＫＹＯＴＯ!' }), {
    code: 1000000,
    relation: { isFriend: true },
  })
  t.match(await act(me, 'settings', { friendSettings: { mode: 'nobody' } }), { mode: 'nobody' })
  t.match(await act(await register(line), 'request', { requestTo: me.userId }), { code: 2110003 })
  t.match(await act(me, 'settings', { friendSettings: {} }), {
    code: 1000000,
    mode: 'nobody',
    isFollowable: true,
  })
  t.match(await act(me, 'settings', { friendSettings: { mode: 'all' } }), { code: 2000102, info: /mode/ })
  t.match(await act(me, 'remove', { removeUser: third.userId }), {
    code: 1000000,
    relation: { isFriend: false },
  })
}

const relations = async (t: Test, open: Open) => {
  const line = await open()
  const [me, you, third] = [await register(line), await register(line), await register(line)]
  const act = (who: Person, name: string, members: Json) => who.call(`/v1/friend/${name}`, members)
  await act(you, 'settings', { friendSettings: { mode: 'everyone' } })
  await act(third, 'settings', { friendSettings: { mode: 'everyone' } })
  t.match(await act(me, 'set', { setFor: you.userId, remark: 'x' }), { code: 2110025 })
  t.match(await act(me, 'request', { requestTo: you.userId }), { relation: { isFriend: true } })
  t.match(await act(me, 'request', { requestTo: third.userId }), { relation: { isFriend: true } })
  t.match(await act(me, 'set', { setFor: you.userId, remark: 'You', granted: ['chat'] }), {
    code: 1000000,
    granted: ['chat'],
    remark: 'You',
  })
  t.match(await act(me, 'set', { setFor: you.userId, granted: ['fly'] }), { code: 2000102, info: /granted/ })
  t.match(await act(me, 'set', { setFor: you.userId, remark: 'x'.repeat(101) }), {
    code: 2000102,
    info: /remark/,
  })
  t.match(await act(me, 'set', { setFor: you.userId, usesDefaults: false }), {
    code: 2000102,
    info: /usesDefaults/,
  })
  const list = await act(me, 'list', { list: 'friends', limit: 1 })
  t.match(list, { users: [{ userId: third.userId }], cursor: String })
  const next = await act(me, 'list', { list: 'friends', limit: 1, cursor: list.cursor })
  t.match(next, {
    users: [{ userId: you.userId, isFriend: true, granted: ['chat'], remark: 'You', since: Number }],
  })
  t.strictSame(membersOf(items(next, 'users')[0]), [
    'granted',
    'grantedToMe',
    'isFan',
    'isFollowing',
    'isFriend',
    'nickName',
    'remark',
    'since',
    'userId',
    'userName',
  ])
  t.match(await act(me, 'list', { list: 'blocked', cursor: list.cursor }), { code: 2000102, info: /cursor/ })
  t.match(await act(you, 'list', { list: 'friends', cursor: list.cursor }), { code: 2000102, info: /cursor/ })
  t.match(await act(me, 'list', { list: 'friends', limit: 101 }), { code: 2000102, info: /limit/ })
  t.match(await act(me, 'list', { list: 'all' }), { code: 2000102, info: /list/ })
  t.match(await me.call('/v1/user/get', { userId: you.userId }), { user: { isFriend: true, remark: 'You' } })
  t.match(await me.call('/v1/user/get'), { user: { counts: { friends: 2 } } })
  const backend = jsonLine(url, api)
  const asked = { user: you.userId, users: [me.userId, third.userId], permission: 'chat' }
  t.match((await backend.call('/v1/friend/check', asked)).body, {
    code: 1000000,
    users: [
      { userId: me.userId, isGranted: true, isFriend: true, isFollowing: false, isFan: false },
      { userId: third.userId, isGranted: false, isFriend: false },
    ],
  })
  for (const users of [[], Array.from({ length: 101 }, () => '10001')])
    t.match((await backend.call('/v1/friend/check', { ...asked, users })).body, {
      code: 2000102,
      info: /users/,
    })
  t.match(await act(me, 'block', { blockUser: you.userId }), {
    relation: { isBlocked: true, isFriend: false },
  })
  t.match(await act(me, 'request', { requestTo: you.userId }), { code: 2110009 })
  t.match(await act(you, 'request', { requestTo: me.userId }), { code: 2070001 })
  t.match(await act(me, 'list', { list: 'blocked' }), { users: [{ userId: you.userId }] })
  t.match(await me.call('/v1/user/get', { userId: you.userId }), { user: { isBlocked: true } })
  t.match(await act(me, 'unblock', { unblockUser: you.userId }), {
    relation: { isBlocked: false, isFriend: false },
  })
  t.match(await act(me, 'remove', { removeUser: third.userId, relation: 'fan', other: 1 }), { code: 2000102 })
}

t.test('in an app of mode follow a request follows at once', async (t) => {
  const line = jsonLine(url, community)
  const [me, you] = [await register(line), await register(line)]
  const followed = await me.call('/v1/friend/request', { requestTo: you.userId })
  t.match(followed, { code: 1000000, relation: { isFollowing: true, isFriend: false } })
  t.match(await you.call('/v1/friend/list', { list: 'fans' }), {
    users: [{ userId: me.userId, isFan: true }],
  })
  t.match(await you.call('/v1/friend/remove', { removeUser: me.userId, relation: 'fan' }), {
    relation: { isFan: false },
  })
  t.match(await you.call('/v1/friend/settings', { friendSettings: { isFollowable: false } }), {
    isFollowable: false,
  })
  t.match(await me.call('/v1/friend/request', { requestTo: you.userId }), { code: 2110003 })
  const off = await register(jsonLine(url, page))
  t.match(await off.call('/v1/friend/request', { requestTo: you.userId }), { code: 2110000 })
})

const parts = {
  'users become friends': friends,
  'users grant, list and block each other': relations,
}
for (const [form, open] of Object.entries(forms))
  for (const [title, part] of Object.entries(parts)) t.test(`${form}: ${title}`, (t) => part(t, open))
