/** The friend operations of the old chat protocol: which operation of ours each is, and the frame that goes back. */
import {
  type CarriedCall,
  compact,
  type Maybe,
  numberOf,
  partOf,
  readOperation,
  toUserInfo,
  toUserInfos,
  userIdOf,
  wordOf,
} from './carried.ts'
import { Failure } from './errors.ts'
import { composeFrame, type Frame, readDecimal, readFrame } from './frame.ts'
import { isObject, type JsonObject, type JsonValue } from './json.ts'
import type { Permission } from './permissions.ts'

const operations = {
  FindUser: 9,
  AddFriend: 10,
  ApproveFriend: 11,
  RemoveFriend: 12,
  BlockFriend: 13,
  UnBlockFriend: 14,
  SetFriendPermission: 15,
  SetFriendMemo: 16,
  ListFriends: 17,
} as const
type FriendOperation = keyof typeof operations

type Parts = { user: JsonObject; params: JsonObject; result: Maybe; token: Maybe }
type Call = { path: string; input: Record<string, Maybe> }

const choose = (info: string, value: Maybe, rows: Readonly<Record<string, string>>): string => {
  const word = wordOf(value)
  const found = typeof word === 'string' && Object.hasOwn(rows, word) ? rows[word] : undefined
  if (found === undefined) {
    throw new Failure('NOT_IN_LIST', { info: `${info}: ${Object.keys(rows).join(', ')}` })
  }
  return found
}

const findWays = {
  id: 'number',
  name: 'userName',
  email: 'email',
  phone: 'phone',
  nickname: 'nickName',
}

const find = ({ params, token }: Parts): Call => {
  const { mode, value, cursor } = params
  if (value === undefined) throw new Failure('PARAMETER_MISSING', { info: 'params.value' })
  const by = choose('params.mode', mode, findWays)
  const text = typeof value === 'number' ? String(value) : value
  return { path: '/v1/user/find', input: { token, by, text, cursor, limit: numberOf(params.limit) } }
}

const lists = {
  follows: 'following',
  fans: 'fans',
  friends: 'friends',
  mutual: 'mutual',
  blocked: 'blocked',
}

/** The old server went on after a user number; here the cursor of the reply before says where. */
const list = ({ user, params, token }: Parts): Call => {
  const { mode = 'follows', cursor } = params
  const from = user.userId ?? 0
  if (cursor === undefined && from !== 0 && from !== '0') {
    throw new Failure('PARAMETER_INVALID', { info: 'user.userId: go on with params.cursor' })
  }
  const input = { token, list: choose('params.mode', mode, lists), cursor, limit: numberOf(params.limit) }
  return { path: '/v1/friend/list', input }
}

/** The old server took every other result for a refusal. */
const approve = ({ user, result, token }: Parts): Call => {
  const from = userIdOf(user)
  const answer = wordOf(result)
  if (answer === 'ok') return { path: '/v1/friend/accept', input: { token, acceptFrom: from } }
  if (answer === 'ignore') return { path: '/v1/friend/ignore', input: { token, ignoreFrom: from } }
  return { path: '/v1/friend/refuse', input: { token, refuseFrom: from } }
}

/** Bits of the old server. Those without a name here say that the row exists, or that the user follows. */
const bits: readonly [bit: number, name: Permission | undefined][] = [
  [2, undefined],
  [4, 'chat'],
  [8, 'viewInfo'],
  [16, 'viewPosts'],
  [32, 'add'],
  [64, 'viewLocation'],
  [32_768, undefined],
]
const knownBits = bits.reduce((sum, [bit]) => sum | bit, 0)

const readPermission = (value: Maybe): Permission[] => {
  const text = readDecimal(value) ?? ''
  const mask = /^\d{1,5}$/.test(text) ? Number(text) : -1
  if (mask < 0 || (mask & ~knownBits) !== 0) {
    throw new Failure('PARAMETER_INVALID', { info: 'params.permission' })
  }
  return bits.flatMap(([bit, name]) => (name !== undefined && (mask & bit) !== 0 ? [name] : []))
}

const maskOf = (granted: JsonValue): string =>
  String(
    bits.reduce(
      (sum, [bit, name]) => (Array.isArray(granted) && name && granted.includes(name) ? sum | bit : sum),
      0,
    ),
  )

