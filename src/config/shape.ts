/**
 * Not Ajv: the configuration is checked once in the life of a process, and Ajv takes 80 ms to compile its schema (2 ms here),
 * which every start and every command would pay. Defaults and checks of the part of JSON Schema that settings use.
 */

/** A schema as the builders of `fields.ts` make it. */
export type SchemaNode = {
  type?: string
  description?: string
  default?: unknown
  enum?: readonly unknown[]
  pattern?: string
  minimum?: number
  maximum?: number
  minItems?: number
  maxItems?: number
  /** A list names the schema of each place. */
  items?: SchemaNode | readonly SchemaNode[]
  properties?: Record<string, SchemaNode>
  secret?: boolean
}

/** What does not fit: its path, and what was expected there. */
export type Misfit = { path: string[]; expected: string; isUnknownKey?: true }

type Members = Record<string, unknown>

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const types: Record<string, (value: unknown) => boolean> = {
  object: isMembers,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isInteger,
}

/** The value, with the schema's default for every member that it lacks. */
export const fillDefaults = (schema: SchemaNode, given: unknown): unknown => {
  const value = given === undefined ? structuredClone(schema.default) : given
  const { properties, items } = schema
  if (isMembers(value)) {
    for (const [name, member] of Object.entries(properties ?? {})) {
      const filled = fillDefaults(member, value[name])
      if (filled !== undefined) value[name] = filled
    }
  }
  return Array.isArray(value) ? value.map((item, at) => fillDefaults(schemaAt(items, at), item)) : value
}

/** The schema of a place in a list. */
export const schemaAt = (items: SchemaNode['items'], at: number): SchemaNode =>
  (Array.isArray(items) ? items[at] : (items as SchemaNode | undefined)) ?? {}

/** Everything that does not fit, in the order of the schema. */
export const findMisfits = (schema: SchemaNode, value: unknown, path: string[] = []): Misfit[] => {
  const expected = judge(schema, value)
  if (expected !== undefined) return [{ path, expected }]
  if (Array.isArray(value)) {
    return value.flatMap((item, at) => findMisfits(schemaAt(schema.items, at), item, [...path, String(at)]))
  }
  const { properties } = schema
  if (!isMembers(value) || !properties) return []
  const unknown = Object.keys(value).filter((name) => !Object.hasOwn(properties, name))
  return [
    ...unknown.map((name) => ({
      path: [...path, name],
      expected: 'unknown key',
      isUnknownKey: true as const,
    })),
    ...Object.entries(properties).flatMap(([name, member]) =>
      findMisfits(member, value[name], [...path, name]),
    ),
  ]
}

const judge = (schema: SchemaNode, value: unknown): string | undefined => {
  const { type, pattern, minimum, maximum, minItems, maxItems } = schema
  if (type !== undefined && !types[type]?.(value)) return `must be ${type}`
  if (schema.enum && !schema.enum.includes(value)) return `expected one of ${schema.enum.join(', ')}`
  if (typeof value === 'string' && pattern !== undefined && !new RegExp(pattern, 'u').test(value)) {
    return `must match pattern ${pattern}`
  }
  if (typeof value === 'number') {
    if (minimum !== undefined && value < minimum) return `must be >= ${minimum}`
    if (maximum !== undefined && value > maximum) return `must be <= ${maximum}`
  }
  if (Array.isArray(value)) {
    if (minItems !== undefined && value.length < minItems) return `must have at least ${minItems} items`
    if (maxItems !== undefined && value.length > maxItems) return `must have at most ${maxItems} items`
  }
  return undefined
}
