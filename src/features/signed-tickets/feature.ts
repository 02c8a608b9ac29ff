/** Tickets that can be checked without a call: signed as JWTs, with public keys and a list of what has ended. */

import { utf8 } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { feature, operation, type World } from '../feature.ts'
import { createSidOf, createSignTicket } from './claims.ts'
import { createRevocations } from './revocations.ts'
import { revocationsShape } from './wire.ts'

/** A key that is added to the ring does not sign before every process has it: far longer than this. */
const keysSeconds = 300

export const signedTickets = feature({
  create: ({ db, clock, random, crypto, jwt, key, config }: World, _needs: object) => {
    const sidOf = createSidOf(crypto, crypto.hmacSha256(key.saltKey, utf8('sid')))
    const lifeSeconds = config.tickets.jwtSeconds
    const issuer = config.server.publicUrl.replace(/\/+$/, '')
    const list = createRevocations({ db, clock, crypto, sidOf, lifeSeconds })
    return {
      api: { sign: createSignTicket({ clock, random, jwt, issuer, lifeSeconds, sidOf }) },
      operations: [
        operation(revocationsShape)(async ({ known }, { app }) => {
          // An app without a secret is everybody's.
          if (app.checks.length === 0) throw new Failure('APP_REFUSED')
          const { version, ...listed } = await list(app)
          if (known === version) return { code: 'OK', version, isKnown: true }
          return { code: 'OK', version, isKnown: false, ...listed }
        }),
      ],
      pages: [
        {
          path: '/.well-known/jwks.json',
          method: 'GET' as const,
          limit: 'serverKeys',
          render: () => ({
            file: JSON.stringify(jwt.jwks),
            type: 'application/json; charset=utf-8',
            cacheSeconds: keysSeconds,
          }),
        },
      ],
    }
  },
})
