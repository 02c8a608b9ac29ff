/**
 * The page behind the link of a reset: its form takes the code and a new password. A link that is opened uses nothing up.
 * It works without a script, which only fills in the code.
 */
import type { AppCaller, Caller, CallerApp } from '../../http/caller.ts'
import type { Page, PageReply } from '../../http/pages.ts'
import { type ErrorName, Failure, type Language } from '../../protocol/errors.ts'
import { escapeHtml } from '../../protocol/html.ts'
import type { ResetInput } from './wire.ts'

export type ResetPageNeeds = {
  findApp(appId: string): Promise<CallerApp | undefined>
  /** Sets the password and begins no login. */
  resetOnly(input: ResetInput, caller: AppCaller): Promise<void>
}

export const resetPath = '/password/reset'

const texts = {
  'zh-CN': {
    title: '重置密码',
    about: '请输入邮件中的 6 位验证码和新密码（至少 8 个字符）。设置后，所有登录都会失效。',
    code: '验证码',
    password: '新密码',
    again: '再次输入新密码',
    go: '设置新密码',
    differ: '两次输入的密码不一致',
    same: '新密码与旧密码相同，请换一个',
    done: '新密码已设置。请在应用中用新密码登录。',
    over: '链接已失效：已使用过、已过期，或不完整。请重新申请验证码。',
  },
  en: {
    title: 'Reset your password',
    about:
      'Type the 6 digits of the mail and a new password of at least 8 characters. All logins end when it is set.',
    code: 'Code',
    password: 'New password',
    again: 'New password, again',
    go: 'Set the new password',
    differ: 'The two passwords are not the same',
    same: 'This is the old password: choose another one',
    done: 'The new password is set. Log in with it in the app.',
    over: 'This link is over: it was used, has expired, or is not complete. Ask for another code.',
  },
} as const satisfies Record<Language, Record<string, string>>

/** The code is in the fragment, which no log sees. */
const script = `
const given = location.hash.slice(1)
history.replaceState(null, '', location.pathname + location.search)
const code = document.getElementById('code')
if (code && /^[0-9]{6}$/.test(given)) code.value = given`

const flowOver: readonly ErrorName[] = ['CODE_EXPIRED', 'CODE_TRIES', 'ACCOUNT_DISABLED']

type Given = { app: string; flow: string; grant?: string | undefined }

const hidden = (name: string, value: string | undefined) =>
  value === undefined ? '' : `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`

/** With a grant the code was right already. */
const renderForm = (language: Language, { app, flow, grant }: Given, problem = ''): PageReply => {
  const { title, about, code, password, again, go } = texts[language]
  const secret = (name: string, label: string) =>
    `<label>${label}<input type="password" name="${name}" autocomplete="new-password" required maxlength="1024"></label>`
  const digits = `<label>${code}<input name="code" id="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="32"></label>`
  const fields = [
    hidden('app', app),
    hidden('flow', flow),
    hidden('grant', grant),
    grant === undefined ? digits : '',
    secret('newPassword', password),
    secret('again', again),
  ]
  const said = problem && `<p role="alert">${escapeHtml(problem)}</p>`
  return {
    title,
    body: `<p>${about}</p>${said}<form method="post" action="${resetPath}">${fields.join('')}<button>${go}</button></form>`,
    script,
    status: problem ? 400 : 200,
  }
}

const renderEnd = (language: Language, end: 'done' | 'over'): PageReply => ({
  title: texts[language].title,
  body: `<p role="status">${texts[language][end]}</p>`,
  status: end === 'done' ? 200 : 400,
})

export const createResetPages = ({ findApp, resetOnly }: ResetPageNeeds): Page[] => {
  const submit = async (
    given: Given,
    form: ReadonlyMap<string, string>,
    caller: Caller,
  ): Promise<PageReply> => {
    const { language } = caller
    const app = await findApp(given.app)
    if (!app) return renderEnd(language, 'over')
    const newPassword = form.get('newPassword') ?? ''
    if (newPassword !== form.get('again')) return renderForm(language, given, texts[language].differ)
    const { flow, grant } = given
    const proven = grant === undefined ? { flow, code: form.get('code') ?? '' } : { grant }
    try {
      await resetOnly({ ...proven, newPassword }, { ...caller, app })
      return renderEnd(language, 'done')
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      const { entry, options } = error
      if (flowOver.includes(entry.name)) return renderEnd(language, 'over')
      const { grant: fresh } = options.members ?? {}
      const next = typeof fresh === 'string' ? { ...given, grant: fresh } : given
      const isOld = entry.name === 'PARAMETER_INVALID'
      return renderForm(language, next, isOld ? texts[language].same : entry.text[language])
    }
  }

  const readGiven = (parameters: ReadonlyMap<string, string>): Given => ({
    app: parameters.get('app') ?? '',
    flow: parameters.get('flow')?.slice(0, 64) ?? '',
    grant: parameters.get('grant')?.slice(0, 512),
  })

  return [
    {
      path: resetPath,
      method: 'GET',
      limit: 'other',
      // No password is typed where the form would be refused.
      isPrivate: true,
      render: ({ caller, parameters }) => renderForm(caller.language, readGiven(parameters)),
    },
    {
      path: resetPath,
      method: 'POST',
      limit: 'passwordReset',
      isPrivate: true,
      render: ({ caller, parameters }) => submit(readGiven(parameters), parameters, caller),
    },
  ]
}
