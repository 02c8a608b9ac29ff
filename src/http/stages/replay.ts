/** Equal bytes of one device run once: the claim before the operation, its record behind it. */
import type { onSendHookHandler, preValidationHookHandler } from 'fastify'
import { isSuccess } from '../../protocol/errors.ts'
import type { createReplay } from '../replay.ts'
import { shapeOf } from '../request.ts'

export type ReplayStageNeeds = { replay: ReturnType<typeof createReplay> }

/** A copy of a call that has run is answered here, with the reply that the first one got. */
export const claimReplay =
  ({ replay }: ReplayStageNeeds): preValidationHookHandler =>
  (request, reply, done) => {
    const { caller, opened } = request
    const shape = shapeOf(request)
    if (shape.replay === 'read' || !opened?.bytes || !caller.device) return done()
    replay(shape, caller.device.id, opened.bytes, opened.text ?? '').then((claimed) => {
      if ('found' in claimed) {
        reply.type('application/json').send(claimed.found)
        return
      }
      request.claim = claimed
      caller.isRepeat = claimed.isRepeat
      done()
    }, done)
  }

/** The operation has run: its reply is the reply, even if no record of it can be kept. */
export const keepReply = (): onSendHookHandler => (request, _reply, payload, done) => {
  const { claim, outcome } = request
  if (!claim || typeof payload !== 'string') return done(null, payload)
  request.claim = undefined
  if (!outcome) return done(null, payload)
  const kept = isSuccess(outcome.code)
    ? claim.settle(payload)
    : claim.release(outcome.name === 'LOGIN_FAILED')
  kept
    .catch((error) => request.log.warn({ err: error }, 'replay record not written'))
    .then(() => done(null, payload))
}
