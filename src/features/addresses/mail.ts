/** What is an e-mail address, and when two are the same. */
import { Failure } from '../../protocol/errors.ts'
import type { Address } from './api.ts'

/** RFC 5321: a path has 256 octets with its brackets. */
const longest = 254
const longestLocal = 64
const longestDomain = 253
/** RFC 5322 `atext`. ASCII only: letters of other scripts would make two mailboxes out of what looks like one. */
const local = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
/** Of a domain as typed. Anything else (`%`, `[`, `(`, blanks) could be read as another domain further on. */
const domainCharacters = /^[\p{L}\p{M}\p{N}.。．｡-]+$/u

const invalid = () => new Failure('MAIL_INVALID')

const domainOf = (typed: string, toAsciiDomain: (domain: string) => string): string => {
  if (!domainCharacters.test(typed)) throw invalid()
  const domain = toAsciiDomain(typed)
  const labels = domain.split('.')
  const isBad =
    domain.length > longestDomain ||
    labels.length < 2 ||
    labels.some((it) => !label.test(it)) ||
    // The last label is no number, so that no address of a host is taken for a domain.
    !/^[a-z]/.test(labels.at(-1) ?? '')
  if (isBad) throw invalid()
  return domain
}

/** Throws MAIL_INVALID. Blanks at the ends, which keyboards add, are left out. */
export const parseMail = (typed: string, toAsciiDomain: (domain: string) => string): Address => {
  if (typed.length > longest) throw invalid()
  const [name = '', typedDomain = '', ...more] = typed.replace(/^[ \u3000]+|[ \u3000]+$/g, '').split('@')
  if (more.length > 0 || name.length > longestLocal || !local.test(name)) throw invalid()
  const domain = domainOf(typedDomain, toAsciiDomain)
  const text = `${name}@${domain}`
  if (text.length > longest) throw invalid()
  return { kind: 'email', text, key: Buffer.from(`email:${name.toLowerCase()}@${domain}`) }
}

/** Whether the domain of an address, or one above it, is in the list. */
export const isDomainOf = (text: string, domains: ReadonlySet<string>): boolean => {
  if (domains.size === 0) return false
  const labels = text.slice(text.indexOf('@') + 1).split('.')
  return labels.some((_, at) => domains.has(labels.slice(at).join('.')))
}
