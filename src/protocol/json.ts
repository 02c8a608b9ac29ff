/**
 * Reads all JSON that comes from outside. Instead of JSON.parse, which lets the last of two equal members win, reads
 * 1e999 as Infinity and has no limits: two readers that disagree about a text are how filters are bypassed.
 */
import { utf8 } from './bytes.ts'
import { Failure } from './errors.ts'

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject
export type JsonObject = { [member: string]: JsonValue }

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const jsonLimits = { depth: 16, members: 64, values: 1_000, items: 256, stringBytes: 16_384 } as const

const refuse = (reason: string): never => {
  throw new Failure('ENVELOPE_REFUSED', { cause: new Error(reason) })
}

const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const blank = /[ \t\n\r]*/y
/** Characters that end or escape a string: quote, backslash, control characters. */
const special = /[^ !#-[\]-\uffff]/g
const words = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const

/** Returns one JSON object, or throws `Failure('ENVELOPE_REFUSED')`; its cause says what is wrong. */
export const parseJsonObject = (text: string): JsonObject => {
  let at = 0
  let count = 0

  const refuseHere = (what: string) => refuse(`not JSON: ${what} at ${at}`)

  const skipBlank = () => {
    const code = text.charCodeAt(at)
    if (code > 32) return
    blank.lastIndex = at
    at += blank.exec(text)?.[0].length ?? 0
  }

  const expect = (letter: string) => {
    if (text[at] !== letter) refuseHere(at < text.length ? 'unexpected character' : 'unexpected end')
    at++
  }

  const readString = (): string => {
    expect('"')
    const start = at
    let escaped = false
    for (;;) {
      special.lastIndex = at
      at = special.exec(text)?.index ?? text.length
      const code = text.charCodeAt(at)
      if (code === 34) break
      if (code !== 92) refuseHere('control character or end of text in a string')
      escaped = true
      at += 2
    }
    let value = text.slice(start, at++)
    if (escaped) value = readEscapes(`"${value}"`)
    if (value.length * 3 > jsonLimits.stringBytes && utf8(value).length > jsonLimits.stringBytes) {
      refuse('string too long')
    }
    return value
  }

  const readEscapes = (quoted: string): string => {
    let value = ''
    try {
      value = JSON.parse(quoted)
    } catch {
      refuseHere('bad escape')
    }
    if (!value.isWellFormed()) refuse('lone surrogate')
    return value
  }

  const readNumber = (): number => {
    number.lastIndex = at
    const match = number.exec(text)?.[0] ?? refuseHere('unexpected character')
    at += match.length
    const value = Number(match)
    if (!Number.isFinite(value)) refuse('number out of range')
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) refuse('unsafe integer')
    return value
  }

  const readObject = (depth: number): JsonObject => {
    const object: JsonObject = {}
    let members = 0
    expect('{')
    skipBlank()
    if (text[at] === '}') {
      at++
      return object
    }
    for (;;) {
      skipBlank()
      const name = readString()
      if (Object.hasOwn(object, name)) refuse('duplicate member')
      if (name === '__proto__' || /^[0-9]+$/.test(name)) refuse('member name not allowed')
      if (++members > jsonLimits.members) refuse('too many members')
      skipBlank()
      expect(':')
      object[name] = readValue(depth + 1)
      skipBlank()
      if (text[at] === '}') break
      expect(',')
    }
    at++
    return object
  }

  const readArray = (depth: number): JsonValue[] => {
    const items: JsonValue[] = []
    expect('[')
    skipBlank()
    if (text[at] === ']') {
      at++
      return items
    }
    for (;;) {
      if (items.push(readValue(depth + 1)) > jsonLimits.items) refuse('too many items')
      skipBlank()
      if (text[at] === ']') break
      expect(',')
    }
    at++
    return items
  }

  const readValue = (depth: number): JsonValue => {
    skipBlank()
    if (++count > jsonLimits.values) refuse('too many values')
    const letter = text[at]
    if (letter === '"') return readString()
    if (letter === '{' || letter === '[') {
      if (depth > jsonLimits.depth) refuse('too deep')
      return letter === '{' ? readObject(depth) : readArray(depth)
    }
    for (const [word, value] of words) {
      if (!text.startsWith(word, at)) continue
      at += word.length
      return value
    }
    return readNumber()
  }

  skipBlank()
  const object = readObject(1)
  skipBlank()
  if (at !== text.length) refuseHere('text after the object')
  return object
}
