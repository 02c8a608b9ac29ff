/** What a provider's refusals and forms mean. */
import { Failure } from '../../protocol/errors.ts'

/** `error` of an authorization response (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6, Apple). */
const refusals = [
  'access_denied',
  'login_required',
  'consent_required',
  'interaction_required',
  'account_selection_required',
  'user_cancelled_authorize',
  // Of the token endpoint: the code was used, is over, or is not for this flow.
  'invalid_grant',
]

const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return ''
  const { code, error: said } = error as { code?: unknown; error?: unknown }
  const own = [error.message, said, code].filter((part) => typeof part === 'string').join(' ')
  const cause = describe(error.cause)
  return cause === '' ? own : `${own}: ${cause}`
}

const longest = 500

const causeOf = (provider: string, error: unknown) =>
  new Error(`provider ${provider}: ${describe(error).slice(0, longest)}`, { cause: error })

const isUnreachable = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'OutgoingError' || isUnreachable(error.cause))

/** Throws PROVIDER_REFUSED or PROVIDER_FAILED, with a cause that names the provider and what happened. */
export const explainProvider = (provider: string, error: unknown): never => {
  if (error instanceof Failure) throw error
  const { error: said } = error as { error?: unknown }
  const name = refusals.includes(String(said)) ? 'PROVIDER_REFUSED' : 'PROVIDER_FAILED'
  throw new Failure(name, { cause: causeOf(provider, error) })
}

/** Of a token that a caller sent: what is wrong with it is the caller's, unless the provider was not reached. */
export const explainToken = (provider: string, error: unknown): never => {
  const name = isUnreachable(error) ? 'PROVIDER_FAILED' : 'PROVIDER_REFUSED'
  throw new Failure(name, { cause: causeOf(provider, error) })
}

/** Longer than any that Apple sends. */
const longestForm = 2_000

/** Apple tells the name in the first form alone, beside the signed token: it is good for a nickname and no more. */
export const nameOfForm = (user: string | null): string | undefined => {
  if (user === null || user.length > longestForm) return undefined
  try {
    const { name } = JSON.parse(user) as { name?: { firstName?: unknown; lastName?: unknown } }
    const parts = [name?.firstName, name?.lastName].filter((part) => typeof part === 'string')
    return parts.join(' ').trim() || undefined
  } catch {
    return undefined
  }
}
