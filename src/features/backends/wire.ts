import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'
import { WithheldList } from '../standing/wire.ts'
import { User } from '../tickets/wire.ts'

export const mostTokens = 100
const token = Type.String({ maxLength: 256, description: 'A ticket as the user presented it' })

const seconds = (description: string) =>
  Type.Optional(Type.Integer({ description: `${description}, unix seconds` }))

/** Tiers that a backend is shown; an A2 never leaves its device. */
export const checkedTiers = ['skey', 'pskey', 'openkey'] as const
export type CheckedTier = (typeof checkedTiers)[number]

/** What a backend may ask to be told of the user too. */
export const wantedNames = ['roles', 'withheld'] as const
export type Wanted = (typeof wantedNames)[number]

/** What a backend asks of a ticket beyond being good. */
const demands = {
  tier: Type.Optional(
    Type.Unsafe<CheckedTier>({
      type: 'string',
      enum: checkedTiers,
      description: 'The tier that is taken: skey (default), pskey with its business, openkey',
    }),
  ),
  business: Type.Optional(Type.String({ maxLength: 64, description: 'The business that a pSKey opens' })),
  scopes: Type.Optional(
    Type.Array(Type.String({ maxLength: 64 }), {
      maxItems: 32,
      description: 'Scopes that an OpenKey must have',
    }),
  ),
  route: Type.Optional(
    Type.String({ maxLength: 2_000, description: 'The path that the user calls, of the business' }),
  ),
  maxAuthAge: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 31_536_000,
      description: 'Seconds since the user proved who they are',
    }),
  ),
  wants: Type.Optional(
    Type.Array(Type.Unsafe<Wanted>({ type: 'string', enum: wantedNames }), {
      maxItems: wantedNames.length,
      description: 'Of an SKey or a pSKey, what to tell of its user too: roles, withheld',
    }),
  ),
}

/** What a good ticket lacks, and how to get it. */
const Needs = Type.Object({
  code: Type.Integer({ description: 'The code that says what is missing' }),
  tier: Type.Optional(Type.String({ description: 'Exchange for a ticket of this tier' })),
  business: Type.Optional(Type.String({ description: 'The business to exchange for' })),
  scopes: Type.Optional(Type.Array(Type.String(), { description: 'Scopes to ask the user for' })),
  maxAuthAge: Type.Optional(Type.Integer({ description: 'How many seconds old the proof may be' })),
  how: Type.Optional(Type.Array(Type.String(), { description: 'What renews the proof' })),
})

/** What a backend learns of a ticket. */
const members = {
  active: Type.Boolean(),
  reason: Type.Optional(
    Type.String({
      description:
        'Why it is not active: expired, logged-out, disabled, reused, …, unknown, or not-enough with needs',
    }),
  ),
  needs: Type.Optional(Needs),
  tier: Type.Optional(Type.String()),
  user: Type.Optional(User),
  openId: Type.Optional(Type.String({ description: 'The user of an OpenKey, as its app knows them' })),
  appid: Type.Optional(Type.String({ description: 'The app that the ticket belongs to' })),
  business: Type.Optional(Type.String({ description: 'The business that a pSKey opens' })),
  scopes: Type.Optional(Type.Array(Type.String())),
  issuedAt: seconds('When the ticket was issued'),
  expiresAt: seconds('When it ends at the latest'),
  idleAt: seconds('When it ends if it is not used'),
  authenticatedAt: seconds('With a demand: when the user proved who they are'),
  roles: Type.Optional(
    Type.Array(Type.String(), { description: 'Where wanted: roles of the user that count in this app' }),
  ),
  withheld: Type.Optional(WithheldList),
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
    ...demands,
  }),
  reply: Type.Object({
    ...members,
    active: Type.Optional(Type.Boolean()),
    tickets: Type.Optional(Type.Array(VerifiedTicket, { description: 'In the order of tokens' })),
  }),
} as const satisfies OperationShape

export type VerifyInput = Static<typeof verifyShape.input>
