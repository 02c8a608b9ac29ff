import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'

export const revocationsShape = {
  path: '/v1/ticket/revocations',
  aliases: [],
  summary: 'What has ended of the JWTs that an app may check, for services that check them without a call',
  limit: 'revocations',
  replay: 'read',
  forBackends: true,
  forThirdParties: true,
  input: Type.Object({
    known: Type.Optional(Type.String({ maxLength: 64, description: 'The version that the service has' })),
  }),
  reply: Type.Object({
    version: Type.String({ description: 'Of this list; the same list has the same version' }),
    isKnown: Type.Boolean({ description: 'The list is that of `known`, and left out' }),
    logins: Type.Optional(
      Type.Array(Type.String(), { description: 'Refuse a JWT whose sid is one of them' }),
    ),
    consents: Type.Optional(
      Type.Array(
        Type.Object({
          sub: Type.String(),
          below: Type.Integer({ description: 'Refuse a JWT of this sub whose consent is lower' }),
        }),
      ),
    ),
    notBefore: Type.Optional(
      Type.Integer({
        description: 'Refuse a JWT whose iat is earlier: more has ended than the list can have',
      }),
    ),
  }),
} as const satisfies OperationShape
