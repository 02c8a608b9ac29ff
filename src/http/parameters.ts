import type { FastifyRequest } from 'fastify'
import { readUtf8 } from '../protocol/bytes.ts'
import { type JsonObject, parseJsonObject } from '../protocol/json.ts'
import type { RawBody } from './bodies.ts'
import { refuse } from './envelopes/envelope.ts'

export type Parameters =
  | { kind: 'form'; values: Map<string, string> }
  | { kind: 'json'; object: JsonObject }
  | { kind: 'frame'; bytes: Buffer }

const maxParameters = 64

/** As URLSearchParams reads it, which takes longer for an envelope than opening it. */
const readPairs = (text: string): Iterable<readonly [string, string]> => {
  if (/[%+?]/.test(text)) return new URLSearchParams(text)
  const parts = text.split('&').filter((part) => part !== '')
  return parts.map((part) => {
    const at = part.indexOf('=')
    return at < 0 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
  })
}

/** Counted before anything is split: 33,000 empty parameters would cost twenty times as much as a good form. */
const checkCount = (text: string) => {
  let at = -1
  // Empty ones do not count, so some are forgiven.
  for (let count = 1; count <= 2 * maxParameters; count++) {
    at = text.indexOf('&', at + 1)
    if (at < 0) return
  }
  refuse('too many parameters')
}

const readForm = (text: string): Map<string, string> => {
  checkCount(text)
  const values = new Map<string, string>()
  for (const [name, value] of readPairs(text)) {
    // A name twice would let two readers see two different requests.
    if (values.has(name)) refuse('a parameter twice')
    if (values.size >= maxParameters) refuse('too many parameters')
    values.set(name, value)
  }
  return values
}

/** The query alone. */
export const readQuery = (request: FastifyRequest): Map<string, string> => {
  const url = request.raw.url ?? ''
  const mark = url.indexOf('?')
  return readForm(mark < 0 ? '' : url.slice(mark + 1))
}

/** All parameters of a request from one place: JSON, the body of a POST that has one, else the query. */
export const readParameters = (request: FastifyRequest): Parameters => {
  const query = readQuery(request)
  const body = request.body as RawBody | undefined
  if (body && body.type !== 'form') {
    if (request.method !== 'POST') refuse('a body needs POST')
    if (query.has('t') || query.has('j')) refuse('parameters in body and query')
    if (body.type === 'frame') return { kind: 'frame', bytes: body.bytes }
    return { kind: 'json', object: parseJsonObject(readUtf8(body.bytes) ?? refuse('not UTF-8')) }
  }
  if (!body) return { kind: 'form', values: query }
  const form = readForm(readUtf8(body.bytes) ?? refuse('not UTF-8'))
  for (const name of form.keys()) if (query.has(name)) refuse('a parameter in body and query')
  const [values, ignored] = request.method === 'POST' ? [form, query] : [query, form]
  if (ignored.has('t') || ignored.has('j')) refuse('parameters in the wrong place')
  return { kind: 'form', values }
}
