import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'

/** What others may see of a person. */
export const User = Type.Object({
  userId: Type.String({ description: 'Decimal number' }),
  userName: Type.String(),
  nickName: Type.String(),
})

const seconds = (description: string) =>
  Type.Optional(Type.Integer({ description: `${description}, unix seconds` }))

export const Tickets = Type.Object({ a2: Type.Optional(Type.String()), skey: Type.Optional(Type.String()) })

const token = Type.Optional(
  Type.String({ maxLength: 256, description: 'The ticket; JSON bodies may send it as Bearer' }),
)

export const sessionShape = {
  path: '/v1/session',
  aliases: [],
  summary: 'Tells whether a ticket is valid, and whose it is',
  limit: 'session',
  replay: 'read',
  input: Type.Object({ token }),
  reply: Type.Object({
    reason: Type.Optional(Type.String({ description: 'Why an ended ticket has ended' })),
    why: Type.Optional(Type.String({ description: 'Of a disabled account: what the administrator says' })),
    until: seconds('Of a disabled account: when that ends; absent where it is for good'),
    user: Type.Optional(User),
    tier: Type.Optional(Type.String()),
    issuedAt: seconds('When the ticket was issued'),
    expiresAt: seconds('When it ends at the latest'),
    idleAt: seconds('When it ends if it is not used'),
    business: Type.Optional(Type.String({ description: 'Of a pSKey: what it opens' })),
  }),
} as const satisfies OperationShape
export type SessionReply = Static<typeof sessionShape.reply>

export const exchangeShape = {
  path: '/v1/ticket/exchange',
  aliases: [],
  summary: 'Trades a ticket for one of a lower tier; an A2 is rotated',
  limit: 'exchange',
  replay: 'once',
  tiers: ['a2', 'skey'],
  consumesTicket: true,
  input: Type.Object({
    token,
    to: Type.String({ maxLength: 16, description: 'The tier wanted: skey, pskey or openkey' }),
    business: Type.Optional(Type.String({ maxLength: 64, description: 'Of a pSKey: what it opens' })),
    app: Type.Optional(Type.String({ maxLength: 64, description: 'Of an OpenKey: the third-party app' })),
    scopes: Type.Optional(
      Type.Array(Type.String({ maxLength: 40 }), {
        maxItems: 21,
        description: 'Of an OpenKey; without it, all that the user has agreed to',
      }),
    ),
  }),
  reply: Type.Object({
    tickets: Type.Object({
      ...Tickets.properties,
      pskey: Type.Optional(Type.String()),
      openkey: Type.Optional(Type.String()),
    }),
    expiresAt: seconds('When the ticket below the SKey ends at the latest'),
    idleAt: seconds('When it ends if it is not used'),
  }),
} as const satisfies OperationShape

export type ExchangeInput = Static<typeof exchangeShape.input>
export type ExchangeReply = Static<typeof exchangeShape.reply>

export const logoutShape = {
  path: '/v1/logout',
  aliases: [],
  summary: 'Ends the whole login of a ticket, or every login of its user',
  limit: 'logout',
  replay: 'once',
  tiers: ['a2', 'skey'],
  input: Type.Object({ token, everywhere: Type.Optional(Type.Boolean()) }),
  reply: Type.Object({}),
} as const satisfies OperationShape
