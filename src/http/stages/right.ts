import type { preHandlerHookHandler } from 'fastify'
import { Failure } from '../../protocol/errors.ts'
import { shapeOf } from '../request.ts'

/** Refuses an app that lacks the right that the operation asks for. */
export const checkRight = (): preHandlerHookHandler => (request, _reply, done) => {
  const { right } = shapeOf(request)
  if (right === undefined || request.caller.app?.rights.includes(right)) return done()
  done(new Failure('APP_RIGHT', { info: right }))
}
