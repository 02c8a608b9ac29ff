/** Values from environment variables: `TORII__DATABASE__WRITE__0__HOST`. */
import {
  ConfigError,
  nameSetting,
  showValue,
  suggest,
  toEnvironmentName,
  toEnvironmentWord,
} from './error.ts'
import { type Members, readValueFile } from './files.ts'
import { expectedOf, membersOf, type SchemaNode, schemaAt } from './shape.ts'

type Target = { schema: SchemaNode; node: Members; path: string[] }
type Variable = { name: string; value: string }

/** Every setting's environment name; a list stands for its first place, a map for the members that `node` has. */
const listNames = (schema: SchemaNode, node: unknown, path: readonly string[] = []): string[] => {
  const here = (node ?? {}) as Members
  const members = membersOf(schema, here)
  if (members)
    return Object.entries(members).flatMap(([key, member]) => listNames(member, here[key], [...path, key]))
  const item = schemaAt(schema.items, 0)
  const own = toEnvironmentName(path)
  return item.properties ? [own, ...listNames(item, undefined, [...path, '0'])] : [own]
}

const unknownName = ({ schema, node }: Target, name: string) => {
  const near = suggest(name.replace(/__\d+(?=__|$)/g, '__0'), listNames(schema, node))
  return new ConfigError(
    `${name}: no such setting${near ? `; did you mean ${near}?` : '; see docs/configuration.md'}`,
  )
}

const parseText = (schema: SchemaNode, text: string, path: string[]): unknown => {
  if (schema.type === 'string') return text
  if (schema.type === 'array' && !text.trim().startsWith('[')) return parseList(schema, text, path)
  try {
    return JSON.parse(text)
  } catch {
    if (schema.enum) return text
    const found = schema.secret ? 'something else' : showValue(text)
    throw new ConfigError(`${nameSetting(path)}: expected ${expectedOf(schema)}, found ${found}`)
  }
}

/** `a,b`: the members of a list, each read as its schema says. */
const parseList = ({ items }: SchemaNode, text: string, path: string[]): unknown[] =>
  (text === '' ? [] : text.split(',')).map((item, at) =>
    parseText(items ? schemaAt(items, at) : { type: 'string' }, item.trim(), [...path, String(at)]),
  )

/** The member that a word of the variable's name stands for; undefined when there is none. */
const findMember = (schema: SchemaNode, word: string): { key: string; schema: SchemaNode } | undefined => {
  if (schema.items) {
    const isIndex = /^(0|[1-9]\d{0,2})$/.test(word)
    return isIndex ? { key: word, schema: schemaAt(schema.items, Number(word)) } : undefined
  }
  // The names of a map are in lower case and have no sign that the name of a variable cannot have.
  if (typeof schema.additionalProperties === 'object')
    return { key: word.toLowerCase(), schema: schema.additionalProperties }
  const entries = Object.entries(schema.properties ?? {})
  const found = entries.find(([key]) => toEnvironmentWord(key) === word)
  return found && { key: found[0], schema: found[1] }
}

/** Goes one member deeper, and makes the list or section that is not there yet. */
const descend = ({ schema, node, path }: Target, word: string): Target | undefined => {
  const member = findMember(schema, word)
  if (!member) return undefined
  const { key } = member
  if (typeof node !== 'object')
    throw new ConfigError(`${nameSetting(path)}: expected ${expectedOf(schema)}, found ${showValue(node)}`)
  if (Array.isArray(node) && Number(key) > node.length) {
    const missing = [...path, String(node.length)]
    throw new ConfigError(
      `${nameSetting(missing)}: missing; places of a list are numbered from 0 without gaps`,
    )
  }
  node[key] ??= member.schema.items ? [] : {}
  return { schema: member.schema, node: node[key] as Members, path: [...path, key] }
}

/** Sets the value that a variable names; `…__FILE` reads the value from a file. */
const applyVariable = (root: Target, { name, value }: Variable): void => {
  const words = name.split('__').slice(1)
  const isFile = words.at(-1) === 'FILE' && words.length > 2
  if (isFile) words.pop()
  const last = words.pop() ?? ''
  const parent = words.reduce<Target | undefined>((above, word) => above && descend(above, word), root)
  const target = parent && descend(parent, last)
  if (!parent || !target) throw unknownName(root, name)
  const { schema, path } = target
  const text = isFile ? readValueFile(value, path) : value
  parent.node[path.at(-1) ?? ''] = parseText(schema, text, path)
}

/** One underscore, or lower case: near enough to a setting's name to be a mistake. */
const findMisspelled = (names: readonly string[], known: readonly string[]): Misspelled[] => {
  const plain = (name: string) => name.toUpperCase().replaceAll(/_+/g, '_')
  const byPlain = new Map(known.map((name) => [plain(name), name]))
  return names.flatMap((name) => {
    const meant = name.startsWith('TORII__') ? undefined : byPlain.get(plain(name).replace(/_FILE$/, ''))
    return meant ? [{ name, meant }] : []
  })
}

/** A variable that is not read, and the name that is. */
export type Misspelled = { name: string; meant: string }

/** What looks like a setting and is not read. Container platforms set such names themselves, so it is no error. */
export const findIgnoredVariables = (schema: SchemaNode, environment: NodeJS.ProcessEnv): Misspelled[] =>
  findMisspelled(Object.keys(environment), listNames(schema, {}))

/** Applies every `TORII__…` variable to the configuration. Throws ConfigError. */
export const applyEnvironment = (schema: SchemaNode, node: Members, environment: NodeJS.ProcessEnv): void => {
  // Sorted, so that members of lists follow each other.
  const names = Object.keys(environment)
    .filter((name) => name.startsWith('TORII__'))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  for (const name of names) {
    const both = names.includes(`${name}__FILE`)
    if (both) throw new ConfigError(`${name} and ${name}__FILE are both set: keep one of them`)
    applyVariable({ schema, node, path: [] }, { name, value: environment[name] ?? '' })
  }
}
