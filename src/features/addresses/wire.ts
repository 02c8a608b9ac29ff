import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'
import { clientHash, nextClientHash, oldHash, password } from '../accounts/wire.ts'
import { Answer } from '../captcha/wire.ts'

const token = Type.Optional(Type.String({ maxLength: 256, description: 'The SKey' }))
const kinds = ['email', 'phone'] as const
const Kind = Type.Unsafe<(typeof kinds)[number]>({ type: 'string', enum: kinds, description: 'email, phone' })

export const listShape = {
  path: '/v1/address/list',
  aliases: [],
  summary: 'The verified addresses of the user',
  limit: 'address',
  replay: 'read',
  tiers: ['skey'],
  input: Type.Object({ token }),
  reply: Type.Object({
    addresses: Type.Array(
      Type.Object({
        kind: Type.String(),
        address: Type.String(),
        verifiedAt: Type.Integer({ description: 'Unix seconds' }),
      }),
    ),
  }),
} as const satisfies OperationShape

export const changeShape = {
  path: '/v1/address/change',
  aliases: [],
  summary: 'Sends a code to an address that is to become the user’s: its first of the kind, or a new one',
  limit: 'address',
  replay: 'once',
  tiers: ['skey'],
  // By default: it is the setting password.freshSeconds.
  maxAuthAgeSeconds: 300,
  provesAnew: ['password', 'oldHash'],
  input: Type.Object({
    token,
    kind: Kind,
    address: Type.Text(254, { description: 'E-mail address or phone number' }),
    password,
    oldHash,
    clientHash,
    nextClientHash,
    salt: Type.Optional(Type.String({ maxLength: 22, description: 'The salt of clientHash' })),
    captcha: Type.Optional(Answer),
  }),
  reply: Type.Object({
    flow: Type.String({ description: 'For /v1/verify, with the code' }),
    kind: Type.String(),
    resendSeconds: Type.Integer(),
    expiresSeconds: Type.Integer(),
  }),
} as const satisfies OperationShape

export type ChangeInput = Static<typeof changeShape.input>
export type ChangeReply = Static<typeof changeShape.reply>

export const removeShape = {
  path: '/v1/address/remove',
  aliases: [],
  summary: 'Takes an address from the user',
  limit: 'address',
  replay: 'once',
  tiers: ['skey'],
  // By default: it is the setting password.freshSeconds.
  maxAuthAgeSeconds: 300,
  provesAnew: ['password', 'oldHash'],
  // A name of its own: no bytes of another call may remove an address.
  input: Type.Object({ token, remove: Kind, password, oldHash }),
  reply: Type.Object({}),
} as const satisfies OperationShape

export type RemoveInput = Static<typeof removeShape.input>
