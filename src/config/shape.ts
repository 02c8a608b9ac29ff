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
  /** The schema of each member of a map, or false. */
  additionalProperties?: SchemaNode | boolean
  /** What the names of a map look like. */
  propertyNames?: { pattern: string }
  secret?: boolean
}

/** What does not fit: its path, its value, and what was expected there. */
export type Misfit = { path: string[]; value: unknown; expected: string; schema: SchemaNode }
/** A member that the schema does not know, and those that it knows there. */
export type UnknownKey = { path: string[]; known: string[] }

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
  const { items } = schema
  if (isMembers(value)) {
    for (const [name, member] of Object.entries(membersOf(schema, value) ?? {})) {
      const filled = fillDefaults(member, value[name])
      if (filled !== undefined) value[name] = filled
    }
  }
  return Array.isArray(value) ? value.map((item, at) => fillDefaults(schemaAt(items, at), item)) : value
}

/** The schemas of the members of a section, or of those that a map has; undefined for what is neither. */
export const membersOf = (
  { properties, additionalProperties: item }: SchemaNode,
  value: Members,
): Record<string, SchemaNode> | undefined => {
  if (properties || typeof item !== 'object') return properties
  return Object.fromEntries(Object.keys(value).map((name) => [name, item]))
}

/** The members of both; those of `over` count, and sections are merged member by member. */
export const mergeMembers = (under: Members, over: Members): Members => {
  const merged = { ...under, ...over }
  for (const [name, value] of Object.entries(over)) {
    const below = under[name]
    if (isMembers(below) && isMembers(value)) merged[name] = mergeMembers(below, value)
  }
  return merged
}

/** The schema of a place in a list. */
export const schemaAt = (items: SchemaNode['items'], at: number): SchemaNode =>
  (Array.isArray(items) ? items[at] : (items as SchemaNode | undefined)) ?? {}

/** Every member that no schema knows. */
export const findUnknownKeys = (schema: SchemaNode, value: unknown, path: string[] = []): UnknownKey[] => {
  if (Array.isArray(value))
    return value.flatMap((item, at) =>
      findUnknownKeys(schemaAt(schema.items, at), item, [...path, String(at)]),
    )
  const properties = isMembers(value) ? membersOf(schema, value) : undefined
  if (!isMembers(value) || !properties) return []
  const known = Object.keys(properties)
  return Object.entries(value).flatMap(([name, member]) =>
    Object.hasOwn(properties, name)
      ? findUnknownKeys(properties[name] ?? {}, member, [...path, name])
      : [{ path: [...path, name], known }],
  )
}

/** Every value that does not fit, in the order of the schema. */
export const findMisfits = (schema: SchemaNode, value: unknown, path: string[] = []): Misfit[] => {
  if (!fits(schema, value)) return [{ path, value, expected: expectedOf(schema), schema }]
  if (Array.isArray(value))
    return value.flatMap((item, at) => findMisfits(schemaAt(schema.items, at), item, [...path, String(at)]))
  if (!isMembers(value)) return []
  return Object.entries(membersOf(schema, value) ?? {}).flatMap(([name, member]) =>
    findMisfits(member, value[name], [...path, name]),
  )
}

const isBetween = (value: number, least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY) =>
  value >= least && value <= most

const fits = (schema: SchemaNode, value: unknown): boolean => {
  const { type, pattern, minimum, maximum, minItems, maxItems } = schema
  if (type !== undefined && !types[type]?.(value)) return false
  if (schema.enum && !schema.enum.includes(value)) return false
  if (typeof value === 'string') return pattern === undefined || new RegExp(pattern, 'u').test(value)
  if (typeof value === 'number') return isBetween(value, minimum, maximum)
  return !Array.isArray(value) || isBetween(value.length, minItems, maxItems)
}

/** What fits, in words. */
export const expectedOf = ({
  type,
  pattern,
  minimum,
  maximum,
  minItems,
  maxItems,
  ...schema
}: SchemaNode) => {
  if (schema.enum) return `one of ${schema.enum.join(', ')}`
  if (type === 'integer') return `a whole number from ${minimum} to ${maximum}`
  if (type === 'boolean') return 'true or false'
  if (type === 'string') return pattern ? `a text that matches ${pattern}` : 'a text'
  if (type === 'array' && maxItems !== undefined) return `a list of ${maxItems}`
  if (type === 'array') return minItems ? `a list of at least ${minItems}` : 'a list'
  return 'a section, { … }'
}
