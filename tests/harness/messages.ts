/** What a server in a trial has put into its outbox, as its page shows it. */
import type { Send } from './totp-client.ts'

export type ShownMessage = { to: string; text: string }

const readHtml = (html: string) =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')

/** The newest first. */
export const readMessages = async (send: Send): Promise<ShownMessage[]> => {
  const { body } = await send({ method: 'GET', url: '/dev/outbox', headers: { host: 'localhost' } })
  return [...body.matchAll(/<article>(.*?)<\/article>/gs)].map(([, article = '']) => ({
    to: readHtml(/<h2>(.*?)<\/h2>/s.exec(article)?.[1] ?? '').trim(),
    text: readHtml(article),
  }))
}

/** The code in the newest message to an address; empty: it has none. */
export const readCode = async (send: Send, to: string): Promise<string> => {
  const message = (await readMessages(send)).find((it) => it.to === to)
  return /(?<!\d)\d{6}(?!\d)/.exec(message?.text ?? '')?.[0] ?? ''
}
