/**
 * The user operations of the old chat protocol: which operation of ours each of them is, with its members, and the
 * frame that goes back. Names and numbers are those of BirdTalk's user.proto.
 */
import { Failure } from './errors.ts'
import { composeFrame, type Frame, readFrame } from './frame.ts'
import { isObject, type JsonObject, type JsonValue } from './json.ts'

const operations = { RegisterUser: 1, SetUserInfo: 5, RealNameVerification: 6, Login: 7, Logout: 8 } as const
type UserOperation = keyof typeof operations

/** A frame as a call of one of our operations. */
export type CarriedCall = {
  frame: Frame
  path: string
  input: JsonObject
  /** What the reply names: a code is answered as the operation that it was sent for. */
  operation: UserOperation
  /** The client wrote the operation's name instead of its number. */
  isNamed: boolean
  /** The user as the caller named it, for a reply that knows no more yet. */
  user: JsonObject | undefined
}

type Maybe = JsonValue | undefined
type Parts = {
  user: JsonObject
  params: JsonObject
  /** The password, in whatever form. */
  secrets: JsonObject
  proof: JsonObject
  captcha: Maybe
  token: Maybe
}
type Call = { path: string; input: Record<string, Maybe>; operation?: UserOperation; user?: JsonObject }

const compact = (members: Record<string, Maybe>): JsonObject =>
  Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  )

const secretsOf = ({ pwd, clientHash, nextClientHash, salt }: JsonObject): JsonObject =>
  compact({ password: pwd, clientHash, nextClientHash, salt })

/** The old server took these words in any case. */
const wordOf = (value: Maybe): Maybe => (typeof value === 'string' ? value.toLowerCase() : value)

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

const setUserInfo = ({ params, token, captcha }: Parts): Call => {
  const [kind, ...more] = addressKinds.filter((known) => params[known] !== undefined)
  if (!kind) throw new Failure('NOT_IN_LIST', { info: 'params: email or phone' })
  if (more.length > 0) throw new Failure('PARAMETER_INVALID', { info: 'params: email and phone one by one' })
  const address = params[kind]
  return {
    path: '/v1/address/change',
    input: { token, kind, address, captcha, ...secretsOf(params) },
    user: compact({ [kind]: address }),
  }
}

const calls: Record<UserOperation, (parts: Parts) => Call> = {
  RegisterUser: register,
  SetUserInfo: setUserInfo,
  RealNameVerification: verify,
  Login: login,
  Logout: ({ token }) => ({ path: '/v1/logout', input: { token } }),
}

const partOf = (message: JsonObject, name: string): JsonObject => {
  const part = message[name] ?? {}
  if (!isObject(part)) throw new Failure('KX_CONTENT', { info: name })
  return part
}

const findOperation = (value: Maybe): UserOperation | undefined =>
  (Object.keys(operations) as UserOperation[]).find((name) => value === name || value === operations[name])

/** Throws KX_VERSION, KX_CONTENT, NOT_IN_LIST, PARAMETER_MISSING or PARAMETER_INVALID. */
export const readUserOp = (members: JsonObject): CarriedCall => {
  const frame = readFrame(members, 'userOp')
  const { message } = frame
  const asked = findOperation(message.operation)
  if (!asked) throw new Failure('NOT_IN_LIST', { info: 'operation' })
  const user = partOf(message, 'user')
  const params = partOf(message, 'params')
  const { keyPrint, checkTokenData, captchaId, captchaAnswer } = params
  const hasProof = keyPrint !== undefined || checkTokenData !== undefined
  const { path, input, ...named } = calls[asked]({
    user,
    params,
    secrets: secretsOf(partOf(user, 'params')),
    proof: hasProof ? compact({ keyPrint, checkTokenData, tm: frame.tm }) : {},
    captcha: captchaId === undefined ? undefined : compact({ captchaId, answer: captchaAnswer }),
    token: members.token,
  })
  return {
    frame,
    path,
    input: compact({ apiver: members.apiver, ...input }),
    operation: named.operation ?? asked,
    isNamed: message.operation === asked,
    user: named.user,
  }
}

/** What an operation of ours answers, as far as it has a place in the frame. */
type OwnReply = {
  status?: string
  users?: JsonValue
  tickets?: JsonObject
  flow?: string
  resendSeconds?: number
  expiresSeconds?: number
}

const statusOf = ({ status, tickets, flow }: OwnReply, operation: UserOperation): string => {
  if (operation === 'Logout') return 'logout'
  if (flow !== undefined) return 'waitcode'
  if (status === undefined) return 'ok'
  // The account is there, and the store gave no ticket for it.
  return tickets?.skey === undefined ? 'needlogin' : status
}

/** The members of the reply to a frame. */
export const composeUserOp = (call: CarriedCall, reply: OwnReply, nowMs: number): JsonObject => {
  const { frame, operation, isNamed, user } = call
  const { users, tickets, flow, resendSeconds, expiresSeconds } = reply
  const status = statusOf(reply, operation)
  const message = {
    operation: isNamed ? operation : operations[operation],
    result: 'ok',
    status,
    users: users ?? (user ? [user] : []),
    params: compact({
      status,
      flow,
      resendSeconds: resendSeconds?.toString(),
      expiresSeconds: expiresSeconds?.toString(),
    }),
  }
  return compact({ ...composeFrame(frame, 'userOpRet', String(nowMs), message), tickets })
}
