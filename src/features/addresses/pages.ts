/** The page behind the link to undo a change. */
import type { PageReply } from '../../http/pages.ts'
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

export const renderAsk = (language: Language): PageReply => {
  const { title, about, go } = texts[language]
  return { title, about, confirm: { path: undoPath, member: 'secret', button: go } }
}

export const renderAnswer = (language: Language, isDone: boolean): PageReply => {
  const { title, done, over } = texts[language]
  return { title, body: `<p role="status">${isDone ? done : over}</p>`, status: isDone ? 200 : 400 }
}
