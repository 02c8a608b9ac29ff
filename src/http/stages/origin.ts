/**
 * CORS (fetch.spec.whatwg.org), instead of @fastify/cors: a list of exact origins needs a few lines, and as stages they
 * stand in the pipeline, before and behind the ban.
 */
import type { FastifyRequest, onRequestHookHandler } from 'fastify'

export type OriginNeeds = {
  isOriginListed(origin: string): boolean
  /** Milliseconds that only ever pass. */
  elapsedMs(): number
}

const readable = { 'access-control-expose-headers': 'retry-after' }
const preflight = {
  'access-control-allow-methods': 'GET, POST',
  'access-control-allow-headers': 'content-type, authorization, accept-language',
  'access-control-max-age': '600',
}

/** First of all refusals, so that a page of a listed origin can read why it was refused. */
export const allowOrigin =
  ({ isOriginListed }: OriginNeeds): onRequestHookHandler =>
  (request, reply, done) => {
    // No script of another origin reads a page, or asks what only a gateway may.
    const { page, endpoint } = request.routeOptions.config
    if (page || endpoint) return done()
    reply.header('vary', 'Origin')
    const { origin } = request.headers
    if (origin === undefined || !isOriginListed(origin)) return done()
    reply.header('access-control-allow-origin', origin).headers(readable)
    done()
  }

/**
 * A preflight of a listed origin is answered here, whatever its path. It counts against no limit: each page sends many,
 * and the users of one NAT would lock each other out.
 */
export const answerPreflight = ({ elapsedMs }: OriginNeeds): onRequestHookHandler => {
  const warn = createOriginWarning(elapsedMs)
  return (request, reply, done) => {
    if (request.method !== 'OPTIONS') return done()
    if (reply.hasHeader('access-control-allow-origin')) {
      reply.code(204).headers(preflight).send()
      return
    }
    warn(request)
    done()
  }
}

/** At most one warning a minute of a page that may not call. */
const createOriginWarning = (elapsedMs: () => number) => {
  let silentUntil = Number.NEGATIVE_INFINITY
  return ({ headers: { origin }, log }: FastifyRequest) => {
    if (origin === undefined || elapsedMs() < silentUntil) return
    silentUntil = elapsedMs() + 60_000
    log.warn(
      { origin: origin.slice(0, 100) },
      'a page of this origin was refused; list it with "torii app set ID --origin", or in server.origins',
    )
  }
}
