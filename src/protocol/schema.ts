/**
 * Builders of JSON Schema, instead of those of TypeBox: loading them takes longer than loading the rest of the server.
 * The types are TypeBox's own, and a test compares the schemas.
 */
import type { TSchema, Type as TypeBox } from 'typebox'

type Builders = Pick<
  typeof TypeBox,
  'Object' | 'String' | 'Integer' | 'Boolean' | 'Array' | 'Optional' | 'Unsafe'
>
type Options = Record<string, unknown>

const isOptional = Symbol('optional')

const createObject = (properties: Record<string, TSchema>, options?: Options) => {
  const required = Object.keys(properties).filter((name) => !(isOptional in Object(properties[name])))
  return { type: 'object', ...(required.length > 0 && { required }), properties, ...options }
}

/** The builders that shapes use; each makes the same schema as TypeBox's. */
export const Type = {
  Object: createObject,
  String: (options?: Options) => ({ type: 'string', ...options }),
  Integer: (options?: Options) => ({ type: 'integer', ...options }),
  Boolean: (options?: Options) => ({ type: 'boolean', ...options }),
  Array: (items: TSchema, options?: Options) => ({ type: 'array', items, ...options }),
  // Not enumerable, so that it is not part of the schema.
  Optional: (schema: TSchema) => Object.defineProperty({ ...schema }, isOptional, { value: true }),
  Unsafe: (schema: TSchema) => schema,
} as unknown as Builders
