import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'

const token = Type.Optional(Type.String({ maxLength: 256, description: 'The SKey' }))
const app = Type.String({ pattern: '^[A-Za-z0-9]{1,64}$', description: 'The id of the third-party app' })
const Scopes = Type.Array(Type.String({ maxLength: 40 }), {
  maxItems: 21,
  description: 'What the app may learn or do; openid is always one of them',
})

const Consent = Type.Object({
  app: Type.String(),
  name: Type.String({ description: 'What people call the app' }),
  scopes: Scopes,
  grantedAt: Type.Integer({ description: 'Unix seconds' }),
})

export const listConsentsShape = {
  path: '/v1/consent/list',
  aliases: [],
  summary: 'What the user has agreed to, for each third-party app',
  limit: 'consent',
  replay: 'read',
  tiers: ['skey'],
  input: Type.Object({ token }),
  reply: Type.Object({ consents: Type.Array(Consent) }),
} as const satisfies OperationShape

export const grantConsentShape = {
  path: '/v1/consent/grant',
  aliases: [],
  summary: 'The user agrees that a third-party app gets OpenKeys with these scopes, beside those of before',
  limit: 'consent',
  replay: 'once',
  tiers: ['skey'],
  // A name of its own, as below: no bytes of another call may grant or revoke.
  input: Type.Object({ token, grantTo: app, scopes: Type.Optional(Scopes) }),
  reply: Type.Object({ consent: Consent }),
} as const satisfies OperationShape

export const revokeConsentShape = {
  path: '/v1/consent/revoke',
  aliases: [],
  summary: 'The user takes a consent back: all OpenKeys of that app for this user end',
  limit: 'consent',
  replay: 'once',
  tiers: ['skey'],
  input: Type.Object({ token, revokeFrom: app }),
  reply: Type.Object({}),
} as const satisfies OperationShape
