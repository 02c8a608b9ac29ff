import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'
import { User } from '../tickets/wire.ts'

export const mostTokens = 100
const token = Type.String({ maxLength: 256, description: 'A ticket as the user presented it' })

const seconds = (description: string) =>
  Type.Optional(Type.Integer({ description: `${description}, unix seconds` }))

/** What a backend learns of a ticket. */
const members = {
  active: Type.Boolean(),
  reason: Type.Optional(
    Type.String({ description: 'Why it is not active: expired, logged-out, disabled, reused, … or unknown' }),
  ),
  tier: Type.Optional(Type.String()),
  user: Type.Optional(User),
  appid: Type.Optional(Type.String({ description: 'The app that the user logged in to' })),
  issuedAt: seconds('When the ticket was issued'),
  expiresAt: seconds('When it ends at the latest'),
  idleAt: seconds('When it ends if it is not used'),
}

export const VerifiedTicket = Type.Object(members)
export type VerifiedTicket = Static<typeof VerifiedTicket>

export const verifyShape = {
  path: '/v1/ticket/verify',
  aliases: [],
  summary: 'Tells a backend whether tickets of its apps are valid, and whose they are',
  limit: 'ticketVerify',
  replay: 'read',
  forBackends: true,
  forThirdParties: true,
  input: Type.Object({
    token: Type.Optional(token),
    tokens: Type.Optional(Type.Array(token, { minItems: 1, maxItems: mostTokens })),
  }),
  reply: Type.Object({
    ...members,
    active: Type.Optional(Type.Boolean()),
    tickets: Type.Optional(Type.Array(VerifiedTicket, { description: 'In the order of tokens' })),
  }),
} as const satisfies OperationShape

export type VerifyInput = Static<typeof verifyShape.input>
