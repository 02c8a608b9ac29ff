/** A user sets a new password: by the old one, or soon after the login. */
import type { Clock } from '../../adapters/clock.ts'
import type { TicketCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Credentials, CredentialsService, WelcomeReply } from '../accounts/api.ts'
import type { Keys } from '../key-exchange/api.ts'
import type { Tickets } from '../tickets/api.ts'
import type { ChangeInput } from './wire.ts'

export type ChangeNeeds = {
  clock: Clock
  freshMs: number
  credentials: CredentialsService
  tickets: Pick<Tickets, 'findAuthenticatedAt'>
  keys: Pick<Keys, 'prove'>
}

const ended = () => new Failure('NOT_LOGGED_IN', { members: { reason: 'password-changed' } })

export const createChange = ({ clock, freshMs, credentials, tickets, keys }: ChangeNeeds) => {
  const get = async ({ ticket }: TicketCaller): Promise<Credentials> => {
    const found = await credentials.find(ticket.userId)
    if (!found) throw new Failure('NOT_LOGGED_IN')
    return found
  }

  /** Throws OLD_PASSWORD_WRONG, TOO_OFTEN, or FRESH_LOGIN_NEEDED without an old password. */
  const checkRight = async (found: Credentials, input: ChangeInput, caller: TicketCaller) => {
    if (input.password !== undefined || input.clientHash !== undefined) {
      return credentials.checkOld(found, input, caller)
    }
    const authenticatedAt = await tickets.findAuthenticatedAt(caller)
    if (authenticatedAt <= clock.now() - freshMs) throw new Failure('FRESH_LOGIN_NEEDED')
    return undefined
  }

  return {
    findLogins: async (caller: TicketCaller) => credentials.describe(await get(caller)),
    change: async (input: ChangeInput, caller: TicketCaller): Promise<WelcomeReply> => {
      const proof = await keys.prove(input, caller)
      const found = await get(caller)
      const guard = await checkRight(found, input, caller)
      const verifiers = await credentials.create(input, found)
      const { device } = input
      const kind = 'password.changed' as const
      const reply = await credentials.replace({
        credentials: found,
        verifiers,
        kind,
        caller,
        device,
        proof,
        guard,
      })
      if (reply) return reply
      // Of two changes at once one has ended the login of the other.
      const now = await get(caller)
      if (now.account.epoch !== found.account.epoch) throw ended()
      throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
    },
  }
}
