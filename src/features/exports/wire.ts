import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'

const token = Type.Optional(
  Type.String({ maxLength: 256, description: 'The ticket; JSON bodies may send it as Bearer' }),
)

const common = {
  aliases: [],
  replay: 'read',
  tiers: ['skey'],
  maxAuthAgeSeconds: 600,
  isStrict: true,
} as const

export const exportShape = {
  ...common,
  path: '/v1/user/export',
  summary: 'Begins an export of everything that is held about the user, and tells how far it is',
  limit: 'export',
  input: Type.Object({
    token,
    export: Type.Unsafe<true>({
      type: 'boolean',
      const: true,
      description: 'Shows that this is what the user asks for',
    }),
  }),
  reply: Type.Object({
    state: Type.String({ description: 'making, ready' }),
    askedAt: Type.Integer({ description: 'Unix seconds' }),
    expiresAt: Type.Integer({ description: 'Until then its parts can be fetched, unix seconds' }),
    parts: Type.Integer({ description: 'So many, from 1 on' }),
    bytes: Type.Integer(),
    isComplete: Type.Boolean({ description: 'False: it is larger than exports may be, and has an end' }),
  }),
} as const satisfies OperationShape

export const exportPartShape = {
  ...common,
  path: '/v1/user/export/part',
  summary: 'A part of an export that is ready',
  limit: 'exportPart',
  input: Type.Object({ token, exportPart: Type.Integer({ minimum: 1, maximum: 1_000_000 }) }),
  reply: Type.Object({
    part: Type.String({ description: 'JSON: table, and rows of it' }),
  }),
} as const satisfies OperationShape
