/** Who is calling: address, language and origin; and what every reply carries. */
import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import { Failure, type Language } from '../../protocol/errors.ts'
import { strengths } from '../../protocol/strength.ts'
import type { Address } from '../caller.ts'
import { chooseLanguage } from '../language.ts'
import { nowhere } from './address.ts'

export type CallerNeeds = {
  config: { server: { trustedProxies: readonly string[] }; languages: readonly Language[] }
  /** On every reply. */
  securityHeaders: Record<string, string>
  /** Undefined for a text that is no address (a proxy may forward anything). */
  describeAddress(text: string): Address | undefined
  /** Milliseconds that only ever pass. */
  elapsedMs(): number
}

/** Begins the caller. */
export const startCaller = (needs: CallerNeeds): onRequestHookHandler => {
  const { securityHeaders, config } = needs
  const { server, languages } = config
  const warnOfProxy = createProxyWarning(needs.elapsedMs, server.trustedProxies.length > 0)
  return (request, reply, done) => {
    request.caller = {
      requestId: request.id,
      address: needs.describeAddress(request.ip) ?? nowhere,
      language: chooseLanguage(request.headers['accept-language'], languages),
      origin: request.headers.origin,
      envelope: undefined,
      strength: strengths.clear,
      app: undefined,
      device: undefined,
      key: undefined,
      ticket: undefined,
      isRepeat: false,
    }
    reply.headers(securityHeaders)
    warnOfProxy(request)
    done()
  }
}

/** One warning a minute when a peer that is no trusted proxy sends `X-Forwarded-For`. */
const createProxyWarning = (elapsedMs: () => number, hasProxies: boolean) => {
  let silentUntil = Number.NEGATIVE_INFINITY
  return (request: FastifyRequest) => {
    if (request.headers['x-forwarded-for'] === undefined || elapsedMs() < silentUntil) return
    if (hasProxies && request.ips && request.ips.length > 1) return
    silentUntil = elapsedMs() + 60_000
    request.log.warn('X-Forwarded-For of an untrusted peer was ignored; see server.trustedProxies')
  }
}

/** RFC 9112 section 3.2. Node's own check would answer outside the catalogue. */
export const checkHost = (): onRequestHookHandler => (request, _reply, done) => {
  if (request.headers.host === undefined && request.raw.httpVersion === '1.1')
    throw new Failure('PARAMETER_INVALID', { info: 'Host' })
  done()
}
