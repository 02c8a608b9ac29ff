/** The page to click in a trial: register, log in, see and end the session, and the calls that this makes. */
import type { Language } from '../../protocol/errors.ts'

const texts = {
  'zh-CN': {
    title: 'Torii 试用',
    about: '登录服务器正在运行。在这里注册、登录，看看登录状态，再退出。下面是每一步的 HTTP 调用。',
    userName: '用户名',
    password: '密码',
    register: '注册',
    login: '登录',
    session: '登录状态',
    logout: '退出',
    calls: '调用',
    out: '未登录',
    in: '已登录：',
    captcha: '图片中的字符',
    answer: '提交',
    noApp: '没有公开的应用 demo。用 torii app add demo --public 添加一个。',
    documentation: '文档在安装目录的 README.md 和 docs/ 中。',
  },
  en: {
    title: 'Torii trial',
    about:
      'The login server runs. Register here, log in, look at the session and log out. Each step shows its HTTP call below.',
    userName: 'User name',
    password: 'Password',
    register: 'Register',
    login: 'Log in',
    session: 'Session',
    logout: 'Log out',
    calls: 'Calls',
    out: 'Not logged in',
    in: 'Logged in: ',
    captcha: 'Letters in the picture',
    answer: 'Answer',
    noApp: 'There is no public app named demo. Add one: torii app add demo --public',
    documentation: 'The documentation is in the installation folder: README.md and docs/.',
  },
} as const satisfies Record<Language, Record<string, string>>

const style = `
:root{color-scheme:light dark;--line:#8888;--soft:#8881}
body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}
form,.row{display:flex;flex-wrap:wrap;gap:.75rem;align-items:end}
label{display:grid;gap:.25rem;flex:1 1 12rem}
input,button{font:inherit;padding:.5rem .75rem;border:1px solid var(--line);border-radius:.5rem}
button{cursor:pointer}
[hidden]{display:none}
[role=status]{margin:1rem 0;font-weight:600}
pre{background:var(--soft);padding:.75rem;border-radius:.5rem;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}`

/** Runs in the browser; \`page\` is what the server says of itself. */
const script = `
const byId = (id) => document.getElementById(id)
let ticket
const show = (text) => { byId('state').textContent = text }
const log = (path, sent, status, reply) => {
  const box = document.createElement('pre')
  box.textContent = 'POST ' + path + '\\n' + JSON.stringify(sent, null, 2) + '\\n\\n' + status + '\\n' + JSON.stringify(reply, null, 2)
  byId('calls').prepend(box)
}
const call = async (path, members) => {
  const sent = { appid: page.appId, ...members }
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'accept-language': document.documentElement.lang },
    body: JSON.stringify(sent),
  })
  const reply = await response.json()
  log(path, { ...sent, ...('password' in sent && { password: '…' }) }, response.status, reply)
  if (reply.captcha) meetCaptcha(path, members, reply.captcha)
  if (reply.tickets) ticket = reply.tickets.skey
  if (reply.user) show(page.texts.in + reply.user.userName + ' (' + reply.user.userId + ')')
  else if (!response.ok || path === '/v1/logout') show(path === '/v1/logout' ? page.texts.out : reply.msg)
  return reply
}
const again = (path, members, captchaId, answer) => call(path, { ...members, captcha: { captchaId, answer } })
const showPicture = (path, members, { captchaId, picture }) => {
  byId('picture').innerHTML = picture
  byId('captcha').hidden = false
  byId('typed').value = ''
  byId('typed').focus()
  byId('captcha').onsubmit = (event) => {
    event.preventDefault()
    byId('captcha').hidden = true
    again(path, members, captchaId, byId('typed').value)
  }
}
const hexOf = (bytes) => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
const work = async (path, members, { captchaId, challenge: { maxnumber, ...work } }) => {
  for (let number = 0; number <= maxnumber; number++) {
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(work.salt + number))
    if (hexOf(hash) === work.challenge) return again(path, members, captchaId, btoa(JSON.stringify({ ...work, number })))
  }
}
const meetCaptcha = (path, members, captcha) => (captcha.kind === 'picture' ? showPicture : work)(path, members, captcha)
const values = () => ({ userName: byId('userName').value, password: byId('password').value })
const actions = {
  register: () => call('/v1/register', { regmode: 'anonymous', user: { userName: values().userName }, password: values().password }),
  login: () => call('/v1/login', { login: values().userName, password: values().password }),
  session: () => call('/v1/session', { token: ticket ?? '' }),
  logout: () => call('/v1/logout', { token: ticket ?? '' }),
}
for (const [id, act] of Object.entries(actions)) byId(id).addEventListener('click', act)
byId('form').addEventListener('submit', (event) => { event.preventDefault(); actions.login() })`

/** The whole page; the app's id has letters and digits only. */
export const renderTrial = (language: Language, appId: string | undefined, nonce: string): string => {
  const text = texts[language]
  const data = JSON.stringify({ appId, texts: text })
  const body = appId
    ? `<form id="form">
<label>${text.userName}<input id="userName" autocomplete="username" required></label>
<label>${text.password}<input id="password" type="password" autocomplete="current-password" required></label>
<button id="register" type="button">${text.register}</button><button id="login" type="button">${text.login}</button>
</form>
<form id="captcha" hidden>
<div id="picture"></div><label>${text.captcha}<input id="typed" autocomplete="off" required></label><button>${text.answer}</button>
</form>
<p role="status" id="state">${text.out}</p>
<div class="row"><button id="session" type="button">${text.session}</button><button id="logout" type="button">${text.logout}</button></div>
<h2>${text.calls}</h2><div id="calls"></div>
<script nonce="${nonce}">const page = ${data}\n${script}</script>`
    : `<p>${text.noApp}</p>`
  return `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${text.title}</title><style nonce="${nonce}">${style}</style></head><body><main><h1>${text.title}</h1><p>${text.about}</p>${body}<p>${text.documentation} <a href="/healthz">/healthz</a> <a href="/readyz">/readyz</a></p></main></body></html>`
}
