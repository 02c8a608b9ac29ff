/** `/dev/outbox`: in a trial nothing leaves the machine; a developer reads the messages here. */
import type { Language } from '../../protocol/errors.ts'
import { escapeHtml } from '../../protocol/html.ts'
import type { MessageState } from './tables.ts'

export type ShownMessage = {
  to: string
  kind: string
  state: MessageState
  problem: string
  createdAt: number
  subject: string
  text: string
}

const texts = {
  'zh-CN': { title: '发件箱', about: '试用时邮件和短信不会发出，只显示在这里。', none: '还没有消息。' },
  en: {
    title: 'Outbox',
    about: 'In a trial no mail and no SMS leaves; they are shown here.',
    none: 'No message yet.',
  },
} as const satisfies Record<Language, Record<string, string>>

const style = `
:root{color-scheme:light dark;--line:#8888}
body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}
article{border:1px solid var(--line);border-radius:.5rem;padding:.75rem 1rem;margin:1rem 0}
h2{font-size:1rem;margin:0;overflow-wrap:anywhere}
pre{font:inherit;white-space:pre-wrap;overflow-wrap:anywhere;margin:.5rem 0 0}`

const renderMessage = ({ to, kind, state, problem, createdAt, subject, text }: ShownMessage): string =>
  `<article><h2>${escapeHtml(to)}</h2><small>${escapeHtml(kind)} · ${new Date(createdAt).toISOString()} · ${state} ${escapeHtml(problem)}</small><p>${escapeHtml(subject)}</p><pre>${escapeHtml(text)}</pre></article>`

export const renderOutbox = (
  messages: readonly ShownMessage[],
  language: Language,
  nonce: string,
): string => {
  const { title, about, none } = texts[language]
  const body = messages.length > 0 ? messages.map(renderMessage).join('') : `<p>${none}</p>`
  return `<!doctype html><html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style nonce="${nonce}">${style}</style></head><body><main><h1>${title}</h1><p>${about}</p>${body}</main></body></html>`
}
