/** Step-up: the user of a login proves again who is asking, by the password or by a code to an address of the account. */
import type { Db } from '../../adapters/db/index.ts'
import type { TicketCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { CredentialsService } from '../accounts/api.ts'
import type { Address, Addresses } from '../addresses/api.ts'
import type { NewProof, Tickets } from '../tickets/api.ts'
import type { Codes } from '../verification/api.ts'
import type { ReauthInput, ReauthReply } from './wire.ts'

export type ReauthNeeds = {
  db: Db
  tickets: Pick<Tickets, 'proveAgain'>
  credentials: Pick<CredentialsService, 'find' | 'checkOld'>
  addresses: Pick<Addresses, 'findOwner'>
  codes: Pick<Codes, 'consume'>
}

export const createReauth = ({ db, tickets, credentials, addresses, codes }: ReauthNeeds) => {
  /** A wrong one counts as a failed login: a stolen ticket must not try passwords. */
  const byPassword = async (input: ReauthInput, caller: TicketCaller, proof: NewProof) => {
    const found = await credentials.find(caller.ticket.userId)
    if (!found) throw new Failure('NOT_LOGGED_IN')
    const guard = await credentials.checkOld(found, input, caller).catch((error) => {
      const isWrong = error instanceof Failure && error.entry.name === 'OLD_PASSWORD_WRONG'
      throw isWrong ? new Failure('LOGIN_FAILED') : error
    })
    if (!(await proof.write(db.write, guard))) throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
  }

  const byCode = async ({ flow, code }: ReauthInput, caller: TicketCaller, proof: NewProof) => {
    if (flow === undefined || code === undefined) {
      throw new Failure('PARAMETER_MISSING', { info: 'flow and code' })
    }
    const { userId } = caller.ticket
    const tried = { flow, code, purpose: 'confirm' as const, caller }
    await codes.consume(tried, async (trx, found) => {
      const owner = await addresses.findOwner(trx, found.address)
      // A code of another user, or of an address that has left the account.
      if (found.userId !== userId || owner?.userId !== userId) throw new Failure('CODE_EXPIRED')
      if (!(await proof.write(trx))) throw new Failure('NOT_LOGGED_IN')
    })
  }

  const ways = { password: byPassword, code: byCode } as const

  return {
    /** What is sent to an address, for `/v1/code/send`: a code to the account's own spelling of it, or nothing. */
    begin: async (address: Address) => {
      const owner = await addresses.findOwner(db.write, address)
      if (!owner) return { address, asWhat: 'nothing' as const }
      return { address: owner.address, userId: owner.userId, asWhat: 'code' as const }
    },
    reauth: async (input: ReauthInput, caller: TicketCaller): Promise<ReauthReply> => {
      const proof = await tickets.proveAgain(caller)
      await ways[input.how](input, caller, proof)
      const { authenticatedAt, skey } = await proof.finish()
      return { authenticatedAt: Math.floor(authenticatedAt / 1_000), tickets: { skey } }
    },
  }
}
