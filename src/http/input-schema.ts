/** The schema that the input of an operation is validated by. */
import type { OperationShape } from './caller.ts'

type Node = { type?: unknown; properties?: Record<string, Node>; additionalProperties?: unknown }

/** What every call may carry beside the members of its operation; earlier stages have judged them. */
const commonMembers = { apiver: {}, appid: {}, appsecret: {}, token: {}, rid: {}, op: {} }

const refuseUnknown = (node: Node): Node => {
  if (!node.properties) return node
  const properties = Object.entries(node.properties).map(([name, member]) => [name, refuseUnknown(member)])
  return { additionalProperties: false, ...node, properties: Object.fromEntries(properties) }
}

const known = new WeakMap<OperationShape['input'], object>()

/** The same object for the same shape, since validators are kept by it. */
export const inputSchemaOf = ({ input, isStrict }: Pick<OperationShape, 'input' | 'isStrict'>): object => {
  if (!isStrict) return input
  const made = known.get(input) ?? makeStrict(input as Node)
  known.set(input, made)
  return made
}

const makeStrict = (input: Node): object => {
  const strict = refuseUnknown(input)
  return { ...strict, properties: { ...commonMembers, ...strict.properties } }
}
