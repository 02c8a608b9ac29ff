/**
 * Frames of the old chat protocol that are carried: each stands for a call of one of our operations. Names and numbers
 * are those of BirdTalk's user.proto.
 */
import { Failure } from './errors.ts'
import type { Frame } from './frame.ts'
import { isObject, type JsonObject, type JsonValue } from './json.ts'

/** A frame as a call of one of our operations. */
export type CarriedCall = {
  path: string
  input: JsonObject
  /** The members of the reply to the frame, from those of the operation's reply. */
  compose(reply: JsonObject, nowMs: number): JsonObject
  /** The members of a refusal that the old server gave as a result; undefined: an error frame. */
  refuse?(failure: Failure, nowMs: number): JsonObject | undefined
}

export type Maybe = JsonValue | undefined

/** Without the members that are undefined. */
export const compact = (members: Record<string, Maybe>): JsonObject =>
  Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  )

/** The old server took names and modes in any case. */
export const wordOf = (value: Maybe): Maybe => (typeof value === 'string' ? value.toLowerCase() : value)

export const partOf = (message: JsonObject, name: string): JsonObject => {
  const part = message[name] ?? {}
  if (!isObject(part)) throw new Failure('KX_CONTENT', { info: name })
  return part
}

/** A decimal text as a number; anything else stays, for the operation to judge. */
export const numberOf = (value: Maybe): Maybe =>
  typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value

/** The number of the user whom a frame is about, as our operations take it. Throws PARAMETER_MISSING. */
export const userIdOf = ({ userId }: JsonObject): JsonValue => {
  if (userId === undefined) throw new Failure('PARAMETER_MISSING', { info: 'user.userId' })
  return typeof userId === 'number' ? String(userId) : userId
}

/** Texts, since the params of a frame are nothing else. */
const textsOf = (members: Record<string, Maybe>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(compact(members)).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  )

/** Members of a profile that UserInfo has no field for. */
const inParams = [
  'birthday',
  'language',
  'remark',
  'isFriend',
  'isFollowing',
  'isFan',
  'isBlocked',
  'isRequested',
] as const

/** A user of ours as the old UserInfo. 64-bit numbers are texts. */
export const toUserInfo = (user: JsonObject): JsonObject => {
  const { userId, userName, nickName, email, phone, gender, age, region, icon, introduction } = user
  const counts = isObject(user.counts) ? user.counts : {}
  const params = textsOf({
    ...(isObject(user.params) ? user.params : {}),
    ...Object.fromEntries(inParams.map((name) => [name, user[name]])),
  })
  return compact({
    userId,
    userName,
    nickName,
    email,
    phone,
    gender,
    age,
    region,
    icon,
    intro: introduction,
    follows: counts.following === undefined ? undefined : String(counts.following),
    fans: counts.fans === undefined ? undefined : String(counts.fans),
    params: Object.keys(params).length > 0 ? params : undefined,
  })
}

export const toUserInfos = (users: Maybe): JsonObject[] =>
  Array.isArray(users) ? users.filter(isObject).map(toUserInfo) : []

/** What a frame names: an operation by its name or number. Throws NOT_IN_LIST. */
export const readOperation = <Name extends string>(
  { message }: Frame,
  operations: Record<Name, number>,
): { name: Name; isNamed: boolean } => {
  const asked = message.operation
  const name = (Object.keys(operations) as Name[]).find((it) => asked === it || asked === operations[it])
  if (!name) throw new Failure('NOT_IN_LIST', { info: 'operation' })
  return { name, isNamed: asked === name }
}
