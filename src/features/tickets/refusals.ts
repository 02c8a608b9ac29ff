import type { Caller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { EndReason, Told } from './skeys.ts'

/** Of a ticket that has ended, with the reason, and of a disabled account until when and why. */
export const notLoggedIn = (reason?: EndReason, told?: Told): Failure =>
  new Failure('NOT_LOGGED_IN', reason ? { members: { reason, ...told } } : {})

/** What refreshes a login. */
const waysToProve = ['password', 'code'] as const

/** Step-up: how old the proof may be, and what would renew it. */
export const freshLoginNeeded = (maxAuthAge: number): Failure =>
  new Failure('FRESH_LOGIN_NEEDED', { members: { maxAuthAge, how: [...waysToProve] } })

/** A login that was made or resumed in a sealed call is worth nothing in a weaker envelope. */
export const checkStrength = ({ minStrength }: { minStrength: number }, { strength }: Caller): void => {
  if (minStrength > strength) {
    throw new Failure('ENCRYPTION_REQUIRED', { info: 'This login was made in a sealed envelope.' })
  }
}
