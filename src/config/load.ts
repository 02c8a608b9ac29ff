/** Reads the configuration: the only reader of the environment and of `config/`. */
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { applyEnvironment, findIgnoredVariables, type Misspelled } from './environment.ts'
import { ConfigError, nameSetting, showValue, suggest } from './error.ts'
import { type Members, readConfigFile } from './files.ts'
import { type Config, ConfigSchema, isTrial } from './index.ts'
import { checkMeaning } from './meaning.ts'
import { checkProviders, readShippedProviders } from './providers.ts'
import {
  fillDefaults,
  findMisfits,
  findUnknownKeys,
  membersOf,
  mergeMembers,
  type SchemaNode,
  schemaAt,
} from './shape.ts'
import { applyTrialDefaults } from './trial.ts'

export { ConfigError } from './error.ts'

/** Where this version lies. */
export const rootFolder = fileURLToPath(new URL('./', import.meta.resolve('#root/package.json')))
const configSchema = ConfigSchema as SchemaNode
const files = [
  'database.file',
  'security.keyFile',
  'server.tls.certFile',
  'server.tls.keyFile',
  'store.tlsCaFile',
  'password.breachedFile',
  'words.folder',
  'words.database.sqliteFile',
  'mail.smtp.tlsCaFile',
  'mail.dkim.keyFile',
  'mail.templates',
  'sms.templates',
]
const hostFiles = /^(words\.)?database\..*\.tls(Ca|Cert|Key)File$/
const isFile = (path: string) => files.includes(path) || hostFiles.test(path)
/** Values that examples show; a secret that equals one protects nothing. */
const samples =
  /^(change-?me.*|sample.*|example.*|secret|password|passw0rd|admin|root|test|torii|123456\d*|x+|\*+)$/i

const checkKeys = (file: string, members: Members) => {
  const unknown = findUnknownKeys(configSchema, members)[0]
  if (!unknown) return
  const near = suggest(unknown.path.at(-1) ?? '', unknown.known)
  const parent = unknown.path.slice(0, -1)
  const advice = near ? `did you mean ${[...parent, near].join('.')}?` : 'see docs/configuration.md'
  throw new ConfigError(`${unknown.path.join('.')}: no such setting, in ${file}; ${advice}`)
}

const checkShape = (config: unknown) => {
  const misfit = findMisfits(configSchema, config)[0]
  if (!misfit) return
  const { path, value, expected, schema } = misfit
  const found = schema.secret ? 'something else' : showValue(value)
  throw new ConfigError(`${nameSetting(path)}: expected ${expected}, found ${found}`)
}

type Visit = (schema: SchemaNode, value: unknown, path: string[], parent: Members) => void

/** Calls `visit` for every value that the schema describes. */
const walk = (schema: SchemaNode, node: unknown, path: string[], visit: Visit) => {
  if (typeof node !== 'object' || node === null) return
  for (const [key, value] of Object.entries(node)) {
    const next = schema.items
      ? schemaAt(schema.items, Number(key))
      : membersOf(schema, node as Members)?.[key]
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
      throw new ConfigError(`${nameSetting(path)}: a sample value; expected a secret of your own`)
  })
  if (config.server.trial === true)
    throw new ConfigError(`${nameSetting(['server', 'trial'])}: expected false with NODE_ENV=production`)
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
  const members = readConfigFile(file)
  checkKeys(file, members)
  const shipped = { providers: readShippedProviders(rootFolder) }
  const node = fillDefaults(configSchema, mergeMembers(shipped, structuredClone(members))) as Members
  applyEnvironment(configSchema, node, environment)
  const config = fillDefaults(configSchema, node) as Config
  checkShape(config)
  if (isTrial(config) && environment.NODE_ENV !== 'production') {
    const given = environment.TORII_CONFIG === undefined ? {} : members
    applyTrialDefaults(config, { given, environment })
  }
  walk(configSchema, config, [], (_schema, value, path, parent) => {
    if (isFile(path.join('.')) && value !== '') parent[path.at(-1) ?? ''] = resolve(rootFolder, String(value))
  })
  const isProduction = environment.NODE_ENV === 'production'
  if (isProduction) checkProduction(config)
  // A trial trusts every caller on this machine, so `auto` never means a trial in production.
  if (isProduction && config.server.trial === 'auto') config.server.trial = false
  checkMeaning(config)
  checkProviders(config)
  return freeze(config)
}

/** Environment variables that look like settings and are not read. */
export const listIgnoredVariables = (environment: NodeJS.ProcessEnv = process.env): Misspelled[] =>
  findIgnoredVariables(configSchema, environment)

/** The configuration with its secrets masked, for `--print-config`. */
export const maskConfig = (config: Config): unknown => {
  const copy = structuredClone(config)
  walk(configSchema, copy, [], (schema, value, path, parent) => {
    if (schema.secret && value !== '') parent[path.at(-1) ?? ''] = '********'
  })
  return copy
}
