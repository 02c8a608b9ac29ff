import type { FastifyInstance } from 'fastify'
import { Failure } from '../protocol/errors.ts'

/** A known path names its methods to a caller that used another; any other path is unknown. */
export const registerNotFound = (app: FastifyInstance) => {
  const methodsAt = new Map<string, string[]>([['*', ['GET', 'POST']]])
  app.addHook('onRoute', ({ url, method }) => {
    methodsAt.set(url, [...new Set([...(methodsAt.get(url) ?? []), ...[method].flat()])])
  })
  app.setNotFoundHandler(async (request, reply) => {
    const allowed = methodsAt.get((request.raw.url ?? '').split('?')[0] ?? '')
    if (allowed === undefined) throw new Failure('OPERATION_UNKNOWN')
    reply.header('allow', allowed.join(', '))
    throw new Failure('METHOD_NOT_SUPPORTED')
  })
}
