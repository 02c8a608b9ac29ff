/** A user sets a new password: by the old one, or soon after the login. */
import type { TicketCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Credentials, CredentialsService, WelcomeReply } from '../accounts/api.ts'
import type { Keys } from '../key-exchange/api.ts'
import type { ChangeInput } from './wire.ts'

export type ChangeNeeds = {
  credentials: CredentialsService
  keys: Pick<Keys, 'prove'>
}

const ended = () => new Failure('NOT_LOGGED_IN', { members: { reason: 'password-changed' } })

export const createChange = ({ credentials, keys }: ChangeNeeds) => {
  const get = async ({ ticket }: TicketCaller): Promise<Credentials> => {
    const found = await credentials.find(ticket.userId)
    if (!found) throw new Failure('NOT_LOGGED_IN')
    return found
  }

  /** Throws OLD_PASSWORD_WRONG or TOO_OFTEN. Without an old password the login is fresh, as the shape asks for. */
  const checkOld = async (found: Credentials, input: ChangeInput, caller: TicketCaller) =>
    input.password === undefined && input.clientHash === undefined
      ? undefined
      : credentials.checkOld(found, input, caller)

  return {
    findLogins: async (caller: TicketCaller) => credentials.describe(await get(caller)),
    change: async (input: ChangeInput, caller: TicketCaller): Promise<WelcomeReply> => {
      const proof = await keys.prove(input, caller)
      const found = await get(caller)
      const guard = await checkOld(found, input, caller)
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
