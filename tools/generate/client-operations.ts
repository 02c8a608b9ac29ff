/** Prints `src/client/operations.ts` from the shapes that the features declare: the SDK ships no schema library. */
import type { Schema, Shape } from './shapes.ts'

const printPrimitive = (type: string) => (type === 'integer' ? 'number' : type)

const printType = (schema: Schema, indent: string): string => {
  const { type, items } = schema
  if (type === undefined) return 'unknown'
  if (typeof type !== 'string') return type.map(printPrimitive).join(' | ')
  if (type === 'array') return `${printType(items ?? {}, indent)}[]`
  return type === 'object' ? printObject(schema, indent) : printPrimitive(type)
}

const printObject = ({ properties = {}, required = [], additionalProperties }: Schema, indent: string) => {
  const inner = `${indent}  `
  const members = Object.entries(properties).flatMap(([name, schema]) => [
    ...(schema.description === undefined ? [] : [`${inner}/** ${schema.description} */`]),
    `${inner}${name}${required.includes(name) ? '' : '?'}: ${printType(schema, inner)}`,
  ])
  const known = members.length === 0 ? '' : `{\n${members.join('\n')}\n${indent}}`
  const others = additionalProperties === true ? 'Record<string, unknown>' : ''
  return [known, others].filter(Boolean).join(' & ') || 'Record<never, never>'
}

const printOperation = ({ path, summary, input, reply }: Shape): string =>
  [
    `  /** ${summary}. */`,
    `  '${path}': {`,
    `    input: ${printType(input, '    ')}`,
    `    reply: ${printType(reply, '    ')}`,
    '  }',
  ].join('\n')

const printFacts = ({ path, replay, tiers = [], input }: Shape): string => {
  const list = tiers.map((tier) => `'${tier}'`).join(', ')
  const takesTicket = input.properties?.token !== undefined
  return `  '${path}': { replay: '${replay}', tiers: [${list}], takesTicket: ${takesTicket} },`
}

/** The text of `src/client/operations.ts`, as the formatter lays it out. */
export const printOperations = (shapes: readonly Shape[]): string => {
  return [
    '/** Made from the shapes of src/features by `npm run generate`. */',
    '',
    '/** What each operation takes and what it answers beside the members of every reply. */',
    'export type Operations = {',
    shapes.map(printOperation).join('\n'),
    '}',
    '',
    '/**',
    ' * What the client has to know of an operation before it calls it. `replay`: what the server does with the same bytes',
    ' * again. `tiers`: the tickets that the operation takes; without any it takes every tier, if it takes a ticket.',
    ' */',
    'export const operations = {',
    ...shapes.map(printFacts),
    '} as const satisfies Record<keyof Operations, OperationFacts>',
    '',
    'export type OperationFacts = {',
    "  replay: 'read' | 'once' | 'login'",
    '  tiers: readonly string[]',
    '  takesTicket: boolean',
    '}',
    '',
  ].join('\n')
}
