/** What a pSKey is: an SKey for one business, which no other business accepts. */
import { Failure } from '../../protocol/errors.ts'
import type { Businesses } from '../businesses/api.ts'
import type { SignTicket } from '../signed-tickets/api.ts'
import type { ExchangeTarget } from './exchange.ts'

export const createPSKeyTarget =
  (businesses: Pick<Businesses, 'find' | 'serves'>, sign: SignTicket): ExchangeTarget =>
  ({ appId }, { business: name }, { app }) => {
    if (name === undefined) throw new Failure('PARAMETER_MISSING', { info: 'business' })
    const business = businesses.find(name)
    if (!business || !businesses.serves(name, appId)) throw new Failure('BUSINESS_UNKNOWN')
    return {
      business: name,
      idleMs: business.idleSeconds * 1_000,
      ...(app.ticketFormat === 'jwt' && { sign }),
    }
  }