const setMemo = ({ user, token }: Parts): Call => {
  const { nickName } = user
  if (nickName === undefined) throw new Failure('PARAMETER_MISSING', { info: 'user.nickName' })
  return { path: '/v1/friend/set', input: { token, setFor: userIdOf(user), remark: nickName } }
}

const calls: Record<FriendOperation, (parts: Parts) => Call> = {
  FindUser: find,
  AddFriend: ({ user, params: { message, answer }, token }) => ({
    path: '/v1/friend/request',
    input: { token, requestTo: userIdOf(user), message, answer },
  }),
  ApproveFriend: approve,
  RemoveFriend: ({ user, token }) => ({
    path: '/v1/friend/remove',
    input: { token, removeUser: userIdOf(user) },
  }),
  BlockFriend: ({ user, token }) => ({
    path: '/v1/friend/block',
    input: { token, blockUser: userIdOf(user) },
  }),
  UnBlockFriend: ({ user, token }) => ({
    path: '/v1/friend/unblock',
    input: { token, unblockUser: userIdOf(user) },
  }),
  SetFriendPermission: ({ user, params, token }) => ({
    path: '/v1/friend/set',
    input: { token, setFor: userIdOf(user), granted: readPermission(params.permission) },
  }),
  SetFriendMemo: setMemo,
  ListFriends: list,
}

/** Users answer a request by a result, as the old clients did. */
const kindOf = ({ plainMsg, friendOpRet }: JsonObject) => {
  const answer = isObject(plainMsg) ? plainMsg.friendOpRet : friendOpRet
  return answer === undefined ? 'friendOp' : 'friendOpRet'
}

/** Throws KX_VERSION, KX_CONTENT, NOT_IN_LIST, PARAMETER_MISSING or PARAMETER_INVALID. */
export const readFriendOp = (members: JsonObject): CarriedCall => {
  const frame = readFrame(members, kindOf(members))
  const { message } = frame
  const { name: asked, isNamed } = readOperation(frame, operations)
  const user = partOf(message, 'user')
  const params = partOf(message, 'params')
  const { path, input } = calls[asked]({
    user,
    params,
    result: message.result ?? params.result,
    token: members.token,
  })
  const composed = { frame, named: isNamed ? asked : operations[asked], user }
  return {
    path,
    input: compact({ apiver: members.apiver, ...input }),
    compose: (reply, nowMs) => compose(composed, readReply(reply), nowMs),
    refuse: (failure, nowMs) => {
      const answer = readRefusal(failure)
      return answer && compose(composed, answer, nowMs)
    },
  }
}

type Answer = { result: string; users: JsonObject[]; params: JsonObject }

/** Friends have their remark as nickname, as the old lists had it. */
const withRemark = (user: JsonObject): JsonObject =>
  user.remark === undefined || user.remark === '' ? user : { ...user, nickName: user.remark }

const readReply = (reply: JsonObject): Answer => {
  const { users, relation, granted, remark, cursor } = reply
  const listed = Array.isArray(users) ? users.filter(isObject).map(withRemark) : []
  const status = isObject(relation) && relation.isRequested === true ? 'requested' : undefined
  return {
    result: 'ok',
    users: isObject(relation) ? [toUserInfo(relation)] : toUserInfos(listed),
    params: compact({
      status,
      cursor,
      remark,
      permission: granted === undefined ? undefined : maskOf(granted),
    }),
  }
}

/** The two refusals that the old server gave as results. */
const readRefusal = ({ entry, options }: Failure): Answer | undefined => {
  const question = options.members?.question
  if (entry.name === 'ANSWER_NEEDED' && typeof question === 'string') {
    return { result: 'question', users: [], params: { question } }
  }
  return entry.name === 'REQUESTS_CLOSED' ? { result: 'reject', users: [], params: {} } : undefined
}

type Composed = { frame: Frame; named: string | number; user: JsonObject }

/** The members of the reply to a frame. The user is named as the frame named them. */
const compose = (
  { frame, named, user }: Composed,
  { result, users, params }: Answer,
  nowMs: number,
): JsonObject => {
  const { userId } = user
  const sendId = readDecimal(frame.message.sendId)
  const msgId = readDecimal(frame.message.msgId)
  const message = compact({
    operation: named,
    result,
    user: compact({ userId }),
    users,
    sendId,
    msgId,
    params,
  })
  return composeFrame(frame, 'friendOpRet', String(nowMs), message)
}
