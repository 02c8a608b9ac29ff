/** Reads the configuration: the only reader of the environment and of `config/`. */
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { applyVariable, ConfigError, type Members, readText } from './environment.ts'
import { type Config, ConfigSchema } from './index.ts'
import { checkMeaning } from './meaning.ts'
import { fillDefaults, findMisfits, type SchemaNode, schemaAt } from './shape.ts'

export { ConfigError } from './environment.ts'

const rootFolder = fileURLToPath(new URL('./', import.meta.resolve('#root/package.json')))
const configSchema = ConfigSchema as SchemaNode
const files = [
  'database.file',
  'security.keyFile',
  'server.tls.certFile',
  'server.tls.keyFile',
  'store.tlsCaFile',
]
/** Values that examples show; a secret that equals one protects nothing. */
const samples =
  /^(change-?me.*|sample.*|example.*|secret|password|passw0rd|admin|root|test|torii|123456\d*|x+|\*+)$/i

const readFile = (file: string): Members => {
  const text = readText(file, 'TORII_CONFIG')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {}
  if (typeof value !== 'object' || value === null) throw new ConfigError(`${file}: expected a JSON object`)
  return value as Members
}

const checkShape = (config: unknown) => {
  const misfits = findMisfits(configSchema, config)
  const first = misfits.find(({ isUnknownKey }) => isUnknownKey) ?? misfits[0]
  if (first) throw new ConfigError(`${first.path.join('.') || 'configuration'}: ${first.expected}`)
}

type Visit = (schema: SchemaNode, value: unknown, path: string[], parent: Members) => void

/** Calls `visit` for every value that the schema describes. */
const walk = (schema: SchemaNode, node: unknown, path: string[], visit: Visit) => {
  if (typeof node !== 'object' || node === null) return
  for (const [key, value] of Object.entries(node)) {
    const next = schema.items ? schemaAt(schema.items, Number(key)) : schema.properties?.[key]
    if (!next) continue
    visit(next, value, [...path, key], node as Members)
    walk(next, value, [...path, key], visit)
  }
}

/** The password in a URL; empty when there is none. */
const passwordOf = (text: string) => (URL.canParse(text) ? new URL(text).password : '')

const checkProduction = (config: Config) => {
  walk(configSchema, config, [], (schema, value, path) => {
    if (!schema.secret || typeof value !== 'string') return
    if (samples.test(value) || samples.test(passwordOf(value)))
      throw new ConfigError(`${path.join('.')}: a sample value; expected a secret of your own`)
  })
  if (config.server.trial === true) throw new ConfigError('server.trial: expected false in production')
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
  const node = fillDefaults(configSchema, readFile(file)) as Members
  // Sorted, so that members of lists follow each other, and a file comes after its value.
  const variables = Object.entries(environment).sort(([a], [b]) =>
    a.localeCompare(b, 'en', { numeric: true }),
  )
  for (const [name, value] of variables) {
    if (name.startsWith('TORII__') && value !== undefined)
      applyVariable({ schema: configSchema, node, path: [] }, name, value)
  }
  const config = fillDefaults(configSchema, node) as Config
  checkShape(config)
  walk(configSchema, config, [], (_schema, value, path, parent) => {
    if (files.includes(path.join('.')) && value !== '')
      parent[path.at(-1) ?? ''] = resolve(rootFolder, String(value))
  })
  const isProduction = environment.NODE_ENV === 'production'
  if (isProduction) checkProduction(config)
  checkMeaning(config)
  // A trial trusts every caller on this machine, so `auto` never means a trial in production.
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
