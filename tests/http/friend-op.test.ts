/** Frames of the old chat protocol for profiles, friends, leaving and disabling keep every rule of their operations. */
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import { openFrameWays } from './frame-ways.ts'
import { type Call, type Members, openWays, openWorld, register, type User } from './world.ts'

const paths = { userOp: '/v1/user-op', friendOp: '/v1/friend-op', friendOpRet: '/v1/friend-op' } as const
type Kind = keyof typeof paths

let tm = 1_800_000_000_000

/** Each with a time of its own: an equal one would be a copy, which does not run again. */
const frameOf = (kind: Kind, message: unknown, more: Members = {}): Members => ({
  version: 1,
  tm: String(++tm),
  keyPrint: '0',
  msgType: kind,
  [kind]: message,
  ...more,
})

type Person = { userId: string; token: string }
type Result = { result: string; status?: string; users: Members[]; params: Record<string, string> } & Members

const openFriends = async (t: Test) => {
  const world = await openWorld(t)
  await world.admin.apps.set(world.app.appId, { friends: 'friend' })
  await world.server.apps.reload()
  const ways = await openWays(world)
  const makePerson = async (userName: string): Promise<Person> => {
    const { user, tickets } = (await register(ways.JSON, userName)) as unknown as {
      user: User
      tickets: { skey: string }
    }
    return { userId: user.userId, token: tickets.skey }
  }
  const by =
    (call: Call) =>
    async (person: Person, kind: Kind, message: unknown, code = codes.OK): Promise<Result> => {
      const answer = await call(paths[kind], frameOf(kind, message, { token: person.token }))
      t.equal(answer.code, code, JSON.stringify(answer).slice(0, 300))
      return (answer.friendOpRet ?? answer.userOpRet ?? answer) as Result
    }
  return {
    world,
    ways,
    by,
    act: by(ways.JSON),
    amber: await makePerson('amber'),
    onyx: await makePerson('onyx'),
  }
}

t.test('two users become friends, and part, in every form of a frame', async (t) => {
  const { world, ways, by, amber, onyx } = await openFriends(t)
  const forms: Record<string, Call> = { ...ways, ...((await openFrameWays(world)) as Record<string, Call>) }
  for (const [form, call] of Object.entries(forms)) {
    const send = by(call)
    const user = (userId: string) => ({ user: { userId } })
    const asked = await send(amber, 'friendOp', {
      operation: 10,
      ...user(onyx.userId),
      sendId: '77',
      params: { message: 'hello' },
    })
    t.match(asked, { operation: 10, result: 'ok', sendId: '77', params: { status: 'requested' } }, form)
    const approved = await send(onyx, 'friendOpRet', { operation: 11, result: 'ok', ...user(amber.userId) })
    t.match(approved, { operation: 11, result: 'ok', users: [{ params: { isFriend: 'true' } }] }, form)
    await send(amber, 'friendOp', { operation: 16, user: { userId: onyx.userId, nickName: 'Stone' } })
    const listed = await send(amber, 'friendOp', { operation: 17, params: { mode: 'Friends' } })
    t.match(listed.users, [{ userId: onyx.userId, nickName: 'Stone' }], `${form}: the remark`)
    const set = await send(amber, 'friendOp', {
      operation: 15,
      ...user(onyx.userId),
      params: { permission: '32812' },
    })
    t.equal(set.params.permission, '44', `${form}: chat, viewInfo and add`)
    await send(amber, 'friendOp', { operation: 13, ...user(onyx.userId) })
    await send(onyx, 'friendOp', { operation: 10, ...user(amber.userId) }, codes.USER_UNKNOWN)
    await send(amber, 'friendOp', { operation: 14, ...user(onyx.userId) })
    const found = await send(onyx, 'friendOp', { operation: 9, params: { mode: 'Name', value: 'amber' } })
    t.match(found.users, [{ userId: amber.userId, userName: 'amber' }], `${form}: found again`)
    await send(amber, 'friendOp', { operation: 12, ...user(onyx.userId) })
  }
})

