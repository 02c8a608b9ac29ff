/** Who is calling: address, language and origin; and what every reply carries. */
import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import type { Language } from '../../protocol/errors.ts'
import { strengths } from '../../protocol/strength.ts'
import type { Address } from '../caller.ts'
import { chooseLanguage } from '../language.ts'
import { stripPort } from '../proxies.ts'
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
    const address = needs.describeAddress(stripPort(request.ip)) ?? nowhere
    request.caller = {
      requestId: request.id,
      address,
      language: chooseLanguage(request.headers['accept-language'], languages),
      origin: request.headers.origin,
      envelope: undefined,
      strength: strengths.clear,
      app: undefined,
      device: undefined,
      key: undefined,
      ticket: undefined,
      isRepeat: false,
      whenGone: (listener) => watchSocket(request, listener),
    }
    reply.headers(securityHeaders)
    warnOfProxy(request, address)
    done()
  }
}

/** The socket, since a response that waits for its turn on a pipelined connection has none yet. */
const watchSocket = ({ raw: { socket } }: FastifyRequest, listener: () => void) => {
  if (socket.destroyed) queueMicrotask(listener)
  else socket.once('close', listener)
  return () => void socket.off('close', listener)
}

/** At most one warning a minute of a forwarding header that was not believed, or that names no address. */
const createProxyWarning = (elapsedMs: () => number, hasProxies: boolean) => {
  let silentUntil = Number.NEGATIVE_INFINITY
  return (request: FastifyRequest, address: Address) => {
    if (request.headers['x-forwarded-for'] === undefined || elapsedMs() < silentUntil) return
    const isBelieved = hasProxies && request.ips !== undefined && request.ips.length > 1
    if (isBelieved && address !== nowhere) return
    silentUntil = elapsedMs() + 60_000
    request.log.warn(
      isBelieved
        ? 'a trusted proxy sent an X-Forwarded-For that is no address; its calls are refused'
        : 'X-Forwarded-For of an untrusted peer was ignored; see server.trustedProxies',
    )
  }
}
