/** Cursors: where a list goes on, as an opaque text that works for one caller and one list. */
import { fromBase64url, toBase64url, utf8 } from '../protocol/bytes.ts'
import { Failure } from '../protocol/errors.ts'
import type { JsonValue } from '../protocol/json.ts'
import { longestCursor } from '../protocol/lists.ts'
import type { Sealer } from './crypto.ts'

export type Cursors = {
  /**
   * `place` names the list, with whatever else it was asked for, such as a search text; `position` has the index values
   * of the last row, so that rows that come or go meanwhile neither repeat nor hide others.
   */
  write(place: string, userId: number, position: JsonValue): string
  /** Undefined without a text: the list from its beginning. Throws PARAMETER_INVALID for what is no cursor of this list and caller. */
  read(place: string, userId: number, text: string | undefined): JsonValue | undefined
}

export const createCursors = (sealer: Sealer): Cursors => {
  const nameOf = (place: string, userId: number) => `cursor ${userId} ${place}`
  return {
    write: (place, userId, position) =>
      toBase64url(sealer.seal(nameOf(place, userId), utf8(JSON.stringify(position)))),
    read: (place, userId, text) => {
      if (text === undefined) return undefined
      const sealed = text.length <= longestCursor ? fromBase64url(text) : undefined
      try {
        return JSON.parse(sealer.open(nameOf(place, userId), sealed ?? new Uint8Array()).toString('utf8'))
      } catch (cause) {
        throw new Failure('PARAMETER_INVALID', { info: 'cursor', cause })
      }
    },
  }
}
