import type { AppCaller, Operation, TicketCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { TicketsService } from './tickets.ts'
import { type ExchangeInput, exchangeShape, type LogoutInput, logoutShape, sessionShape } from './wire.ts'

const seconds = (ms: number) => Math.floor(ms / 1_000)

export const createTicketOperations = (tickets: TicketsService): Operation[] => [
  {
    ...sessionShape,
    handle: async (input: { token?: string }, caller: AppCaller) => {
      const result = await tickets.check(input.token, caller)
      if (result.state === 'unknown') throw new Failure('NOT_LOGGED_IN')
      if (result.state === 'ended') return { code: 'TICKET_ENDED', reason: result.reason }
      const { ticket } = result
      return {
        code: 'TICKET_VALID',
        user: { userId: String(ticket.userId), ...ticket.user },
        tier: ticket.tier,
        issuedAt: seconds(ticket.issuedAt),
        expiresAt: seconds(ticket.expiresAt),
        idleAt: seconds(ticket.idleAt),
      }
    },
  },
  {
    ...exchangeShape,
    handle: async (input: ExchangeInput, caller: AppCaller) => {
      if (input.to !== 'skey') throw new Failure('NOT_IN_LIST', { info: 'to: skey' })
      return { code: 'OK', tickets: await tickets.exchange(input.token ?? '', caller) }
    },
  },
  {
    ...logoutShape,
    handle: async (input: LogoutInput, caller: TicketCaller) => {
      await tickets.logout(caller, input.everywhere ?? false)
      return { code: 'LOGGED_OUT' }
    },
  },
]
