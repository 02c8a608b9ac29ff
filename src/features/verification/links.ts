/** One-tap links: they lead to a page that asks for a click. Scanners of mail that open it use nothing up. */
import type { Config } from '../../config/index.ts'
import type { PageReply } from '../../http/pages.ts'
import type { Language } from '../../protocol/errors.ts'

type Links = Config['mail']['links']

export const linkPath = '/code'

const findRow = (links: Links, appId: string) =>
  links.find(({ app }) => app === appId) ?? links.find(({ app }) => app === '')

export type Linked = { appId: string; flow: string; code: string; page?: string | undefined }

/**
 * The path of a link; empty: this app's mails have none. The fragment stays in the browser, so no log has the code.
 * `page` is this server's own page for the purpose, for an app that has none.
 */
export const findLink = (links: Links, { appId, flow, code, page }: Linked): string => {
  const row = findRow(links, appId)
  if (!row) return ''
  const app = encodeURIComponent(appId)
  if (page !== undefined && row.to === '') return `${page}?app=${app}&flow=${flow}#${code}`
  return `${linkPath}?app=${app}#flow=${flow}&code=${code}`
}

const texts = {
  'zh-CN': {
    title: '验证码',
    about: '如果是你本人在应用中操作，请继续；否则关闭此页面即可。',
    go: '在应用中继续',
    show: '显示验证码',
    none: '链接不完整。请在应用中输入邮件里的 6 位数字。',
  },
  en: {
    title: 'Your code',
    about: 'Continue if you asked for this in the app. If you did not, close this page.',
    go: 'Continue in the app',
    show: 'Show the code',
    none: 'The link is not complete. Type the 6 digits of the mail in the app.',
  },
} as const satisfies Record<Language, Record<string, string>>

/** Runs in the browser: the server never sees the code of a link. */
const script = `
const byId = (id) => document.getElementById(id)
const given = new URLSearchParams(location.hash.slice(1))
const flow = given.get('flow') ?? ''
const code = given.get('code') ?? ''
history.replaceState(null, '', location.pathname)
if (/^[a-z-]{1,16}-[0-9a-f]{32}$/.test(flow) && /^[0-9]{6}$/.test(code)) {
  byId('go').hidden = false
  byId('go').addEventListener('click', () => {
    byId('code').textContent = code
    if (to) location.assign(to + '#flow=' + flow + '&code=' + code)
  })
} else byId('about').textContent = none`

/** For an app without links it says only that there is nothing to do. */
export const renderLink = (links: Links, appId: string, language: Language): PageReply => {
  const text = texts[language]
  const to = findRow(links, appId)?.to ?? ''
  const data = JSON.stringify({ to, none: text.none }).replaceAll('<', '\\u003c')
  return {
    title: text.title,
    body: `<p id="about">${text.about}</p><output id="code"></output><button id="go" type="button" hidden>${to ? text.go : text.show}</button><noscript><p>${text.none}</p></noscript>`,
    script: `const { to, none } = ${data}\n${script}`,
  }
}
