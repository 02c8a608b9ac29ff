/** The user operations of the old chat protocol: which operation of ours each is, and the frame that goes back. */
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
import { composeFrame, type Frame, readFrame } from './frame.ts'
import { isObject, type JsonObject } from './json.ts'
import { readUserInfo } from './user-info.ts'

const operations = {
  RegisterUser: 1,
  UnregisterUser: 2,
  DisableUser: 3,
  RecoverUser: 4,
  SetUserInfo: 5,
  RealNameVerification: 6,
  Login: 7,
  Logout: 8,
} as const
type UserOperation = keyof typeof operations

type Parts = {
  user: JsonObject
  params: JsonObject
  /** The password, in whatever form. */
  secrets: JsonObject
  proof: JsonObject
  captcha: Maybe
  token: Maybe
}
type Call = {
  path: string
  input: Record<string, Maybe>
  /** What the reply names: a code is answered as the operation that it was sent for. */
  operation?: UserOperation
  /** The user as the caller named it, for a reply that knows no more. */
  user?: JsonObject
  /** Where the reply does not tell it. */
  status?: string
}

const secretsOf = ({ pwd, clientHash, nextClientHash, salt }: JsonObject): JsonObject =>
  compact({ password: pwd, clientHash, nextClientHash, salt })

const addressKinds = ['email', 'phone'] as const

const register = ({ user, params, secrets, proof, captcha }: Parts): Call => {
  const { userName, nickName, email, phone } = user
  const named = compact({ userName, nickName, email, phone })
  const regmode = wordOf(params.regmode) ?? 'anonymous'
  return { path: '/v1/register', input: { regmode, user: named, captcha, ...secrets, ...proof }, user: named }
}

/** An address without a password gets a code. */
const login = ({ user, params, secrets, proof, captcha }: Parts): Call => {
  const mode = wordOf(params.loginmode)
  const kind = addressKinds.find((known) => known === mode)
  if (!kind) {
    const { userId, userName } = user
    return { path: '/v1/login', input: { login: userId ?? userName, captcha, ...secrets, ...proof } }
  }
  const address = user[kind]
  if (address === undefined) throw new Failure('PARAMETER_MISSING', { info: `user.${kind}` })
  if (Object.keys(secrets).length > 0) {
    return { path: '/v1/login', input: { login: address, captcha, ...secrets, ...proof } }
  }
  const input = { purpose: 'login', kind, address, captcha }
  return { path: '/v1/code/send', input, user: { [kind]: address } }
}

const purposes: readonly [prefix: string, operation: UserOperation][] = [
  ['register-', 'RegisterUser'],
  ['login-', 'Login'],
  ['change-', 'SetUserInfo'],
]

/** Gives the code of a flow, or asks for another one. */
const verify = ({ params, proof, captcha }: Parts): Call => {
  const { flow, code, resend } = params
  if (flow === undefined) throw new Failure('PARAMETER_MISSING', { info: 'params.flow' })
  const [, operation = 'RealNameVerification'] =
    purposes.find(([prefix]) => typeof flow === 'string' && flow.startsWith(prefix)) ?? []
  if (resend !== undefined) return { path: '/v1/code/send', input: { flow, captcha }, operation }
  if (code === undefined) throw new Failure('PARAMETER_MISSING', { info: 'params.code' })
  const path = operation === 'Login' ? '/v1/login' : '/v1/verify'
  return { path, input: { flow, code, ...proof }, operation }
}

/** Addresses, how others become friends and the profile are three operations of ours: one in a frame. */
const setUserInfo = ({ params, token, captcha }: Parts): Call => {
  const { address, settings, profile } = readUserInfo(params)
  const parts = [address, settings, profile].filter((part) => part !== undefined)
  if (parts.length > 1) {
    throw new Failure('PARAMETER_INVALID', {
      info: 'params: email, phone, friendadd… and all others one by one',
    })
  }
  if (address) {
    const input = { token, ...address, captcha, ...secretsOf(params) }
    return { path: '/v1/address/change', input, user: { [address.kind]: address.address } }
  }
  if (settings) return { path: '/v1/friend/settings', input: { token, friendSettings: settings } }
  if (profile) return { path: '/v1/user/set', input: { token, ...secretsOf(params), ...profile } }
  return { path: '/v1/user/get', input: { token } }
}

