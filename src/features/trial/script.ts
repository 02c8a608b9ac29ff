/** The script of the page of a trial. */

/** Runs in the browser; \`page\` is what the server says of itself. */
export const script = `
const byId = (id) => document.getElementById(id)
let ticket = sessionStorage.ticket, flow
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
  const secrets = Object.keys(sent).filter((name) => /password/i.test(name)).map((name) => [name, '…'])
  log(path, { ...sent, ...Object.fromEntries(secrets) }, response.status, reply)
  if (reply.captcha) meetCaptcha(path, members, reply.captcha)
  if (reply.tickets) ticket = sessionStorage.ticket = reply.tickets.skey
  if (reply.url) return reply
  if (reply.flow) flow = reply.flow
  if (reply.flow) show(page.texts.sent)
  else if (reply.identity) show(page.texts.linked + reply.identity.provider)
  else if (reply.user) show(page.texts.in + reply.user.userName + ' (' + reply.user.userId + ')')
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
const value = (id) => byId(id).value
const values = () => ({ userName: value('userName'), password: value('password') })
const sendCode = (purpose) => call('/v1/code/send', { purpose, address: value('email') })
/** Each purpose has its operation; a flow begins with its purpose. */
const takers = {
  register: () => call('/v1/verify', { flow, code: value('code') }),
  login: () => call('/v1/login', { flow, code: value('code') }),
  reset: () => call('/v1/password/reset', { flow, code: value('code'), newPassword: value('chosen') }),
}
const actions = {
  register: () => call('/v1/register', { regmode: 'anonymous', user: { userName: values().userName }, password: values().password }),
  login: () => call('/v1/login', { login: values().userName, password: values().password }),
  registerMail: () => call('/v1/register', { regmode: 'email', user: { email: value('email') }, password: value('chosen') }),
  sendLogin: () => sendCode('login'),
  sendReset: () => sendCode('reset'),
  confirm: () => takers[(flow ?? 'register').split('-')[0]](),
  session: () => call('/v1/session', { token: ticket ?? '' }),
  logout: () => call('/v1/logout', { token: ticket ?? '' }),
}
/** In this tab alone: the code is worth nothing without it. */
const keep = (name) => 'oauth-' + name
const base64url = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
const goTo = async (provider) => {
  const verifier = base64url(crypto.getRandomValues(new Uint8Array(32)))
  const challenge = base64url(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)))
  const begun = await call('/v1/oauth/start', { provider, challenge, redirect: location.origin + '/' })
  if (!begun.url) return
  sessionStorage[keep(begun.flow)] = JSON.stringify({ verifier, links: byId('links').checked })
  location.href = begun.url
}
const comeBack = () => {
  const came = new URLSearchParams(location.search)
  const name = keep(came.get('flow'))
  const kept = sessionStorage[name]
  if (!kept) return
  sessionStorage.removeItem(name)
  history.replaceState(null, '', location.pathname)
  const { verifier, links } = JSON.parse(kept)
  const code = came.get('code')
  if (!code) show(page.texts.refused + came.get('error'))
  else if (links) call('/v1/oauth/link', { token: ticket ?? '', link: { code, verifier } })
  else call('/v1/oauth/finish', { finish: { code, verifier } })
}
comeBack()
for (const button of document.querySelectorAll('[data-go]')) button.addEventListener('click', () => goTo(button.dataset.go))
for (const button of document.querySelectorAll('[data-unlink]'))
  button.addEventListener('click', () => call('/v1/oauth/unlink', { token: ticket ?? '', unlink: button.dataset.unlink }))
byId('identities')?.addEventListener('click', () => call('/v1/oauth/list', { token: ticket ?? '' }))
for (const [id, act] of Object.entries(actions)) byId(id).addEventListener('click', act)
for (const [form, act] of [['form', 'login'], ['byMail', 'confirm']])
  byId(form).addEventListener('submit', (event) => { event.preventDefault(); actions[act]() })`
