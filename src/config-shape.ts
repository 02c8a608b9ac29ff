/** The part of JSON Schema that the configuration is written in: its defaults, and what does not fit. */

export type SchemaNode = {
  type?: string
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

/** `path: expected`, for the one who wrote the value. */
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

/** The value with every default where it has nothing. */
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
