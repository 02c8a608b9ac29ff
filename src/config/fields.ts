/** What a setting can be: each builder gives its schema with default, check and description. */
import type { Static, TSchema } from 'typebox'
import { Type } from '../protocol/schema.ts'

/** Members that have defaults; any other member is refused. */
export const section = <P extends Record<string, TSchema>>(properties: P) =>
  Type.Object(properties, { additionalProperties: false, default: {} })

type Slice = Record<string, TSchema>
type NamesOf<S> = S extends unknown ? keyof S & string : never
type Merged<S> = { [N in NamesOf<S>]: S extends { readonly [K in N]: infer T extends TSchema } ? T : never }

/** One section from the slices of several features. Throws for a name that two declare: one would replace the other. */
export const sectionOf = <S extends Slice[]>(...slices: S) => {
  const members = slices.flatMap((slice) => Object.entries(slice))
  const names = members.map(([name]) => name)
  const twice = names.find((name, at) => names.indexOf(name) < at)
  if (twice !== undefined) throw new Error(`two features declare the setting ${twice}`)
  return section(Object.fromEntries(members) as Merged<S[number]>)
}

export const text = (value: string, description: string, more: { pattern?: string } = {}) =>
  Type.String({ default: value, description, ...more })

/** A text that `--print-config` masks, and that production refuses when it is a sample. */
export const secret = (description: string) => Type.String({ default: '', description, secret: true })

export const flag = (value: boolean, description: string) => Type.Boolean({ default: value, description })

export const whole = (value: number, minimum: number, maximum: number, description: string) =>
  Type.Integer({ default: value, minimum, maximum, description })

export const listOf = <T extends TSchema>(items: T, description: string) =>
  Type.Array(items, { default: [], description })

/** Members with names of their own, each of the same form. */
export const mapOf = <T extends TSchema>(item: T, pattern: string, description: string) =>
  Type.Unsafe<Record<string, Static<T>>>({
    type: 'object',
    propertyNames: { pattern },
    additionalProperties: item,
    default: {},
    description,
  })

export const texts = (description: string) => listOf(Type.String(), description)

/** The first name is the default. */
export const oneOf = <const T extends readonly string[]>(names: T, description: string) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: names, default: names[0], description })

/** The name that a table has in the database. */
export const table = (name: string) =>
  Type.String({ default: name, pattern: '^[a-z][a-z0-9_]{0,47}$', description: `Name of the table ${name}` })

/** `[seconds, count]`: at most `count` calls pass in any span of `seconds`. */
export const limit = (seconds: number, count: number) =>
  Type.Unsafe<readonly [number, number]>({
    type: 'array',
    items: [
      { type: 'integer', minimum: 1, maximum: 86_400 },
      { type: 'integer', minimum: 1, maximum: 1_000_000 },
    ],
    minItems: 2,
    maxItems: 2,
    default: [seconds, count],
    description: 'Seconds, and the number of calls that pass from one address in any span of that length',
  })

/** A MySQL or MariaDB server, and what to log in to it with. */
export const databaseHost = section({
  host: text('127.0.0.1', 'Host name or address of the database server'),
  port: whole(3306, 1, 65_535, 'Port of the database server'),
  user: text('torii', 'Database user'),
  password: secret('Password of the database user'),
  database: text('torii', 'Name of the database'),
  weight: whole(1, 1, 100, 'Share of the calls that this host gets, compared with the other hosts'),
  tls: flag(false, 'Encrypt the connection and verify the certificate'),
  tlsCaFile: text('', 'PEM certificate authority of this server; without it, the well-known ones'),
  tlsCertFile: text('', 'PEM client certificate, with tlsKeyFile'),
  tlsKeyFile: text('', 'PEM private key of the client certificate'),
})
