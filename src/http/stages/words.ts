import type { preHandlerHookHandler } from 'fastify'
import type { JsonObject, JsonValue } from '../../protocol/json.ts'
import type { OperationShape } from '../caller.ts'
import { shapeOf } from '../request.ts'

export type WordRule = 'refuse' | 'mask'

export type WordNeeds = {
  /** The text as it may go on. Throws WORD_FORBIDDEN with the member. */
  checkText(text: string, rule: WordRule, member: string): string
}

type Field = { path: readonly string[]; rule: WordRule }
type Node = { words?: WordRule; properties?: Record<string, Node> }

const listFields = ({ words, properties = {} }: Node, path: readonly string[] = []): Field[] => [
  ...(words ? [{ path, rule: words }] : []),
  ...Object.entries(properties).flatMap(([name, node]) => listFields(node, [...path, name])),
]

/** Checks each member whose shape says `words`. The shape has bounded its length before. */
export const checkWords = ({ checkText }: WordNeeds): preHandlerHookHandler => {
  const known = new WeakMap<OperationShape, Field[]>()
  const fieldsOf = (shape: OperationShape): Field[] => {
    const fields = known.get(shape) ?? listFields(shape.input as Node)
    known.set(shape, fields)
    return fields
  }
  return (request, _reply, done) => {
    try {
      for (const { path, rule } of fieldsOf(shapeOf(request))) {
        const name = path.at(-1) ?? ''
        const parent = findParent(request.body as JsonObject, path)
        const text = parent?.[name]
        if (parent && typeof text === 'string') parent[name] = checkText(text, rule, path.join('.'))
      }
      done()
    } catch (error) {
      done(error as Error)
    }
  }
}

/** The object that holds the last member of the path, if the caller sent it. */
const findParent = (body: JsonObject, path: readonly string[]): JsonObject | undefined =>
  path
    .slice(0, -1)
    .reduce<JsonValue | undefined>((node, name) => (node as JsonObject | undefined)?.[name], body) as
    | JsonObject
    | undefined
