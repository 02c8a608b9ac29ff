/**
 * Shapes: JSON Schema from which TypeBox reads the types. Only its types are TypeBox's own: loading its builders takes
 * longer than loading all the rest of the server.
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

/** The builders of TypeBox that are used here, each making the same schema as there. */
export const Type = {
  Object: createObject,
  String: (options?: Options) => ({ type: 'string', ...options }),
  Integer: (options?: Options) => ({ type: 'integer', ...options }),
  Boolean: (options?: Options) => ({ type: 'boolean', ...options }),
  Array: (items: TSchema, options?: Options) => ({ type: 'array', items, ...options }),
  // Not enumerable: it is no part of the schema.
  Optional: (schema: TSchema) => Object.defineProperty({ ...schema }, isOptional, { value: true }),
  Unsafe: (schema: TSchema) => schema,
} as unknown as Builders
