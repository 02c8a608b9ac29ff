/** Whether a call may come in the clear. */
import type { FastifyRequest } from 'fastify'
import { encryptionRequired } from './envelopes/envelope.ts'

export type PrivacyNeeds = {
  profile: 'compat' | 'strict' | 'legacy'
  isTrial: boolean
  /** In a trial also phones, emulators and containers of a private network. */
  isLan: boolean
  /** Whether a backend may call in the clear from there. */
  isBackendAddress(address: string): boolean
  isOriginListed(origin: string): boolean
}

const isLoopback = (address: string | undefined) =>
  address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address ?? '')
/** A `Host` of this machine. */
export const isLoopbackHost = (host: string) =>
  /^(localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])(:\d+)?$/.test(host)
/** Names that no stranger can point at this machine: private addresses, and names without a domain. */
const nearNames = [
  /^(10|192\.168|169\.254|172\.(1[6-9]|2\d|3[01]))(\.\d{1,3}){2,3}$/,
  /^\[f[cde][0-9a-f:]*\]$/i,
  /^[a-z0-9-]+$/i,
  /^([a-z0-9-]+\.local|host\.docker\.internal)$/i,
]
const isNearHost = (host: string) => {
  const name = host.replace(/:\d+$/, '')
  return isLoopbackHost(host) || nearNames.some((near) => near.test(name))
}
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

const sayTls = 'Call over HTTPS. Old clients without TLS on another host need security.profile "legacy".'
const sayLan = 'Start the trial with "npm start -- --lan": it then answers phones, emulators and containers.'

const sayBackends = 'Call over HTTPS, or list the address of this backend in server.backendNetworks.'

/** A device of a private network called, under a name of such a network. */
const isNear = (request: FastifyRequest) =>
  request.caller.address.scope !== 'public' && isNearHost(request.headers.host ?? '') && !isOfProxy(request)

/** Throws ENCRYPTION_REQUIRED. */
export const createPrivacy = (needs: PrivacyNeeds) => {
  const { profile, isTrial, isLan, isBackendAddress, isOriginListed } = needs
  const isTrusted = isLan ? isNear : isOnThisMachine
  const isTrustedHost = isLan ? isNearHost : isLoopbackHost

  /** A page of another site reaches this machine through the browser of its developer. */
  const isOfForeignPage = ({ headers }: FastifyRequest) => {
    const { origin } = headers
    if (origin === undefined) return headers['sec-fetch-site'] === 'cross-site'
    const isLocal = URL.canParse(origin) && isTrustedHost(new URL(origin).host)
    return !isLocal && !isOriginListed(origin)
  }

  /** TLS, or a trusted proxy that says so; in a trial also a caller on this very machine, or near it. */
  const isPrivate = (request: FastifyRequest) => {
    if (profile === 'legacy' || request.protocol.toLowerCase() === 'https') return true
    if (isOfProxy(request)) return false
    const { remoteAddress = '' } = request.socket
    const { shape, endpoint } = request.routeOptions.config
    if ((shape?.forBackends || endpoint) && isBackendAddress(remoteAddress)) return true
    return isTrial && isTrusted(request) && !isOfForeignPage(request)
  }

  return (request: FastifyRequest) => {
    if (profile === 'strict') throw encryptionRequired('This server answers sealed calls only.')
    if (isPrivate(request)) return
    const { shape, endpoint } = request.routeOptions.config
    if ((shape?.forBackends || endpoint) && !isOfProxy(request)) throw encryptionRequired(sayBackends)
    throw encryptionRequired(isTrial && !isLan && isNear(request) ? sayLan : sayTls)
  }
}
