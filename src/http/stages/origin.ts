/**
 * CORS (fetch.spec.whatwg.org), instead of @fastify/cors: a list of exact origins needs a few lines, and as stages they
 * stand in the pipeline, before and behind the ban.
 */
import type { onRequestHookHandler } from 'fastify'

export type OriginNeeds = { isOriginListed(origin: string): boolean }

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
    // No script of another origin reads a page.
    if (request.routeOptions.config.page) return done()
    reply.header('vary', 'Origin')
    const { origin } = request.headers
    if (origin === undefined || !isOriginListed(origin)) return done()
    reply.header('access-control-allow-origin', origin).headers(readable)
    done()
  }

/** A preflight of a listed origin is answered here, whatever its path. */
export const answerPreflight = (): onRequestHookHandler => (request, reply, done) => {
  if (request.method !== 'OPTIONS' || !reply.hasHeader('access-control-allow-origin')) return done()
  reply.code(204).headers(preflight).send()
}
