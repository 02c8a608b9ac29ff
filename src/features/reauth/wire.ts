import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'
import { Code, clientHash, Flow, password, previousClientHash } from '../accounts/wire.ts'

const ways = ['password', 'code'] as const

export const reauthShape = {
  path: '/v1/reauth',
  aliases: [],
  summary: 'The user proves again who is asking, for operations that ask for a fresh login',
  limit: 'reauth',
  replay: 'once',
  tiers: ['skey'],
  input: Type.Object({
    token: Type.Optional(Type.String({ maxLength: 256, description: 'The SKey' })),
    // A name of its own: no bytes of another call may renew a login.
    how: Type.Unsafe<(typeof ways)[number]>({ type: 'string', enum: ways, description: 'password, code' }),
    password,
    clientHash,
    previousClientHash,
    salt: Type.Optional(Type.String({ maxLength: 22, description: 'The salt of clientHash' })),
    flow: Type.Optional(Flow),
    code: Type.Optional(Code),
  }),
  reply: Type.Object({
    authenticatedAt: Type.Integer({ description: 'Unix seconds' }),
    tickets: Type.Object({ skey: Type.String({ description: 'Of the same login; it knows the new time' }) }),
  }),
} as const satisfies OperationShape

export type ReauthInput = Static<typeof reauthShape.input>
export type ReauthReply = Static<typeof reauthShape.reply>
