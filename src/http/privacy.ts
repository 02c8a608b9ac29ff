/** Whether a call may come in the clear. */
import type { FastifyRequest } from 'fastify'
import { encryptionRequired } from './envelopes/envelope.ts'

export type PrivacyNeeds = {
  profile: 'compat' | 'strict' | 'legacy'
  isTrial: boolean
  /** Whether a backend may call in the clear from there. */
  isBackendAddress(address: string): boolean
  isOriginListed(origin: string): boolean
}

const isLoopback = (address: string | undefined) =>
  address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address ?? '')
/** A `Host` of this machine. */
export const isLoopbackHost = (host: string) =>
  /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])(:\d+)?$/.test(host)
/** What a proxy adds: such a call comes from elsewhere, although its peer is on this machine. */
const forwarding = /^(forwarded|via|x-real-ip|x-forwarded-.*|cf-.*)$/

/** nginx speaks HTTP/1.0 to its upstream, and adds no header, unless it is told otherwise. */
const isOfProxy = ({ headers, raw }: FastifyRequest) =>
  raw.httpVersion === '1.0' || Object.keys(headers).some((name) => forwarding.test(name))

/** A program of this very machine called, under a name of this machine: no proxy, and no name that a stranger points here. */
export const isOnThisMachine = (request: FastifyRequest) =>
  isLoopback(request.socket.remoteAddress) &&
  isLoopbackHost(request.headers.host ?? '') &&
  !isOfProxy(request)

/** Throws ENCRYPTION_REQUIRED. */
export const createPrivacy = ({ profile, isTrial, isBackendAddress, isOriginListed }: PrivacyNeeds) => {
  /** A page of another site reaches this machine through the browser of its developer. */
  const isOfForeignPage = ({ headers }: FastifyRequest) => {
    const { origin } = headers
    if (origin === undefined) return headers['sec-fetch-site'] === 'cross-site'
    const isLocal = URL.canParse(origin) && isLoopbackHost(new URL(origin).host)
    return !isLocal && !isOriginListed(origin)
  }

  /** TLS, or a trusted proxy that says so; in a trial also a caller on this very machine. */
  const isPrivate = (request: FastifyRequest) => {
    if (profile === 'legacy' || request.protocol.toLowerCase() === 'https') return true
    if (isOfProxy(request)) return false
    const { remoteAddress = '' } = request.socket
    if (request.routeOptions.config.shape?.forBackends && isBackendAddress(remoteAddress)) return true
    return isTrial && isOnThisMachine(request) && !isOfForeignPage(request)
  }

  return (request: FastifyRequest) => {
    if (profile === 'strict') throw encryptionRequired('This server answers sealed calls only.')
    if (!isPrivate(request)) {
      throw encryptionRequired(
        'Call over HTTPS. Old clients without TLS on another host need security.profile "legacy".',
      )
    }
  }
}
