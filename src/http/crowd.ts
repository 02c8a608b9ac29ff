import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Failure } from '../protocol/errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    isInside: boolean
  }
}

const isChange = ({ routeOptions }: FastifyRequest) => {
  const { shape } = routeOptions.config
  return shape !== undefined && shape.replay !== 'read'
}

/**
 * Lets only so many changing operations run at once. A machine does not do more of them by doing all at the same time,
 * it only makes every one late; who is refused at once can try again, or elsewhere.
 */
export const limitCrowd = (app: FastifyInstance, most: number) => {
  let inside = 0
  app.decorateRequest('isInside', false)
  app.addHook('onRequest', async (request) => {
    if (inside >= most && isChange(request)) throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
  })
  // Counted from here on: with a slow body anybody could keep a place for nothing.
  app.addHook('preValidation', async (request) => {
    if (!isChange(request)) return
    if (inside >= most) throw new Failure('OVERLOADED', { retryAfterSeconds: 1 })
    inside++
    request.isInside = true
  })
  app.addHook('onSend', async (request, _reply, payload) => {
    if (request.isInside) inside--
    request.isInside = false
    return payload
  })
}
