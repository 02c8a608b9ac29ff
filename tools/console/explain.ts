/** Says in one line what went wrong. */
import type { FailureOptions } from '../../src/protocol/errors.ts'

type Explained = Error & { code?: string; options?: FailureOptions; errors?: unknown[] }

const hints: readonly (readonly [codeOrText: RegExp, hint: string])[] = [
  [
    /^(EACCES|EPERM|SQLITE_READONLY|SQLITE_CANTOPEN|SQLITE_AUTH)/,
    'run this as the user whom the server runs as',
  ],
  [/^(SQLITE_FULL|ENOSPC)/, 'the disk is full'],
  [/^SQLITE_(NOTADB|CORRUPT)/, 'restore a backup'],
  [/^SQLITE_BUSY/, 'another process holds the database: try again'],
  [
    /^ER_(TABLE|DB|SPECIFIC_)ACCESS_DENIED/,
    'database.write.0.user (TORII__DATABASE__WRITE__0__USER) lacks a right: docs/production.md has the GRANT, ' +
      'and "torii migrate up" needs a user of its own there',
  ],
  [
    /^NOPERM/,
    'the user of store.url (TORII__STORE__URL) lacks a right: docs/production.md has the ACL, ' +
      'and what "torii store clear" needs besides',
  ],
  [/^(ECONN|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_|ER_|PROTOCOL_)/, '"torii doctor" tells more'],
]

const asError = (error: unknown): Explained | undefined => (error instanceof Error ? error : undefined)

/** The error and what caused it, outermost first. */
const chainOf = (error: unknown): Explained[] => {
  const known = asError(error)
  if (!known) return []
  // Of a name with several addresses each one fails, and the error of them all says nothing.
  return [known, ...chainOf(known.errors?.[0] ?? known.cause)]
}

const textOf = ({ options, message, code, name }: Explained) => options?.info || message || code || name

/** The error with its causes and a hint. */
export const explain = (error: unknown): string => {
  const chain = chainOf(error)
  const said = chain.map(textOf).filter((text, at, all) => !all.slice(0, at).some((it) => it.includes(text)))
  const texts = chain.flatMap(({ code, message }) => [typeof code === 'string' ? code : '', message])
  const hint = hints.find(([pattern]) => texts.some((text) => pattern.test(text)))?.[1]
  const line = said.length > 0 ? said.join(': ') : String(error)
  return (hint ? `${line} (${hint})` : line).replace(/\s*\n\s*/g, ' ')
}
