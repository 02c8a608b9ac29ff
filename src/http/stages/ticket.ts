import type { preHandlerHookHandler } from 'fastify'
import type { JsonObject } from '../../protocol/json.ts'
import type { Caller, CallerTicket, OperationShape } from '../caller.ts'
import { shapeOf } from '../request.ts'

export type TicketNeeds = {
  /** The live ticket; throws NOT_LOGGED_IN with the reason, TIER_WANTED, or FRESH_LOGIN_NEEDED. */
  authenticate(input: JsonObject, shape: OperationShape, caller: Caller): Promise<CallerTicket | undefined>
}

/** Adds the live ticket to the caller of an operation that needs one. */
export const checkTicket =
  ({ authenticate }: TicketNeeds): preHandlerHookHandler =>
  (request, _reply, done) => {
    const shape = shapeOf(request)
    if (!shape.tiers) return done()
    authenticate(request.body as JsonObject, shape, request.caller).then((ticket) => {
      request.caller.ticket = ticket
      done()
    }, done)
  }
