import type { onResponseHookHandler } from 'fastify'
import type { WriteAccessLog } from '../access-log.ts'

export type AccessLogNeeds = { writeAccessLog: WriteAccessLog }

export const logAccess =
  ({ writeAccessLog }: AccessLogNeeds): onResponseHookHandler =>
  (request, reply, done) => {
    const { caller, outcome, reason, routeOptions } = request
    const { shape, page, endpoint, unlimited } = routeOptions.config
    if (unlimited) return done()
    writeAccessLog(request.log, {
      operation: (shape ?? page ?? endpoint)?.path ?? 'other',
      envelope: caller.envelope,
      outcome,
      reason,
      address: caller.address,
      status: reply.statusCode,
      elapsedMs: reply.elapsedTime,
      appId: caller.app?.appId,
      deviceId: caller.device?.id,
    })
    done()
  }
