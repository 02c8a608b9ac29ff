import type { Ends } from './ends.ts'
import type { TicketsService } from './tickets.ts'

export type { TicketState } from './check.ts'
export type { BeginOptions, BegunLogin, LoginAccount, LoginTickets } from './logins.ts'
export type { NewProof } from './of-user/prove-again.ts'
export type { LiveLogin, LoginPosition, PastLogin } from './of-user/repo.ts'
export type { EndReason, TicketRecord } from './skeys.ts'
export type { TakenLogin } from './take-over/take-over.ts'
export type Tickets = TicketsService
/** Ends every login of a user, as part of the transaction that raises the account's epoch. */
export type EndLogins = Ends['endAll']
/** Ends one login, as part of a transaction. */
export type EndLogin = Ends['endLogin']
