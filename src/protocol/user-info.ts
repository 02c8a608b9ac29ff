/** What the old SetUserInfo sets: names of its `params`, in any case, and what they are here. */
import { compact, type Maybe, numberOf, wordOf } from './carried.ts'
import { Failure } from './errors.ts'
import type { JsonObject, JsonValue } from './json.ts'

export type UserInfoChange = {
  address?: { kind: 'email' | 'phone'; address: JsonValue }
  /** How others become friends. */
  settings?: JsonObject
  profile?: JsonObject
}

/** Not of the user: what proves who is asking. */
const proofs = new Set([
  'pwd',
  'clienthash',
  'nextclienthash',
  'salt',
  'captchaid',
  'captchaanswer',
  'keyprint',
  'checktokendata',
])

const profileNames: Record<string, string> = {
  username: 'userName',
  nickname: 'nickName',
  gender: 'gender',
  age: 'age',
  birthday: 'birthday',
  region: 'region',
  icon: 'icon',
  intro: 'introduction',
  language: 'language',
}

const settingNames: Record<string, string> = {
  friendaddmode: 'mode',
  friendaddquestion: 'question',
  friendaddanswer: 'answer',
}

const modes: Record<string, string> = {
  direct: 'everyone',
  require: 'ask',
  question: 'question',
  reject: 'nobody',
}

/** `params.level` and `level` are one: a member that the app has declared. */
const prefix = 'params.'

const settingOf = (name: string, value: JsonValue): JsonValue => {
  if (name !== 'mode') return value
  const mode = modes[String(wordOf(value))]
  if (!mode) throw new Failure('NOT_IN_LIST', { info: `friendaddmode: ${Object.keys(modes).join(', ')}` })
  return mode
}

const isEmpty = (members: object) => Object.keys(members).length === 0

/** Throws NOT_IN_LIST, and PARAMETER_INVALID for two addresses. */
export const readUserInfo = (params: JsonObject): UserInfoChange => {
  const addresses: NonNullable<UserInfoChange['address']>[] = []
  const settings: Record<string, JsonValue> = {}
  const profile: Record<string, JsonValue> = {}
  const declared: Record<string, JsonValue> = {}
  for (const [typed, value] of Object.entries(params)) {
    const name = typed.toLowerCase().startsWith(prefix) ? typed.slice(prefix.length) : typed
    const word = name.toLowerCase()
    const [setting, member] = [settingNames[word], profileNames[word]]
    if (proofs.has(word)) continue
    if (word === 'email' || word === 'phone') addresses.push({ kind: word, address: value })
    else if (setting !== undefined) settings[setting] = settingOf(setting, value)
    else if (member !== undefined) profile[member] = (member === 'age' ? numberOf(value) : value) as JsonValue
    else declared[name] = value
  }
  if (addresses.length > 1) {
    throw new Failure('PARAMETER_INVALID', { info: 'params: email and phone one by one' })
  }
  const all: Record<string, Maybe> = { ...profile, params: isEmpty(declared) ? undefined : declared }
  const [address] = addresses
  return {
    ...(address && { address }),
    ...(!isEmpty(settings) && { settings }),
    ...(!isEmpty(compact(all)) && { profile: compact(all) }),
  }
}
