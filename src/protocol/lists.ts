/** What the operations that list take and return, each alike. */
import { Type } from './schema.ts'

/** In characters. A position has at most about 300 bytes of JSON. */
export const longestCursor = 512
export const mostListed = 100
export const usuallyListed = 50

const cursor = (description: string) => Type.Optional(Type.String({ maxLength: longestCursor, description }))

export const listInput = {
  cursor: cursor('From the reply before; without it the list begins'),
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: mostListed,
      description: `How many at most; ${usuallyListed} without it`,
    }),
  ),
}

export const listReply = {
  cursor: cursor('Where the list goes on; absent at its end'),
}
