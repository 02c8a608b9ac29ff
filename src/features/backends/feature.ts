/** Backends: services that check the tickets of the users of several apps. */
import type { AppCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Apps } from '../apps/api.ts'
import type { Businesses } from '../businesses/api.ts'
import { feature, operation, type World } from '../feature.ts'
import type { Tickets } from '../tickets/api.ts'
import { readDemands } from './demands.ts'
import { createCacheHeaders, describe, describeUnmet } from './describe.ts'
import { createGateway } from './gateway.ts'
import { createIntrospect } from './introspect.ts'
import { createFindTold, type ToldNeeds } from './told.ts'
import { createVerify } from './verify.ts'
import { type VerifyInput, verifyShape } from './wire.ts'

export type BackendsNeeds = {
  apps: Pick<Apps, 'check'>
  businesses: Pick<Businesses, 'serves'>
  tickets: Pick<Tickets, 'checkFor' | 'freshLoginNeeded'>
} & Omit<ToldNeeds, 'db'>

/** One or many, never both: an answer to the wrong one would be taken for a login. */
const readTokens = ({ token, tokens }: VerifyInput): readonly string[] => {
  if (token === undefined && tokens === undefined) throw new Failure('PARAMETER_MISSING', { info: 'token' })
  if (token !== undefined && tokens !== undefined) throw new Failure('PARAMETER_INVALID', { info: 'tokens' })
  return tokens ?? [token ?? '']
}

export const backends = feature({
  create: ({ db, store, config, clock, crypto }: World, needs: BackendsNeeds) => {
    const { apps, businesses, tickets } = needs
    const { freshLoginNeeded } = tickets
    const limit = config.limits.ticketVerify
    const findTold = createFindTold({ ...needs, db })
    const verify = createVerify({
      store,
      limit,
      tickets,
      businesses,
      freshLoginNeeded,
      findTold,
      now: clock.now,
    })
    const cacheHeaders = createCacheHeaders(crypto, config.backends.maxAgeSeconds)

    const answer = async (input: VerifyInput, { app }: AppCaller) => {
      const tokens = readTokens(input)
      const demands = readDemands(input, app)
      const verdicts = await verify(tokens, demands, app)
      const headers = cacheHeaders(verdicts)
      const [verdict = { state: 'ended', reason: 'unknown' } as const] = verdicts
      if (input.tokens) {
        const described = verdicts.map((one) => describe(one, demands.isAsking))
        return { code: 'OK' as const, headers, tickets: described }
      }
      if (verdict.state === 'unmet') throw refusalOf(verdict.failure)
      const code = verdict.state === 'live' ? ('TICKET_VALID' as const) : ('TICKET_ENDED' as const)
      return { code, headers, ...describe(verdict, demands.isAsking) }
    }

    return {
      api: {},
      operations: [operation(verifyShape)(answer)],
      endpoints: [
        createIntrospect({ apps, verify, cacheHeaders }),
        createGateway({ apps, verify, cacheHeaders }),
      ],
    }
  },
})

/** The refusal of one ticket has the members of an answer too, so that a backend decides by `active` alone. */
const refusalOf = (failure: Failure): Failure =>
  new Failure(failure.entry.name, { members: describeUnmet(failure) })
