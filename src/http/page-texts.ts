/** The pages that belong to no feature: the front page, and what a person sees when a page is refused. */
import type { Failure, Language } from '../protocol/errors.ts'
import { escapeHtml } from '../protocol/html.ts'
import type { Page } from './pages.ts'

type Section = { language: Language; title: string; lines: readonly string[] }

const style =
  'body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem;color:#222}code{background:#eee;padding:0 .2em}'

/** One section for each language, the caller's own first. */
const layout = (sections: readonly Section[], own: Language, nonce: string): string => {
  const ordered = [...sections].sort((a, b) => Number(b.language === own) - Number(a.language === own))
  const body = ordered.map(
    ({ language, title, lines }) =>
      `<section lang="${language}"><h1>${title}</h1>${lines.map((line) => `<p>${line}</p>`).join('')}</section>`,
  )
  return `<!doctype html><html lang="${own}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Torii</title><style nonce="${nonce}">${style}</style></head><body>${body.join('')}</body></html>`
}

const greeting: readonly Section[] = [
  {
    language: 'zh-CN',
    title: 'Torii 登录服务器正在运行',
    lines: [
      '这里是供移动应用和网页应用通过 HTTP 调用的登录服务，没有可以登录的网页。',
      '文档在安装目录中：<code>README.md</code> 和 <code>docs/</code>，其中 <code>docs/protocol.md</code> 说明如何调用。',
      '状态：<a href="/healthz">/healthz</a>、<a href="/readyz">/readyz</a>',
    ],
  },
  {
    language: 'en',
    title: 'The Torii login server is running',
    lines: [
      'Mobile and web apps call this login service over HTTP. It has no page to log in on.',
      'The documentation is in the installation folder: <code>README.md</code> and <code>docs/</code>. <code>docs/protocol.md</code> describes the calls.',
      'Status: <a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>',
    ],
  },
]

export const frontPage: Page = {
  path: '/',
  method: 'GET',
  limit: 'other',
  render: ({ caller, nonce }) => ({ html: layout(greeting, caller.language, nonce) }),
}

/** Says in both languages why a page was refused, and no more than the JSON of the same refusal says. */
export const renderFailure = (failure: Failure, own: Language, nonce: string): string =>
  layout(
    (['zh-CN', 'en'] as const).map((language) => ({
      language,
      title: escapeHtml(failure.entry.text[language]),
      lines: [`<code>${failure.entry.code}</code>`],
    })),
    own,
    nonce,
  )
