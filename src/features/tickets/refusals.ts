import type { Caller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { EndReason } from './skeys.ts'

/** Of a ticket that has ended, with the reason. */
export const notLoggedIn = (reason?: EndReason): Failure =>
  new Failure('NOT_LOGGED_IN', reason ? { members: { reason } } : {})

/** A login that was made or resumed in a sealed call is worth nothing in a weaker envelope. */
export const checkStrength = ({ minStrength }: { minStrength: number }, { strength }: Caller): void => {
  if (minStrength > strength) {
    throw new Failure('ENCRYPTION_REQUIRED', { info: 'This login was made in a sealed envelope.' })
  }
}
