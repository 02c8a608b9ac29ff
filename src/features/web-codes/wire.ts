import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'
import { Tickets, User } from '../tickets/wire.ts'

/** The form of RFC 7636: base64url of a SHA-256. */
export const Challenge = Type.String({
  pattern: '^[A-Za-z0-9_-]{43}$',
  maxLength: 43,
  description: 'base64url of the SHA-256 of the page’s verifier',
})

export const webCodeShape = {
  path: '/v1/ticket/web-code',
  aliases: [],
  summary: 'A one-time code with which a web page takes over this login',
  limit: 'webCode',
  replay: 'once',
  tiers: ['skey'],
  input: Type.Object({
    token: Type.Optional(
      Type.String({ maxLength: 256, description: 'The SKey; JSON bodies may send it as Bearer' }),
    ),
    app: Type.Optional(
      Type.String({ maxLength: 64, description: 'The app of the page; without it, the same app' }),
    ),
    challenge: Challenge,
  }),
  reply: Type.Object({
    webCode: Type.String(),
    expiresSeconds: Type.Integer({ description: 'How long it works' }),
  }),
} as const satisfies OperationShape

export type WebCodeInput = Static<typeof webCodeShape.input>

export const redeemShape = {
  path: '/v1/ticket/web-code/redeem',
  aliases: [],
  summary: 'Trades a web code and the verifier of its challenge for tickets',
  limit: 'webCodeRedeem',
  replay: 'login',
  input: Type.Object({
    webCode: Type.String({ maxLength: 64 }),
    verifier: Type.String({
      minLength: 43,
      maxLength: 128,
      pattern: '^[A-Za-z0-9._~-]*$',
      description: 'What the challenge was made of: 43 to 128 characters (RFC 7636)',
    }),
  }),
  reply: Type.Object({
    user: User,
    tickets: Tickets,
  }),
} as const satisfies OperationShape

export type RedeemInput = Static<typeof redeemShape.input>
export type RedeemReply = Static<typeof redeemShape.reply>
