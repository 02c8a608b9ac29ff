import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'

const Hit = Type.Object({
  word: Type.String(),
  list: Type.String(),
  start: Type.Integer({ description: 'UTF-16 units of the text' }),
  end: Type.Integer({ description: 'Behind the last unit' }),
})

const Checked = Type.Object({
  isClean: Type.Boolean(),
  text: Type.String({ description: 'The text with each hit covered by the mask' }),
  hits: Type.Array(Hit),
})

export const checkWordsShape = {
  path: '/v1/words/check',
  aliases: [],
  summary: 'Checks texts against the word lists',
  limit: 'words',
  replay: 'read',
  right: 'words',
  input: Type.Object({
    text: Type.Optional(Type.String({ description: 'One text; or' })),
    texts: Type.Optional(Type.Array(Type.String(), { maxItems: 100, description: 'up to 100' })),
  }),
  reply: Type.Object({
    isClean: Type.Boolean({ description: 'All texts are clean' }),
    text: Type.Optional(Type.String()),
    hits: Type.Optional(Type.Array(Hit)),
    results: Type.Optional(Type.Array(Checked, { description: 'For texts: one each, in their order' })),
  }),
} as const satisfies OperationShape

/** The old test page. It is served in a trial, or with `words.testPage`. */
export const wordTestShape = {
  path: '/v1/words/test',
  aliases: ['/tests/wordfilter.php'],
  summary: 'The old test page of the word filter',
  limit: 'wordTest',
  replay: 'read',
  bare: true,
  input: Type.Object({ w: Type.String({ maxLength: 2_000 }) }),
  reply: Type.Object({
    msg: Type.String(),
    0: Type.Boolean({ description: 'A forbidden word was found' }),
    1: Type.String({ description: 'The masked text' }),
    2: Type.String({ description: 'The first word that was found; empty without one' }),
  }),
} as const satisfies OperationShape
