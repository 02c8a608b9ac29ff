/** A reply: its members in order, its status, and how it is written in each envelope. */
import type { TSchema } from 'typebox'
import { toBase64url, utf8 } from '../protocol/bytes.ts'
import { catalogue, type Failure, type Language } from '../protocol/errors.ts'
import type { JsonObject } from '../protocol/json.ts'
import type { EnvelopeKind, OperationShape, Reply } from './caller.ts'

export type ComposeInput = {
  reply: Reply
  language: Language
  nowMs: number
  rid: string | undefined
  shape: OperationShape
  /** Writes the operation's own members as a frame. */
  toFrame?: ((members: JsonObject) => JsonObject) | undefined
}

/** `code` first, then `msg`, the operation's own members, `timestamp` last; provisioning has no `msg`. */
export const composeReply = ({ reply, language, nowMs, rid, shape, toFrame }: ComposeInput): string => {
  const { code: name, headers: _, ...members } = reply
  const entry = catalogue[name]
  const own = pick(shape.reply, members) as JsonObject
  return JSON.stringify({
    code: entry.code,
    ...(!shape.bare && { msg: entry.text[language] }),
    ...(toFrame ? toFrame(own) : own),
    ...(rid !== undefined && { rid }),
    timestamp: Math.floor(nowMs / 1_000),
  })
}

export const composeFailure = (
  failure: Failure,
  language: Language,
  nowMs: number,
  rid?: string,
  framed?: Record<string, unknown>,
): Record<string, unknown> => ({
  code: failure.entry.code,
  msg: failure.entry.text[language],
  ...(failure.options.info !== undefined && { info: failure.options.info }),
  ...framed,
  ...failure.options.members,
  ...(rid !== undefined && { rid }),
  timestamp: Math.floor(nowMs / 1_000),
})

/** When a refused caller may come back. */
export const retryAfterOf = ({ options }: Failure): { 'retry-after'?: string } =>
  options.retryAfterSeconds === undefined
    ? {}
    : { 'retry-after': String(Math.max(1, Math.ceil(options.retryAfterSeconds))) }

/** On every reply. */
export const securityHeaders = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** Also on every reply, where this server itself ends TLS. */
export const strictTransport = { 'strict-transport-security': 'max-age=31536000' }

type Shape = { properties?: Record<string, TSchema>; items?: TSchema; additionalProperties?: unknown }

/** Only what a schema declares, however deep: what a room adds by mistake does not leave the house. */
const pick = (schema: TSchema, value: unknown): unknown => {
  const { properties, items, additionalProperties } = schema as Shape
  if (Array.isArray(value)) return items ? value.map((item) => pick(items, item)) : value
  if (!properties || additionalProperties === true || typeof value !== 'object' || value === null)
    return value
  const members = value as Record<string, unknown>
  const picked: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(properties)) {
    if (members[name] !== undefined) picked[name] = pick(member, members[name])
  }
  return picked
}

/** Old clients know one status for these refusals, as long as no envelope was opened. */
const unopenedRefusals = new Set(['ENVELOPE_REFUSED', 'ADDRESS_BANNED', 'TOO_OFTEN', 'ENCRYPTION_REQUIRED'])
/** Their clients look at the code inside, so the status is always 200. */
const enveloped = new Set<EnvelopeKind | undefined>(['totp', 'plain', 'sealed'])

export type FailureView = {
  envelope: EnvelopeKind | undefined
  /** The request named an operation that takes envelopes, and its body was not JSON. */
  isEnvelopeCall: boolean
  failureStatus: number
}

/** The HTTP status of a refusal. */
export const failureStatusOf = ({ entry }: Failure, view: FailureView): number => {
  if (enveloped.has(view.envelope)) return 200
  const isUnopened = !view.envelope && view.isEnvelopeCall && unopenedRefusals.has(entry.name)
  return isUnopened ? view.failureStatus : entry.status
}

/** A reply as it is sent. Its content is JSON, or a frame of protobuf. */
export type WriteReply = (content: string | Uint8Array) => { type: string; payload: string | Uint8Array }

const textType = 'text/plain; charset=utf-8'

/** Of a JSON body, a bare call, and of everything that was refused before its envelope was known. */
export const jsonReply: WriteReply = (content) => ({
  type: typeof content === 'string' ? 'application/json; charset=utf-8' : 'application/x-protobuf',
  payload: content,
})

export const plainReply: WriteReply = (content) => ({
  type: textType,
  payload: toBase64url(typeof content === 'string' ? utf8(content) : content),
})

export const sealedReply =
  (seal: (content: string | Uint8Array) => string): WriteReply =>
  (content) => ({ type: textType, payload: seal(content) })