/** An administrator disables a user, or one capability of theirs. */
const disable = ({ user, params, token }: Parts): Call => {
  const { reason = partOf(user, 'params').reason, capability } = params
  const input = { token, disable: userIdOf(user), reason, until: numberOf(params.until), capability }
  return { path: '/v1/user/disable', input, status: 'disabled' }
}

const recover = ({ user, params, token }: Parts): Call => ({
  path: '/v1/user/enable',
  input: { token, enable: userIdOf(user), capability: params.capability },
})

const calls: Record<UserOperation, (parts: Parts) => Call> = {
  RegisterUser: register,
  UnregisterUser: ({ token }) => ({
    path: '/v1/user/unregister',
    input: { token, unregister: true },
    status: 'unregok',
  }),
  DisableUser: disable,
  RecoverUser: recover,
  SetUserInfo: setUserInfo,
  RealNameVerification: verify,
  Login: login,
  Logout: ({ token }) => ({ path: '/v1/logout', input: { token }, status: 'logout' }),
}

/** Throws KX_VERSION, KX_CONTENT, NOT_IN_LIST, PARAMETER_MISSING or PARAMETER_INVALID. */
export const readUserOp = (members: JsonObject): CarriedCall => {
  const frame = readFrame(members, 'userOp')
  const { name: asked, isNamed } = readOperation(frame, operations)
  const user = partOf(frame.message, 'user')
  const params = partOf(frame.message, 'params')
  const { keyPrint, checkTokenData, captchaId, captchaAnswer } = params
  const hasProof = keyPrint !== undefined || checkTokenData !== undefined
  const call = calls[asked]({
    user,
    params,
    secrets: secretsOf(partOf(user, 'params')),
    proof: hasProof ? compact({ keyPrint, checkTokenData, tm: frame.tm }) : {},
    captcha: captchaId === undefined ? undefined : compact({ captchaId, answer: captchaAnswer }),
    token: members.token,
  })
  const { operation = asked } = call
  const named = isNamed ? operation : operations[operation]
  return {
    path: call.path,
    input: compact({ apiver: members.apiver, ...call.input }),
    compose: (reply, nowMs) => compose({ frame, named, call }, reply, nowMs),
  }
}

/** What an operation of ours answers, as far as it has a place in the frame. */
type OwnReply = {
  status?: string
  users?: Maybe
  /** Of a profile. */
  user?: Maybe
  /** Of a user whom an administrator named. */
  userId?: string
  tickets?: JsonObject
  flow?: string
  resendSeconds?: number
  expiresSeconds?: number
  finalAt?: number
}

const statusOf = ({ status, tickets, flow }: OwnReply): string => {
  if (flow !== undefined) return 'waitcode'
  if (status === undefined) return 'ok'
  // The account is there, and the store gave no ticket for it.
  return tickets?.skey === undefined ? 'needlogin' : status
}

const usersOf = ({ users, user, userId }: OwnReply, named: JsonObject | undefined): JsonObject[] => {
  if (users !== undefined) return toUserInfos(users)
  if (isObject(user)) return [toUserInfo(user)]
  if (userId !== undefined) return [{ userId }]
  return named ? [named] : []
}

type Composed = { frame: Frame; named: string | number; call: Call }

/** The members of the reply to a frame. */
const compose = ({ frame, named, call }: Composed, reply: OwnReply, nowMs: number): JsonObject => {
  const { tickets, flow, resendSeconds, expiresSeconds, finalAt } = reply
  const status = call.status ?? statusOf(reply)
  const message = {
    operation: named,
    result: 'ok',
    status,
    users: usersOf(reply, call.user),
    params: compact({
      status,
      flow,
      resendSeconds: resendSeconds?.toString(),
      expiresSeconds: expiresSeconds?.toString(),
      finalAt: finalAt?.toString(),
    }),
  }
  return compact({ ...composeFrame(frame, 'userOpRet', String(nowMs), message), tickets })
}
