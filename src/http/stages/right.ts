import type { preHandlerHookHandler } from 'fastify'
import { Failure } from '../../protocol/errors.ts'
import { shapeOf } from '../request.ts'

/** Refuses an app that lacks the right that the operation asks for, and a third-party app where none may call. */
export const checkRight = (): preHandlerHookHandler => (request, _reply, done) => {
  const { right, forThirdParties } = shapeOf(request)
  if (request.caller.app?.isThirdParty && !forThirdParties) return done(new Failure('THIRD_PARTY'))
  if (right === undefined || request.caller.app?.rights.includes(right)) return done()
  done(new Failure('APP_RIGHT', { info: right }))
}
