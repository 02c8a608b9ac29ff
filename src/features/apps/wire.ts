import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'

export const provisionShape = {
  path: '/v1/totp',
  aliases: ['/nyatotp.php'],
  summary: 'Provisioning: hands a new device its TOTP secret',
  limit: 'provision',
  replay: 'read',
  bare: true,
  input: Type.Object({
    n: Type.String({ description: 'App id, [A-Za-z0-9]{1,64}' }),
    s: Type.String({ description: 'App secret, [A-Za-z0-9]{32}' }),
    type: Type.Optional(Type.Text(32)),
    os: Type.Optional(Type.Text(64)),
    device: Type.Optional(Type.Text(64)),
  }),
  reply: Type.Object({
    totp_secret: Type.String(),
    totp_code: Type.Integer(),
    totp_token: Type.String(),
    time: Type.Integer(),
    appname: Type.String(),
  }),
} as const satisfies OperationShape

export type ProvisionInput = Static<typeof provisionShape.input>

export const echoShape = {
  path: '/v1/echo',
  aliases: ['/tests/encrypttest.php', '/tests/conntest.php'],
  summary: 'Answers the members that it was sent',
  limit: 'echo',
  replay: 'read',
  forThirdParties: true,
  input: Type.Object({}, { additionalProperties: true }),
  reply: Type.Unsafe<{ status: number; [member: string]: unknown }>(
    Type.Object({ status: Type.Integer() }, { additionalProperties: true }),
  ),
} as const satisfies OperationShape
