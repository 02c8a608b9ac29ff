/** The page behind the link to undo a change. It asks for a click: scanners of mail that open it use nothing up. */
import type { Language } from '../../protocol/errors.ts'
import { undoPath } from './notify.ts'

const texts = {
  'zh-CN': {
    title: '撤销更改',
    about:
      '如果不是你本人更改了账户的地址，请点击下面的按钮。原地址会恢复，所有登录和密码会立即失效，然后请通过验证码重新设置密码。',
    go: '这不是我，撤销更改',
    done: '已撤销。所有登录和密码都已失效，请通过验证码重新设置密码。',
    over: '链接已失效：已使用过、超过 7 天，或原地址已属于另一个账户。',
  },
  en: {
    title: 'Undo a change',
    about:
      'Press the button if it was not you who changed the address of your account. The old address comes back, and all logins and passwords end at once. Then set a new password by a code.',
    go: 'That was not me: undo it',
    done: 'It is undone. All logins and passwords have ended: set a new password by a code.',
    over: 'This link is over: it was used, is older than 7 days, or another account has the address by now.',
  },
} as const satisfies Record<Language, Record<string, string>>

const style = `
:root{color-scheme:light dark}
body{font:16px/1.6 system-ui,sans-serif;max-width:30rem;margin:4rem auto;padding:0 1rem;text-align:center}
button{font:inherit;padding:.75rem 1.5rem;border:1px solid #8888;border-radius:.5rem;cursor:pointer}`

/** The secret is in the fragment, which no log sees; it leaves the browser with the click. */
const script = `
const secret = location.hash.slice(1)
history.replaceState(null, '', location.pathname)
document.getElementById('secret').value = secret
document.getElementById('go').hidden = secret === ''`

const page = (language: Language, nonce: string, title: string, body: string) =>
  `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer"><title>${title}</title><style nonce="${nonce}">${style}</style></head><body><main><h1>${title}</h1>${body}</main></body></html>`

export const renderAsk = (language: Language, nonce: string): string => {
  const { title, about, go } = texts[language]
  const form = `<form method="post" action="${undoPath}"><input type="hidden" name="secret" id="secret"><button id="go" hidden>${go}</button></form>`
  return page(language, nonce, title, `<p>${about}</p>${form}<script nonce="${nonce}">${script}</script>`)
}

export const renderAnswer = (language: Language, nonce: string, isDone: boolean): string => {
  const { title, done, over } = texts[language]
  return page(language, nonce, title, `<p role="status">${isDone ? done : over}</p>`)
}
