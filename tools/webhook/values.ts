/** What administrators type of webhooks. */
import { InvalidArgumentError } from 'commander'
import { type EventKind, eventKindNames } from '../../src/protocol/event-kinds.ts'

const longestUrl = 2_000

const isLoopback = ({ hostname }: URL) => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)

/** As it is called; without TLS on this machine only. */
export const readWebhookUrl = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isWeb = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url))
  if (url && isWeb && url.href.length <= longestUrl && url.username + url.password + url.hash === '')
    return url.href
  throw new InvalidArgumentError(
    'Expected https://host.example/path of at most 2000 characters, without a user and a #; http:// for this machine in a trial.',
  )
}

const isKind = (text: string): text is EventKind => (eventKindNames as readonly string[]).includes(text)

/** Kinds with commas between them; empty: all, and those to come. */
export const readEventKinds = (text: string): EventKind[] => {
  if (text === 'all') return []
  const names = [...new Set(text.split(',').map((name) => name.trim()))]
  const unknown = names.find((name) => !isKind(name))
  if (unknown === undefined) return names.filter(isKind)
  throw new InvalidArgumentError(
    `There is no event ${JSON.stringify(unknown)}. Expected all, or some of: ${eventKindNames.join(', ')}.`,
  )
}

export const readWebhookId = (text: string): string => {
  if (/^[0-9a-f]{12}$/.test(text)) return text
  throw new InvalidArgumentError('Expected the id of a webhook; "torii webhook list" shows them.')
}

export const readEventId = (text: string): Buffer => {
  if (/^[0-9a-f]{32}$/.test(text)) return Buffer.from(text, 'hex')
  throw new InvalidArgumentError('Expected the id of a dead letter; "torii webhook dead" shows them.')
}
