/** What each kind of message tells. */
import type { MessageKind } from './api.ts'

/** A paragraph with an optional variable that is missing is left out. */
type Variables = { required: readonly string[]; optional: readonly string[] }

const whereabouts = ['place', 'device']

export const kinds: Readonly<Record<MessageKind, Variables>> = {
  code: { required: ['code', 'minutes', 'purpose'], optional: [...whereabouts, 'link'] },
  'address-in-use': { required: [], optional: whereabouts },
  'address-changed': { required: [], optional: ['address', 'old', ...whereabouts, 'link', 'days'] },
  'password-changed': { required: [], optional: [...whereabouts, 'identities'] },
  'identity-changed': { required: [], optional: ['linked', 'unlinked', ...whereabouts] },
  'new-device': { required: ['device'], optional: ['place', 'link'] },
  'logged-out': { required: ['count'], optional: whereabouts },
  'account-leaving': { required: ['date'], optional: whereabouts },
  'account-recovered': { required: [], optional: whereabouts },
  'standing-changed': { required: [], optional: ['disabled', 'enabled', 'withheld', 'returned', 'why'] },
  test: { required: [], optional: [] },
}

/** What the outbox itself tells in every kind: the name of the app, and when the message was written. */
export const ownVariables = ['app', 'time'] as const

/** What a code is for, as the templates of codes say it: "your code to …", 您…的验证码. */
export const purposes = {
  register: { 'zh-CN': '注册', en: 'register' },
  login: { 'zh-CN': '登录', en: 'log in' },
  reset: { 'zh-CN': '重置密码', en: 'reset your password' },
  recover: { 'zh-CN': '找回账户', en: 'get your account back' },
  'change-email': { 'zh-CN': '更改邮箱', en: 'change your e-mail address' },
  'change-phone': { 'zh-CN': '更改手机号', en: 'change your phone number' },
  confirm: { 'zh-CN': '确认操作', en: 'confirm what you do' },
} as const

const isPurpose = (text: string): text is keyof typeof purposes => Object.hasOwn(purposes, text)

/** Throws for a message that its template could not tell: a fault of the feature that adds it. */
export const checkVariables = (kind: MessageKind, variables: Readonly<Record<string, string>>): void => {
  const { required, optional } = kinds[kind]
  const missing = required.find((name) => !variables[name])
  if (missing !== undefined) throw new Error(`message ${kind}: the variable ${missing} is missing`)
  const unknown = Object.keys(variables).find((name) => !required.includes(name) && !optional.includes(name))
  if (unknown !== undefined) throw new Error(`message ${kind}: it has no variable ${unknown}`)
  const { purpose, link } = variables
  if (purpose !== undefined && !isPurpose(purpose)) throw new Error(`message ${kind}: no purpose ${purpose}`)
  if (link && !/^\/(?!\/)\S*$/.test(link))
    throw new Error(`message ${kind}: link is not a path of this server`)
}

/** The words of a purpose in a language. */
export const tellPurpose = (purpose: string, language: 'zh-CN' | 'en'): string =>
  isPurpose(purpose) ? purposes[purpose][language] : purpose
