/** What providers of plain OAuth 2 answer: JSON, JSONP or a form, whatever their content type says. */
import type { ProviderRow } from '../../config/index.ts'

export type Answers = Record<string, unknown>

/** Numbers of 16 digits and more become texts: JavaScript would round them, and two users would be one. */
const longNumbers = /"(?:[^"\\]|\\.)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g

const parseJson = (text: string): unknown =>
  JSON.parse(text.replace(longNumbers, (found) => (found.startsWith('"') ? found : `"${found}"`)))

/** `callback( {…} );` */
const jsonp = /^\s*[\w$.]+\s*\(([\s\S]*)\)\s*;?\s*$/

/** Undefined for what is none of the three. */
export const parseAnswer = (text: string): unknown => {
  const inner = jsonp.exec(text)?.[1] ?? text
  try {
    return parseJson(inner)
  } catch {
    const isForm = /^[\w.~-]+=[^\s<>{}]*$/.test(text.trim())
    return isForm ? Object.fromEntries(new URLSearchParams(text.trim())) : undefined
  }
}

const isMembers = (value: unknown): value is Answers => typeof value === 'object' && value !== null

const memberOf = (value: unknown, step: string): unknown => {
  const first = /^\[(\w+)\]$/.exec(step)?.[1]
  if (first !== undefined)
    return Array.isArray(value)
      ? value.find((item) => isMembers(item) && Object.hasOwn(item, first) && item[first] === true)
      : undefined
  return isMembers(value) && Object.hasOwn(value, step) ? value[step] : undefined
}

/** The text or number at a path: `user.id`; `emails.[primary].email` is of the first item whose `primary` is true. */
export const readText = (answers: Answers, path: string): string | undefined => {
  const value = path === '' ? undefined : path.split('.').reduce<unknown>(memberOf, answers)
  if (typeof value === 'string') return value === '' ? undefined : value
  return typeof value === 'number' ? String(value) : undefined
}

/** Whether the answer says so: true, as JSON or as a text. Apple and others write it as a text. */
export const readFlag = (answers: Answers, path: string): boolean => {
  const value = path === '' ? undefined : path.split('.').reduce<unknown>(memberOf, answers)
  return value === true || value === 'true'
}

const nothing: readonly unknown[] = [undefined, null, false, 0, '0', '']
const longestShown = 120

/** Printable, on one line, and short: it goes to the log. */
const shown = (value: unknown): string =>
  (typeof value === 'object' ? JSON.stringify(value) : String(value))
    .replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, ' ')
    .slice(0, longestShown)

/** What an answer says went wrong, even with the status 200; undefined for an answer that is none. */
export const findFault = (answer: unknown, { errorMembers }: ProviderRow['quirks']): string | undefined => {
  if (!isMembers(answer) || Array.isArray(answer)) return undefined
  const name = errorMembers.find(
    (member) => Object.hasOwn(answer, member) && !nothing.includes(answer[member]),
  )
  if (name === undefined) return undefined
  const texts = ['error_description', 'errmsg', 'msg', 'message']
  const text = texts.map((member) => answer[member]).find((found) => typeof found === 'string')
  return `${name} ${shown(answer[name])}${text ? `: ${shown(text)}` : ''}`
}
