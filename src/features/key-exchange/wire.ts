import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import type { JsonValue } from '../../protocol/json.ts'
import { Type } from '../../protocol/schema.ts'

const anything = Type.Optional(Type.Unsafe<JsonValue>({}))

/** Judged by its reader, whose refusals have numbers of their own. */
export const frameInput = { version: anything, tm: anything, keyPrint: anything, msgType: anything }
export const frameReply = {
  version: Type.Integer(),
  tm: Type.String(),
  keyPrint: Type.String(),
  msgType: Type.Unsafe<string | number>({ type: ['string', 'integer'] }),
}

const KeyEx = Type.Object({
  stage: Type.Integer(),
  keyPrint: Type.String(),
  tempKey: Type.Optional(Type.String()),
  pubKey: Type.Optional(Type.String()),
  encType: Type.Optional(Type.String()),
  status: Type.String(),
  kx: Type.Optional(Type.Integer()),
  nonce: Type.Optional(Type.String()),
  serverKeyId: Type.Optional(Type.String()),
  signature: Type.Optional(Type.String()),
})

/** The message of stage 2 or 4. */
export type KeyExMessage = Static<typeof KeyEx>

export const keyExchangeShape = {
  path: '/v1/key-exchange',
  aliases: [],
  summary: 'Stages 1 and 3 of the key exchange; answers stages 2 and 4',
  limit: 'keyExchange',
  replay: 'read',
  frame: 'keyEx',
  isCostly: true,
  input: Type.Object({ ...frameInput, keyEx: anything, plainMsg: anything }),
  reply: Type.Object({
    ...frameReply,
    keyEx: Type.Optional(KeyEx),
    plainMsg: Type.Optional(Type.Object({ keyEx: KeyEx })),
  }),
} as const satisfies OperationShape

export const serverKeysShape = {
  path: '/v1/server-keys',
  aliases: [],
  summary:
    'The public keys that the server signs key exchanges with, and those that stage 1 may be wrapped for',
  limit: 'serverKeys',
  replay: 'read',
  bare: true,
  isOpenToAll: true,
  input: Type.Object({}),
  reply: Type.Object({
    keys: Type.Array(
      Type.Object({
        serverKeyId: Type.String(),
        algorithm: Type.String(),
        publicKey: Type.String({ description: '32 bytes in base64' }),
        isCurrent: Type.Boolean(),
      }),
    ),
    rsaKeys: Type.Array(
      Type.Object({
        rsaPrint: Type.String(),
        algorithm: Type.String(),
        publicKey: Type.String({ description: 'SPKI in base64' }),
      }),
    ),
  }),
} as const satisfies OperationShape
