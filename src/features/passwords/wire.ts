import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'

/** Hex digits of SHA-1 sums that a caller shows; upper case, as the lists have them. */
export const prefixPattern = '^[0-9A-F]{5}$'

export const rangeShape = {
  path: '/v1/password/range',
  aliases: [],
  summary: 'What the lists of common passwords have under the first digits of SHA-1 sums',
  limit: 'passwordRange',
  replay: 'read',
  input: Type.Object({
    prefixes: Type.Array(Type.String({ pattern: prefixPattern }), {
      minItems: 1,
      maxItems: 4,
      description: 'The first 5 of the 40 hex digits, upper case',
    }),
  }),
  reply: Type.Object({
    ranges: Type.Array(
      Type.Object({
        prefix: Type.String(),
        suffixes: Type.Array(Type.String(), {
          description: 'The other 35 digits, a colon, and how often the password was seen',
        }),
      }),
    ),
  }),
} as const satisfies OperationShape
