/** Values from environment variables: `TORII__DATABASE__WRITE__0__HOST`. */
import { readFileSync } from 'node:fs'
import { type SchemaNode, schemaAt } from './shape.ts'

/** A configuration that can't be used; the message names the key's path and what was expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export type Members = Record<string, unknown>
type Target = { schema: SchemaNode; node: Members; path: string[] }

/** `trustedProxies` -> `TRUSTED_PROXIES` */
export const toEnvironmentWord = (key: string) =>
  key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

export const readText = (file: string, path: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new ConfigError(`${path}: cannot read the file ${file}`)
  }
}

const parseText = (schema: SchemaNode, text: string, path: string): unknown => {
  if (schema.type === 'string') return text
  if (schema.type === 'array' && !text.trim().startsWith('[')) return parseList(schema, text, path)
  try {
    return JSON.parse(text)
  } catch {
    if (schema.enum) return text
    throw new ConfigError(`${path}: expected ${schema.type ?? 'a JSON value'}`)
  }
}

/** `a,b`: the members of a list, each read as its schema says. */
const parseList = ({ items }: SchemaNode, text: string, path: string): unknown[] =>
  (text === '' ? [] : text.split(',')).map((item, at) =>
    parseText(items ? schemaAt(items, at) : { type: 'string' }, item.trim(), `${path}.${at}`),
  )

/** The member that a word of the variable's name stands for; undefined when there is none. */
const findMember = (schema: SchemaNode, word: string): { key: string; schema: SchemaNode } | undefined => {
  if (schema.items) {
    const isIndex = /^(0|[1-9]\d{0,2})$/.test(word)
    return isIndex ? { key: word, schema: schemaAt(schema.items, Number(word)) } : undefined
  }
  const entries = Object.entries(schema.properties ?? {})
  const found = entries.find(([key]) => toEnvironmentWord(key) === word)
  return found && { key: found[0], schema: found[1] }
}

/** Goes one member deeper, and makes the list or section that is not there yet. */
const descend = ({ schema, node, path }: Target, word: string, name: string): Target => {
  const member = findMember(schema, word)
  if (!member) throw new ConfigError(`${name}: no such key${path.length > 0 ? ` in ${path.join('.')}` : ''}`)
  const { key } = member
  if (typeof node !== 'object') throw new ConfigError(`${path.join('.')}: must be ${schema.type}`)
  if (Array.isArray(node) && Number(key) > node.length) {
    throw new ConfigError(`${[...path, node.length].join('.')}: expected, since ${name} is given`)
  }
  node[key] ??= member.schema.items ? [] : {}
  return { schema: member.schema, node: node[key] as Members, path: [...path, key] }
}

/** Sets the value that a variable names; `…__FILE` reads the value from a file. */
export const applyVariable = (target: Target, name: string, value: string): void => {
  const words = name.split('__').slice(1)
  const isFile = words.at(-1) === 'FILE' && words.length > 2
  if (isFile) words.pop()
  const last = words.pop() ?? ''
  const parent = words.reduce((above, word) => descend(above, word, name), target)
  const { schema, path } = descend(parent, last, name)
  const text = isFile ? readText(value, path.join('.')).replace(/\r?\n$/, '') : value
  parent.node[path.at(-1) ?? ''] = parseText(schema, text, path.join('.'))
}
