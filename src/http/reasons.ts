/** Why a call was refused, for the log: which check, and what to do where that is known. */
import type { FastifyError, FastifyRequest } from 'fastify'
import { Failure } from '../protocol/errors.ts'

/** What Fastify refuses before a stage sees the call, by its code. */
const ofFastify: Record<string, (request: FastifyRequest) => string> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ({ headers }) =>
    headers['content-type'] === undefined
      ? 'no content-type'
      : 'a content-type that is not taken; application/json is',
  FST_ERR_CTP_BODY_TOO_LARGE: () => 'the body is too long; see transport.maxPostBytes',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => 'the body is not as long as content-length says',
}

export const reasonOf = (failure: Failure, request: FastifyRequest): string | undefined => {
  const { cause, info } = failure.options
  if (failure.entry.name === 'INTERNAL') return undefined
  if (!(cause instanceof Error)) return info
  const say = ofFastify[(cause as Partial<FastifyError>).code ?? '']
  return say ? say(request) : cause.message
}

/** In a trial the caller is the developer, who reads the reason too. What broke inside stays in the log. */
export const tellReason = (failure: Failure, reason: string | undefined): Failure => {
  const { entry, options } = failure
  if (reason === undefined || options.info !== undefined || entry.status >= 500) return failure
  return new Failure(entry.name, { ...options, info: reason })
}
