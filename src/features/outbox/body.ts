/** What a message says, as its row keeps it: sealed, and bound to the row. */
import type { Sealer } from '../../adapters/crypto.ts'
import type { Language } from '../../protocol/errors.ts'

export type Body = { to: string; language: Language; variables: Readonly<Record<string, string>> }

const placeOf = (messageId: Buffer) => `outbox.body.${messageId.toString('hex')}`

export const sealBody = (sealer: Sealer, messageId: Buffer, body: Body): Buffer =>
  sealer.seal(placeOf(messageId), Buffer.from(JSON.stringify(body)))

export const openBody = (sealer: Sealer, messageId: Buffer, sealed: Buffer): Body =>
  JSON.parse(sealer.open(placeOf(messageId), sealed).toString('utf8')) as Body

const longestHint = 64

/** Enough of an address to find it again, for lists that others may read. */
export const hintOf = (to: string): string => {
  const at = to.lastIndexOf('@')
  if (at < 0) return `${to.slice(0, 4)}…${to.slice(-2)}`
  const [first = ''] = to
  return `${first}…${to.slice(at)}`.slice(0, longestHint)
}
