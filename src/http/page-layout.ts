/** The one look of the small pages that links in messages lead to. */
import type { Language } from '../protocol/errors.ts'

const style = `
:root{color-scheme:light dark}
body{font:16px/1.6 system-ui,sans-serif;max-width:30rem;margin:4rem auto;padding:0 1rem;text-align:center}
button,input{font:inherit;padding:.75rem 1.5rem;border:1px solid #8888;border-radius:.5rem}
button{cursor:pointer}
label{display:block;margin:1rem 0;text-align:left}
input{display:block;box-sizing:border-box;width:100%;padding:.75rem}
output{display:block;font:600 2.5rem/1.5 ui-monospace,monospace;letter-spacing:.2em}`

/** Title and body are HTML. A script runs last. */
export type PlainPage = { title: string; body: string; script?: string }

/** A page that a link in a message leads to. It asks for a click: scanners of mail that open it use nothing up. */
export type ConfirmPage = {
  title: string
  /** HTML: what the click does. */
  about: string
  confirm: {
    /** Where the form goes, by POST. */
    path: string
    /** The member of the form that takes the secret of the link. */
    member: string
    button: string
  }
}

/** The secret is in the fragment, which no log sees; it leaves the browser with the click. */
const confirmScript = `
const secret = location.hash.slice(1)
history.replaceState(null, '', location.pathname)
document.getElementById('secret').value = secret
document.getElementById('go').hidden = secret === ''`

export const toPlain = ({ title, about, confirm: { path, member, button } }: ConfirmPage): PlainPage => ({
  title,
  body: `<p>${about}</p><form method="post" action="${path}"><input type="hidden" name="${member}" id="secret"><button id="go" hidden>${button}</button></form>`,
  script: confirmScript,
})

export const layOut = ({ title, body, script }: PlainPage, language: Language, nonce: string): string =>
  `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer"><title>${title}</title><style nonce="${nonce}">${style}</style></head><body><main><h1>${title}</h1>${body}</main>${script === undefined ? '' : `<script nonce="${nonce}">${script}</script>`}</body></html>`
