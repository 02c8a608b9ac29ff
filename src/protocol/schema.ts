/**
 * Builders of JSON Schema, instead of those of TypeBox: loading them takes longer than loading the rest of the server.
 * The types are TypeBox's own, and a test compares the schemas.
 */
import type { TSchema, TString, Type as TypeBox } from 'typebox'

type Builders = Pick<
  typeof TypeBox,
  'Object' | 'String' | 'Integer' | 'Boolean' | 'Array' | 'Optional' | 'Unsafe'
>
type Options = Record<string, unknown>
type TextBuilder = {
  /** A text that is kept or shown: at most so many code points, no control characters (no NUL, no line breaks). */
  Text(maxLength: number, options?: Options): TString
}

const isOptional = Symbol('optional')

const createObject = (properties: Record<string, TSchema>, options?: Options) => {
  const required = Object.keys(properties).filter((name) => !(isOptional in Object(properties[name])))
  return { type: 'object', ...(required.length > 0 && { required }), properties, ...options }
}

/** No control characters; Ajv reads patterns with the flag `u`. */
export const withoutControls = '^\\P{Cc}*$'

/** The builders that shapes use; each but `Text` makes the same schema as TypeBox's. */
export const Type = {
  Object: createObject,
  String: (options?: Options) => ({ type: 'string', ...options }),
  Text: (maxLength: number, options?: Options) => ({
    type: 'string',
    maxLength,
    pattern: withoutControls,
    ...options,
  }),
  Integer: (options?: Options) => ({ type: 'integer', ...options }),
  Boolean: (options?: Options) => ({ type: 'boolean', ...options }),
  Array: (items: TSchema, options?: Options) => ({ type: 'array', items, ...options }),
  // Not enumerable, so that it is not part of the schema.
  Optional: (schema: TSchema) => Object.defineProperty({ ...schema }, isOptional, { value: true }),
  Unsafe: (schema: TSchema) => schema,
} as unknown as Builders & TextBuilder