t.test('a question and a closed door are results, as the old server had them', async (t) => {
  const { act: send, amber, onyx } = await openFriends(t)
  const params = {
    friendaddmode: 'Question',
    FriendAddQuestion: 'Which tree?',
    'params.friendaddanswer': 'Pine',
  }
  await send(onyx, 'userOp', { operation: 5, params })
  const ask = { operation: 'AddFriend', user: { userId: onyx.userId } }
  const asked = await send(amber, 'friendOp', ask, codes.ANSWER_NEEDED)
  t.match(asked, { operation: 'AddFriend', result: 'question', params: { question: 'Which tree?' } })
  const wrong = await send(amber, 'friendOp', { ...ask, params: { answer: 'oak' } }, codes.ANSWER_WRONG)
  t.match(wrong, { msgType: 'error' })
  const right = await send(amber, 'friendOp', { ...ask, params: { answer: 'pine' } })
  t.match(right, { result: 'ok', users: [{ params: { isFriend: 'true' } }] })
  await send(amber, 'friendOp', { operation: 12, user: { userId: onyx.userId } })
  await send(onyx, 'userOp', { operation: 5, params: { friendaddmode: 'reject' } })
  t.match(await send(amber, 'friendOp', ask, codes.REQUESTS_CLOSED), { result: 'reject' })
})

t.test('a profile is set and read by the old names', async (t) => {
  const { act: send, amber } = await openFriends(t)
  const params = { NickName: '琥珀', gender: 'female', Age: '33', region: '京都', intro: 'hi' }
  const set = await send(amber, 'userOp', { operation: 'SetUserInfo', params })
  const expected = { nickName: '琥珀', gender: 'female', age: 33, region: '京都', intro: 'hi' }
  t.match(set, { status: 'ok', users: [expected] })
  const own = await send(amber, 'userOp', { operation: 5, params: {} })
  t.match(
    own.users,
    [{ ...expected, userName: 'amber', follows: '0', fans: '0' }],
    'nothing to set: the profile',
  )
  const undeclared = { operation: 5, params: { 'params.level': '9' } }
  t.match(await send(amber, 'userOp', undeclared, codes.PARAMETER_INVALID), { msgType: 'error' })
})

t.test('leaving, and what only an administrator may do', async (t) => {
  const { act: send, amber, onyx } = await openFriends(t)
  const disable = { operation: 3, user: { userId: onyx.userId, params: { reason: 'spam' } } }
  t.match(await send(amber, 'userOp', disable, codes.ROLE_NEEDED), { err: { number: 16 } }, 'no role')
  t.match(await send(amber, 'userOp', { operation: 2 }), { status: 'unregok', params: { finalAt: /^\d+$/ } })
  t.match(await send(amber, 'userOp', { operation: 5, params: {} }, codes.NOT_LOGGED_IN), {
    msgType: 'error',
  })
})

t.test('what is malformed', async (t) => {
  const { act: send, amber, onyx } = await openFriends(t)
  const user = { userId: onyx.userId }
  const rows: [what: string, message: unknown, code: number][] = [
    ['no operation', { user }, codes.NOT_IN_LIST],
    ['an operation of users', { operation: 7, user }, codes.NOT_IN_LIST],
    ['no user', { operation: 10 }, codes.PARAMETER_MISSING],
    ['a user that is a list', { operation: 10, user: [] }, codes.KX_CONTENT],
    ['a number that is none', { operation: 10, user: { userId: '-1' } }, codes.PARAMETER_INVALID],
    ['oneself', { operation: 10, user: { userId: amber.userId } }, codes.FRIEND_SELF],
    ['a way of finding', { operation: 9, params: { mode: 'toString', value: 'x' } }, codes.NOT_IN_LIST],
    ['nothing to find', { operation: 9, params: { mode: 'name' } }, codes.PARAMETER_MISSING],
    ['a list', { operation: 17, params: { mode: 'enemies' } }, codes.NOT_IN_LIST],
    ['a place of the old server', { operation: 17, user }, codes.PARAMETER_INVALID],
    ['a place that was made up', { operation: 17, params: { cursor: 'x' } }, codes.PARAMETER_INVALID],
    ['a negative permission', { operation: 15, user, params: { permission: '-4' } }, codes.PARAMETER_INVALID],
    ['an unknown bit', { operation: 15, user, params: { permission: '128' } }, codes.PARAMETER_INVALID],
    ['a huge permission', { operation: 15, user, params: { permission: '99999' } }, codes.PARAMETER_INVALID],
    ['no remark', { operation: 16, user }, codes.PARAMETER_MISSING],
  ]
  for (const [what, message, code] of rows) {
    t.match(await send(amber, 'friendOp', message, code), { msgType: 'error' }, what)
  }
  const stranger = { operation: 11, result: 'ok', user }
  t.match(await send(amber, 'friendOpRet', stranger, codes.REQUEST_UNKNOWN), { msgType: 'error' })
  t.match(await send({ userId: '', token: '' }, 'friendOp', { operation: 10, user }, codes.NOT_LOGGED_IN), {
    err: { number: 15 },
  })
})
