/** What a call throws when the server refused it, or no valid reply came. */
import { catalogue, type ErrorName, findEntry } from '../protocol/errors.ts'

/** Failures that only a client sees. No server has a code for them, so their `code` is 0. */
const localFailures = {
  UNREACHABLE: 'The server did not answer',
  REPLY_UNREADABLE: 'The reply is unreadable, or answers another call',
  SERVER_NOT_TRUSTED: 'The server did not prove who it is, or its reply was altered',
  KDF_UNKNOWN: 'The server asks for a password hash that this client does not know',
  KDF_TOO_WEAK: 'The server asks for a password hash that is too cheap to crack',
  KDF_CHANGED: 'The server asks for another password hash than at the last login here',
  RUNTIME_UNSUPPORTED: 'This runtime lacks something that the client needs',
} as const

type LocalName = keyof typeof localFailures

/** The names of the error catalogue, and those of the client's own failures. */
export type FailureName = ErrorName | LocalName

export type FailureDetails = {
  code?: number
  message?: string | undefined
  info?: string | undefined
  reason?: string | undefined
  retryAfterSeconds?: number | undefined
  members?: Record<string, unknown>
  isAnswer?: boolean
  cause?: unknown
}

const isLocal = (name: string): name is LocalName => Object.hasOwn(localFailures, name)

export class ClientFailure extends Error {
  /** The name in the catalogue; `UNKNOWN_CODE` when a newer server uses a code that this client doesn't know. */
  override readonly name: FailureName | 'UNKNOWN_CODE'
  /** `ABBCCDD` as the server sent it; 0 for a failure of the client's own. */
  readonly code: number
  /** What to do, if there is more to say than the message. Both are in the language of the reply. */
  readonly info: string | undefined
  /** Why a login has ended: `expired`, `logged-out`, `disabled`, `deleted`, `reused`. */
  readonly reason: string | undefined
  /** Seconds to wait before the next try, if the server named them. */
  readonly retryAfterSeconds: number | undefined
  /** Every member of the refusal. */
  readonly members: Record<string, unknown>
  /** True when the refusal names the very call that it answers. An unsealed refusal doesn't, and may be forged. */
  readonly isAnswer: boolean

  constructor(name: FailureName | 'UNKNOWN_CODE', details: FailureDetails = {}) {
    const entry = name === 'UNKNOWN_CODE' || isLocal(name) ? undefined : catalogue[name]
    const text = isLocal(name) ? localFailures[name] : (entry?.text.en ?? 'Refused')
    super(details.message ?? text, details.cause === undefined ? {} : { cause: details.cause })
    this.name = name
    this.code = details.code ?? entry?.code ?? 0
    this.info = details.info
    this.reason = details.reason
    this.retryAfterSeconds = details.retryAfterSeconds
    this.members = details.members ?? {}
    this.isAnswer = details.isAnswer ?? false
  }
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)

/** A login that has ended has one name, whichever operation says so. */
const nameOf = (code: number): FailureName | 'UNKNOWN_CODE' => {
  const name = findEntry(code)?.name ?? 'UNKNOWN_CODE'
  return name === 'TICKET_ENDED' ? 'NOT_LOGGED_IN' : name
}

/** The failure that a refusal of the server stands for. */
export const toFailure = (
  members: Record<string, unknown> & { code: number },
  more: Pick<FailureDetails, 'retryAfterSeconds' | 'isAnswer'>,
): ClientFailure =>
  new ClientFailure(nameOf(members.code), {
    code: members.code,
    message: textOf(members.msg),
    info: textOf(members.info),
    reason: textOf(members.reason),
    members,
    ...more,
  })

/**
 * Whether a caught value is a failure of the client, and (if names are given) one of these.
 *
 * ```ts
 * try { await client.login({ login: 'amber', password }) } catch (error) {
 *   if (isFailure(error, 'LOGIN_FAILED')) return 'Wrong name or password'
 *   if (isFailure(error, 'TOO_OFTEN')) return `Wait ${error.retryAfterSeconds} seconds`
 *   throw error
 * }
 * ```
 */
export const isFailure = (error: unknown, ...names: readonly FailureName[]): error is ClientFailure =>
  error instanceof ClientFailure && (names.length === 0 || names.some((name) => name === error.name))
