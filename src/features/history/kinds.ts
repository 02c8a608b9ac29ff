/** Which audit events a user sees, and what of each. An event that is not listed here is never shown. */
import type { JsonValue } from '../../protocol/json.ts'

type By = 'user' | 'administrator' | 'server'
type Kind = {
  by: By
  /** Members of the detail that are shown; times of the database become seconds. */
  shown: readonly string[]
}

const kind = (by: By, ...shown: string[]): Kind => ({ by, shown })

const kinds: Readonly<Record<string, Kind>> = {
  'account.active': kind('administrator'),
  'account.added': kind('administrator'),
  'account.disabled': kind('administrator', 'reason', 'until'),
  'account.leaving': kind('user'),
  'account.logged-out': kind('administrator', 'login'),
  'account.recovered': kind('user'),
  'account.unlocked': kind('administrator'),
  'address.changed': kind('user', 'address'),
  'address.removed': kind('user', 'address'),
  'address.restored': kind('user', 'address'),
  'capability.returned': kind('administrator', 'capability'),
  'capability.withheld': kind('administrator', 'capability', 'reason', 'until'),
  'consent.granted': kind('user', 'scopes'),
  'consent.revoked': kind('user'),
  'identity.linked': kind('user', 'provider'),
  'identity.registered': kind('user', 'provider'),
  'identity.joined': kind('user', 'provider'),
  'identity.unlinked': kind('user', 'provider'),
  'password.changed': kind('user'),
  'password.reset': kind('user'),
  'password.set': kind('administrator'),
  'role.granted': kind('administrator', 'role'),
  'role.revoked': kind('administrator', 'role'),
  'user.renamed': kind('user'),
  'ticket.reused': kind('server', 'login'),
}

export const toldKinds = Object.keys(kinds)

const times = ['until']
/** What `detail.by` says of a user who unlocked the account by a code. */
const byCode = 'code'

const isPlain = (value: unknown): value is JsonValue =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

const show = (name: string, value: JsonValue): JsonValue =>
  times.includes(name) && typeof value === 'number' ? Math.floor(value / 1_000) : value

/** Undefined for a kind that is not shown. The name of an administrator, as any member that is not listed, stays out. */
export const tellOf = (name: string, detail: Readonly<Record<string, unknown>>) => {
  const found = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (!found) return undefined
  const shown = found.shown.flatMap((member) => {
    const value = detail[member]
    return isPlain(value) ? [[member, show(member, value)] as const] : []
  })
  return { by: detail.by === byCode ? 'user' : found.by, detail: Object.fromEntries(shown) }
}
