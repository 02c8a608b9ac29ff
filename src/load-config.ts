/** Reads the configuration: the only reader of the environment and of `config/`. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseNetwork } from './adapters/network.ts'
import { type Config, ConfigSchema } from './config.ts'
import { fillDefaults, findMisfits, type SchemaNode, schemaAt } from './config-shape.ts'

const rootFolder = fileURLToPath(new URL('./', import.meta.resolve('#root/package.json')))
const files = [
  'database.file',
  'security.keyFile',
  'server.tls.certFile',
  'server.tls.keyFile',
  'store.tlsCaFile',
]
/** Values that stand in examples and must never guard anything. */
const samples =
  /^(change-?me.*|sample.*|example.*|secret|password|passw0rd|admin|root|test|torii|123456\d*|x+|\*+)$/i

/** A configuration that can't be used; the message names the key's path and what was expected. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

type Node = Record<string, unknown>
const configSchema = ConfigSchema as SchemaNode

const toEnvironment = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()

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

/** Puts one variable in its place: `TORII__DATABASE__WRITE__0__HOST`; `…__FILE` reads the value from a file. */
const applyVariable = (config: Node, name: string, value: string) => {
  const words = name.split('__').slice(1)
  const fromFile = words.at(-1) === 'FILE' && words.length > 2
  if (fromFile) words.pop()
  let schema: SchemaNode = configSchema
  let node: unknown = config
  const path: string[] = []
  for (const [at, word] of words.entries()) {
    const key = schema.items
      ? word
      : Object.keys(schema.properties ?? {}).find((it) => toEnvironment(it) === word)
    const next: SchemaNode | undefined = schema.items
      ? schemaAt(schema.items, Number(word))
      : schema.properties?.[key ?? '']
    if (key === undefined || !next || (schema.items && !/^(0|[1-9]\d{0,2})$/.test(word))) {
      throw new ConfigError(`${name}: no such key${path.length > 0 ? ` in ${path.join('.')}` : ''}`)
    }
    const parent = node as Node
    if (Array.isArray(parent) && Number(key) > parent.length) {
      throw new ConfigError(`${[...path, parent.length].join('.')}: expected, since ${name} is given`)
    }
    path.push(key)
    if (at === words.length - 1) {
      const text = fromFile ? readText(value, path.join('.')).replace(/\r?\n$/, '') : value
      parent[key] = parseText(next, text, path.join('.'))
    } else {
      parent[key] ??= next.items ? [] : {}
      node = parent[key]
      schema = next
    }
  }
}

const readText = (file: string, path: string): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new ConfigError(`${path}: can not read the file ${file}`)
  }
}

const readFile = (file: string): Node => {
  const text = readText(file, 'TORII_CONFIG')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {}
  if (typeof value !== 'object' || value === null) throw new ConfigError(`${file}: expected a JSON object`)
  return value as Node
}

const checkShape = (config: unknown) => {
  const misfits = findMisfits(configSchema, config)
  const first = misfits.find(({ isUnknownKey }) => isUnknownKey) ?? misfits[0]
  if (first) throw new ConfigError(`${first.path.join('.') || 'configuration'}: ${first.expected}`)
}

/** Calls `visit` for every value that the schema describes. */
const walk = (
  schema: SchemaNode,
  node: unknown,
  path: string[],
  visit: (schema: SchemaNode, value: unknown, path: string[], parent: Node) => void,
) => {
  if (typeof node !== 'object' || node === null) return
  for (const [key, value] of Object.entries(node)) {
    const next = schema.items ? schemaAt(schema.items, Number(key)) : schema.properties?.[key]
    if (!next) continue
    visit(next, value, [...path, key], node as Node)
    walk(next, value, [...path, key], visit)
  }
}

/** The password in a URL; empty for what is none. */
const passwordOf = (text: string) => (URL.canParse(text) ? new URL(text).password : '')

const checkMeaning = (config: Config, isProduction: boolean) => {
  const { server, database, password, transport } = config
  walk(configSchema, config, [], (schema, value, path) => {
    const isSample = (text: string) => samples.test(text) || samples.test(passwordOf(text))
    if (isProduction && schema.secret && typeof value === 'string' && isSample(value)) {
      throw new ConfigError(`${path.join('.')}: a sample value; expected a secret of your own`)
    }
  })
  if (isProduction && server.trial === true)
    throw new ConfigError('server.trial: expected false in production')
  if (transport.failureStatus > 0 && transport.failureStatus < 200) {
    throw new ConfigError('transport.failureStatus: expected 0, or 200 to 499')
  }
  const proxy = server.trustedProxies.findIndex((it) => parseNetwork(it) === undefined)
  if (proxy >= 0) throw new ConfigError(`server.trustedProxies.${proxy}: expected an address or a CIDR range`)
  const origin = server.origins.findIndex((it) => !URL.canParse(it) || new URL(it).origin !== it)
  if (origin >= 0)
    throw new ConfigError(`server.origins.${origin}: expected an origin like https://a.example`)
  if ((server.tls.certFile === '') !== (server.tls.keyFile === '')) {
    throw new ConfigError('server.tls: expected certFile and keyFile, or neither')
  }
  if (database.read.length > 0 && database.write.length === 0) {
    throw new ConfigError('database.write: expected a host, since database.read has one')
  }
  const names = Object.values(database.tables)
  if (new Set(names).size < names.length) throw new ConfigError('database.tables: expected different names')
  if (password.nextCost > 0 && password.nextCost <= password.cost) {
    throw new ConfigError('password.nextCost: expected more than password.cost, or 0')
  }
}

const freeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze)
  return value
}

/**
 * Defaults, then the file (`TORII_CONFIG`, else `config/default.json`), then the environment. Frozen; relative
 * files are below the project's folder. Throws ConfigError.
 */
export const loadConfig = (environment: NodeJS.ProcessEnv = process.env): Config => {
  const file = environment.TORII_CONFIG ?? join(rootFolder, 'config/default.json')
  const given = fillDefaults(configSchema, readFile(file)) as Node
  // In order, so that members of lists follow each other, and a file comes after its value.
  const variables = Object.entries(environment).sort(([a], [b]) =>
    a.localeCompare(b, 'en', { numeric: true }),
  )
  for (const [name, value] of variables) {
    if (name.startsWith('TORII__') && value !== undefined) applyVariable(given, name, value)
  }
  const config = fillDefaults(configSchema, given) as Config
  checkShape(config)
  walk(configSchema, config, [], (_schema, value, path, parent) => {
    if (files.includes(path.join('.')) && value !== '')
      parent[path.at(-1) ?? ''] = resolve(rootFolder, String(value))
  })
  const isProduction = environment.NODE_ENV === 'production'
  checkMeaning(config, isProduction)
  // A trial trusts whoever is on this machine: in production it has to be left out, not only left alone.
  if (isProduction && config.server.trial === 'auto') config.server.trial = false
  return freeze(config)
}

/** The configuration with its secrets masked, for `--print-config`. */
export const maskConfig = (config: Config): unknown => {
  const copy = structuredClone(config)
  walk(configSchema, copy, [], (schema, value, path, parent) => {
    if (schema.secret && value !== '') parent[path.at(-1) ?? ''] = '********'
  })
  return copy
}
