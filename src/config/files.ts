/** Files that the configuration is read from: JSON, and files that hold one value. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { ConfigError, toEnvironmentName } from './error.ts'

export type Members = Record<string, unknown>

const problems: Record<string, string> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
}

/** The text of a file in UTF-8, without its byte order mark. */
const readUtf8 = (file: string, name: string): string => {
  let bytes: Buffer
  try {
    bytes = readFileSync(file)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new ConfigError(`${name}: the file ${file} ${problems[code] ?? `cannot be read: ${message}`}`)
  }
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
  if (isUtf16 || bytes.includes(0)) throw new ConfigError(`${name}: ${file} is not UTF-8; save it as UTF-8`)
  return bytes.toString('utf8').replace(/^\ufeff/, '')
}

/** The value of a setting that stands in a file of its own, such as a secret; its last line break does not count. */
export const readValueFile = (file: string, path: readonly string[]): string => {
  const name = `${path.join('.')} (${toEnvironmentName(path)}__FILE)`
  if (file === '') throw new ConfigError(`${name}: expected the name of a file, found nothing`)
  const text = readUtf8(file, name).replace(/\r?\n$/, '')
  if (text === '') throw new ConfigError(`${name}: the file ${file} is empty`)
  return text
}

/** The members of a configuration file. */
export const readConfigFile = (file: string): Members => {
  const text = readUtf8(file, 'TORII_CONFIG')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ConfigError(`${file}${describeFault(text)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigError(`${file}: expected a JSON object`)
  return value as Members
}

type JsoncParser = typeof import('jsonc-parser')

const faultTexts: Record<string, string> = {
  PropertyNameExpected: 'expected a name in double quotes; the last member has no comma behind it',
  ValueExpected: 'expected a value; the last item of a list has no comma behind it',
  ColonExpected: 'expected a colon',
  CommaExpected: 'expected a comma',
  CloseBraceExpected: 'expected a comma or }',
  CloseBracketExpected: 'expected a comma or ]',
  EndOfFileExpected: 'expected nothing more',
  InvalidCommentToken: 'JSON has no comments',
  UnexpectedEndOfString: 'this text has no closing quote',
}

/** `:line:column: what` of the first fault, without the text itself. The parser is loaded only when there is one. */
const describeFault = (text: string): string => {
  const { parse, printParseErrorCode } = createRequire(import.meta.url)('jsonc-parser') as JsoncParser
  const faults: { error: number; offset: number; length: number }[] = []
  parse(text, faults, { disallowComments: true, allowTrailingComma: false })
  const { error = 0, offset = text.length } = faults[0] ?? {}
  const before = text.slice(0, offset).split('\n')
  const what = faultTexts[printParseErrorCode(error)] ?? 'this is not JSON'
  return `:${before.length}:${(before.at(-1)?.length ?? 0) + 1}: ${what}`
}
