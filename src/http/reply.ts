/** The faces of a reply: its members in order, its status, and its form in each envelope. */
import { type TSchema, Type } from 'typebox'
import { toBase64url, utf8 } from '../protocol/bytes.ts'
import { catalogue, type Failure, type Language } from '../protocol/errors.ts'
import type { EnvelopeKind, OperationShape, Reply } from './caller.ts'

export type ComposeInput = {
  reply: Reply
  language: Language
  nowMs: number
  rid: unknown
  shape: OperationShape
}

/** `code` first, then `msg`, the operation's own members, `timestamp` last; provisioning has no `msg`. */
export const composeReply = ({ reply, language, nowMs, rid, shape }: ComposeInput) => {
  const { code: name, ...members } = reply
  const entry = catalogue[name]
  return {
    code: entry.code,
    ...(!shape.bare && { msg: entry.text[language] }),
    ...members,
    ...(typeof rid === 'string' && { rid }),
    timestamp: Math.floor(nowMs / 1_000),
  }
}

export const composeFailure = (
  failure: Failure,
  language: Language,
  nowMs: number,
  rid?: unknown,
): Record<string, unknown> => ({
  code: failure.entry.code,
  msg: failure.entry.text[language],
  ...(failure.options.info !== undefined && { info: failure.options.info }),
  ...failure.options.members,
  ...(typeof rid === 'string' && { rid }),
  timestamp: Math.floor(nowMs / 1_000),
})

/** The whole reply's schema, in the order of the wire; undefined where the operation answers open members. */
export const replySchema = (shape: OperationShape): TSchema | undefined => {
  const { properties, additionalProperties } = shape.reply as {
    properties?: Record<string, TSchema>
    additionalProperties?: unknown
  }
  if (!properties || additionalProperties === true) return undefined
  return Type.Object({
    code: Type.Integer(),
    ...(!shape.bare && { msg: Type.String() }),
    ...properties,
    rid: Type.Optional(Type.String()),
    timestamp: Type.Integer(),
  })
}

/** Refusals before an envelope was opened that old clients meet with one status. */
const sealedFaces = new Set(['ENVELOPE_REFUSED', 'ADDRESS_BANNED', 'TOO_OFTEN', 'ENCRYPTION_REQUIRED'])

export type FailureFace = {
  envelope: EnvelopeKind | undefined
  /** The request named an operation, and its body was not JSON. */
  isEnvelopeCall: boolean
  failureStatus: number
}

/** The HTTP status of a refusal. */
export const failureStatusOf = (failure: Failure, face: FailureFace): number => {
  if (face.envelope === 'totp' || face.envelope === 'plain') return 200
  const isSealedFace = !face.envelope && face.isEnvelopeCall && sealedFaces.has(failure.entry.name)
  return isSealedFace ? face.failureStatus : failure.entry.status
}

/** The bytes of a reply in the envelope of its request. */
export const dressReply = (
  payload: string,
  envelope: EnvelopeKind | undefined,
  seal: ((text: string) => string) | undefined,
): { type: string; payload: string } => {
  if (envelope === 'totp' && seal) return { type: 'text/plain; charset=utf-8', payload: seal(payload) }
  if (envelope === 'plain') return { type: 'text/plain; charset=utf-8', payload: toBase64url(utf8(payload)) }
  return { type: 'application/json; charset=utf-8', payload }
}
