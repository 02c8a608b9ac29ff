/** Every refusal ends here: one catalogue, no input and nothing of the inside in the answer. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorName, Failure } from '../protocol/errors.ts'
import { frameRefusal } from '../protocol/frame.ts'
import { drainBody } from './bodies.ts'
import { sendEndpoint } from './endpoints.ts'
import { renderFailure } from './page-texts.ts'
import { sendHtml } from './pages.ts'
import { reasonOf, tellReason } from './reasons.ts'
import { composeFailure, failureStatusOf, retryAfterOf } from './reply.ts'

export type ErrorNeeds = { now(): number; failureStatus: number; isTrial: boolean; drawNonce(): string }

const byStatus: Record<number, ErrorName> = {
  404: 'OPERATION_UNKNOWN',
  405: 'METHOD_NOT_SUPPORTED',
  408: 'PARAMETER_INVALID',
  413: 'TOO_LONG',
  415: 'PARAMETER_INVALID',
  431: 'TOO_LONG',
}

/** Whether the call named an operation that takes envelopes, and has no body of JSON. */
const isEnvelopeCall = ({ routeOptions, headers }: FastifyRequest): boolean => {
  const { shape } = routeOptions.config
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  const isJson = hasBody && /^\s*application\/json\b/i.test(headers['content-type'] ?? '')
  return shape !== undefined && !shape.bare && !isJson
}

type BrokenParams = { missingProperty?: string; additionalProperty?: string }
/** An unknown member is named in the refusal only where its name is short and plain: it is input. */
const isPlainName = /^[\w-]{1,40}$/

const toFailure = (error: Error, request: FastifyRequest): Failure => {
  if (error instanceof Failure) return error
  const { validation, statusCode = 500 } = error as FastifyError
  const broken = validation?.[0]
  if (broken) {
    const { missingProperty: missing, additionalProperty: unknown } = broken.params as BrokenParams
    const name = missing ?? (unknown !== undefined && isPlainName.test(unknown) ? unknown : undefined)
    const member = [...broken.instancePath.split('/').slice(1), ...(name ? [name] : [])].join('.')
    return new Failure(missing ? 'PARAMETER_MISSING' : 'PARAMETER_INVALID', { cause: error, info: member })
  }
  // A body so long holds a j over its limit.
  if (statusCode === 413 && isEnvelopeCall(request)) return new Failure('ENVELOPE_REFUSED', { cause: error })
  if (statusCode >= 400 && statusCode < 500) {
    return new Failure(byStatus[statusCode] ?? 'PARAMETER_INVALID', { cause: error })
  }
  return new Failure('INTERNAL', { cause: error, info: request.id })
}

const statuses = new Set([405, 408, 415, 431])

export const createErrorHandler = ({ now, failureStatus, isTrial, drawNonce }: ErrorNeeds) => {
  return async (error: Error, request: FastifyRequest, reply: FastifyReply) => {
    const found = toFailure(error, request)
    const { caller, opened } = request
    request.outcome = found.entry
    request.reason = reasonOf(found, request)
    if (found.entry.name === 'INTERNAL' || found.entry.name === 'DATABASE_ERROR')
      request.log.error({ err: found.options.cause ?? found }, 'request failed')
    const failure = isTrial ? tellReason(found, request.reason) : found
    const { statusCode = 0 } = error as FastifyError
    const status = statuses.has(statusCode)
      ? statusCode
      : failureStatusOf(failure, {
          envelope: caller.envelope,
          isEnvelopeCall: isEnvelopeCall(request),
          failureStatus,
        })
    if (statusCode === 413) drainBody(request, reply)
    if (request.routeOptions.config.page) {
      const nonce = drawNonce()
      const html = renderFailure(failure, caller.language, nonce)
      return sendHtml(reply.code(status).headers(retryAfterOf(failure)), html, nonce)
    }
    const { endpoint } = request.routeOptions.config
    if (endpoint) return sendEndpoint(reply.headers(retryAfterOf(failure)), endpoint.refuse(failure))
    const { frame } = request.routeOptions.config.shape ?? {}
    const framed = frame
      ? (request.carried?.refuse?.(failure, now()) ?? frameRefusal(failure, now()))
      : undefined
    const body = composeFailure(failure, caller.language, now(), opened?.rid, framed)
    return reply
      .code(status)
      .headers(retryAfterOf(failure))
      .type('application/json; charset=utf-8')
      .send(JSON.stringify(body))
  }
}
