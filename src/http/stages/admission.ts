/** Writes take a slot, or wait in the queue for one. */
import type {
  FastifyRequest,
  onRequestHookHandler,
  onSendHookHandler,
  preValidationHookHandler,
} from 'fastify'
import type { Admission } from '../admission.ts'

export type AdmissionNeeds = { admission: Admission }

const isWrite = ({ routeOptions }: FastifyRequest) => {
  const { shape } = routeOptions.config
  return shape !== undefined && (shape.replay !== 'read' || shape.isCostly === true)
}

/** Before the rate limit, which a call that is refused here has not used, and before the body is read. */
export const checkQueue =
  ({ admission }: AdmissionNeeds): onRequestHookHandler =>
  (request, _reply, done) => {
    if (isWrite(request)) admission.check()
    done()
  }

/** Behind the body: a client that sends its body slowly must not hold a slot meanwhile. */
export const takeSlot =
  ({ admission }: AdmissionNeeds): preValidationHookHandler =>
  (request, _reply, done) => {
    if (!isWrite(request)) return done()
    admission.enter().then(() => {
      request.hasSlot = true
      done()
    }, done)
  }

export const freeSlot =
  ({ admission }: AdmissionNeeds): onSendHookHandler =>
  (request, _reply, _payload, done) => {
    if (request.hasSlot) admission.leave()
    request.hasSlot = false
    done()
  }
