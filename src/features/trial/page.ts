/** The page to click in a trial: register, log in, see and end the session, and the calls that this makes. */
import type { Language } from '../../protocol/errors.ts'
import { escapeHtml } from '../../protocol/html.ts'
import { script } from './script.ts'
import { texts } from './texts.ts'

const style = `
:root{color-scheme:light dark;--line:#8888;--soft:#8881}
body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}
form,.row{display:flex;flex-wrap:wrap;gap:.75rem;align-items:end}
label{display:grid;gap:.25rem;flex:1 1 12rem}
input,button{font:inherit;padding:.5rem .75rem;border:1px solid var(--line);border-radius:.5rem}
button{cursor:pointer}
label.check{display:block}
[hidden]{display:none}
[role=status]{margin:1rem 0;font-weight:600}
pre{background:var(--soft);padding:.75rem;border-radius:.5rem;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}`

export type TrialProvider = { name: string; title: string }

const renderProviders = (text: (typeof texts)[Language], providers: readonly TrialProvider[]) => {
  const buttons = providers.map(({ name, title: said }) => {
    const title = escapeHtml(said)
    return `<button type="button" data-go="${name}">${title}</button><button type="button" data-unlink="${name}">${text.unlink} ${title}</button>`
  })
  return `<h2>${text.byProvider}</h2>
<div class="row">${buttons.join('')}<button id="identities" type="button">${text.identities}</button></div>
<p><label class="check"><input id="links" type="checkbox"> ${text.links}</label></p>
`
}

/** The whole page; the app's id has letters and digits only. */
export const renderTrial = (
  language: Language,
  appId: string | undefined,
  providers: readonly TrialProvider[],
  nonce: string,
): string => {
  const text = texts[language]
  const data = JSON.stringify({ appId, texts: text })
  const byProvider = providers.length === 0 ? '' : renderProviders(text, providers)
  const body = appId
    ? `<form id="form">
<label>${text.userName}<input id="userName" autocomplete="username" required></label>
<label>${text.password}<input id="password" type="password" autocomplete="current-password" required></label>
<button id="register" type="button">${text.register}</button><button id="login" type="button">${text.login}</button>
</form>
<h2>${text.byMail}</h2>
<form id="byMail">
<label>${text.email}<input id="email" type="email" autocomplete="email"></label>
<label>${text.chosen}<input id="chosen" type="password" autocomplete="new-password"></label>
<div class="row"><button id="registerMail" type="button">${text.registerMail}</button><button id="sendLogin" type="button">${text.sendLogin}</button><button id="sendReset" type="button">${text.sendReset}</button></div>
<label>${text.code}<input id="code" inputmode="numeric" autocomplete="one-time-code"></label>
<button id="confirm" type="button">${text.confirm}</button> <a href="/dev/outbox" target="_blank">${text.outbox}</a>
</form>
<form id="captcha" hidden>
<div id="picture"></div><label>${text.captcha}<input id="typed" autocomplete="off" required></label><button>${text.answer}</button>
</form>
${byProvider}<p role="status" id="state">${text.out}</p>
<div class="row"><button id="session" type="button">${text.session}</button><button id="logout" type="button">${text.logout}</button></div>
<h2>${text.calls}</h2><div id="calls"></div>
<script nonce="${nonce}">const page = ${data}\n${script}</script>`
    : `<p>${text.noApp}</p>`
  return `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${text.title}</title><style nonce="${nonce}">${style}</style></head><body><main><h1>${text.title}</h1><p>${text.about}</p>${body}<p>${text.documentation} <a href="/healthz">/healthz</a> <a href="/readyz">/readyz</a> <a href="/dev/outbox">/dev/outbox</a></p></main></body></html>`
}
