/** The page behind the link that ends a login. */
import type { Page, PageReply } from '../../../http/pages.ts'
import type { Language } from '../../../protocol/errors.ts'
import { endPath, type NewDevice } from './notice.ts'

const texts = {
  'zh-CN': {
    title: '结束登录',
    about:
      '如果不是你本人登录，请点击下面的按钮，这次登录会立即结束。然后请更改密码：登录的人知道你的密码或验证码。',
    go: '这不是我，结束这次登录',
    done: '这次登录已结束。现在请更改密码。',
    over: '链接不完整。',
  },
  en: {
    title: 'End a login',
    about:
      'Press the button if it was not you who logged in: that login ends at once. Then change your password, since it was known.',
    go: 'That was not me: end this login',
    done: 'The login has ended. Change your password now.',
    over: 'This link is not complete.',
  },
} as const satisfies Record<Language, Record<string, string>>

const renderAsk = (language: Language): PageReply => {
  const { title, about, go } = texts[language]
  return { title, about, confirm: { path: endPath, member: 'login', button: go } }
}

const renderAnswer = (language: Language, isDone: boolean): PageReply => {
  const { title, done, over } = texts[language]
  return { title, body: `<p role="status">${isDone ? done : over}</p>`, status: isDone ? 200 : 400 }
}

export const createEndPages = ({ end }: Pick<NewDevice, 'end'>): Page[] => [
  {
    path: endPath,
    method: 'GET',
    limit: 'other',
    render: ({ caller }) => renderAsk(caller.language),
  },
  {
    path: endPath,
    method: 'POST',
    limit: 'other',
    render: async ({ caller, parameters }) => {
      const isDone = await end(parameters.get('login') ?? '')
      return renderAnswer(caller.language, isDone)
    },
  },
]
