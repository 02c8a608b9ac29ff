/** Every refusal ends here: one catalogue, no input and nothing of the inside in the answer. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorName, Failure } from '../protocol/errors.ts'
import { composeFailure, failureStatusOf } from './reply.ts'

export type ErrorNeeds = { now(): number; failureStatus: number }

const byStatus: Record<number, ErrorName> = {
  404: 'OPERATION_UNKNOWN',
  405: 'METHOD_NOT_SUPPORTED',
  408: 'PARAMETER_INVALID',
  413: 'TOO_LONG',
  415: 'PARAMETER_INVALID',
  431: 'TOO_LONG',
}

const toFailure = (error: Error, requestId: string): Failure => {
  if (error instanceof Failure) return error
  const { validation, statusCode = 500 } = error as FastifyError
  const broken = validation?.[0]
  if (broken) {
    const missing = (broken.params as { missingProperty?: string }).missingProperty
    const member = [...broken.instancePath.split('/').slice(1), ...(missing ? [missing] : [])].join('.')
    return new Failure(missing ? 'PARAMETER_MISSING' : 'PARAMETER_INVALID', { cause: error, info: member })
  }
  if (statusCode >= 400 && statusCode < 500) {
    return new Failure(byStatus[statusCode] ?? 'PARAMETER_INVALID', { cause: error })
  }
  return new Failure('INTERNAL', { cause: error, info: requestId })
}

const statuses = new Set([405, 408, 415, 431])

export const createErrorHandler = ({ now, failureStatus }: ErrorNeeds) => {
  return async (error: Error, request: FastifyRequest, reply: FastifyReply) => {
    const failure = toFailure(error, request.id)
    const { caller, opened } = request
    request.outcome = failure.entry
    const cause = failure.options.cause
    if (failure.entry.name === 'INTERNAL' || failure.entry.name === 'DATABASE_ERROR') {
      request.log.error({ err: cause ?? failure }, 'request failed')
    } else if (cause instanceof Error) {
      request.reason = cause.message
    }
    const { statusCode = 0 } = error as FastifyError
    const isJson = (request.headers['content-type'] ?? '').startsWith('application/json')
    const shape = request.routeOptions.config.shape
    const status = statuses.has(statusCode)
      ? statusCode
      : failureStatusOf(failure, {
          envelope: caller.envelope,
          isEnvelopeCall: !!shape && !isJson,
          failureStatus,
        })
    if (failure.options.retryAfterSeconds !== undefined) {
      reply.header('retry-after', String(Math.max(1, Math.ceil(failure.options.retryAfterSeconds))))
    }
    const body = composeFailure(failure, caller.language, now(), opened?.rid)
    return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body))
  }
}
