/** Whether a call may come in the clear. */
import type { FastifyRequest } from 'fastify'
import { encryptionRequired } from './envelopes/envelope.ts'

export type PrivacyNeeds = {
  profile: 'compat' | 'strict' | 'legacy'
  isTrial: boolean
  /** Whether a backend may call in the clear from there. */
  isBackendAddress(address: string): boolean
}

const isLoopback = (address: string | undefined) =>
  address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address ?? '')
const loopbackHost = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/
/** What a proxy adds: such a call comes from elsewhere, also from a local peer. */
const forwarding = /^(forwarded|via|x-real-ip|x-forwarded-.*)$/

/** Throws ENCRYPTION_REQUIRED. */
export const createPrivacy = ({ profile, isTrial, isBackendAddress }: PrivacyNeeds) => {
  /** TLS, or a trusted proxy that says so; in a trial also a caller on this very machine. */
  const isPrivate = (request: FastifyRequest) => {
    if (profile === 'legacy' || request.protocol === 'https') return true
    const { headers } = request
    const isForwarded = Object.keys(headers).some((name) => forwarding.test(name))
    const { remoteAddress = '' } = request.socket
    const isOfBackend = request.routeOptions.config.shape?.forBackends && isBackendAddress(remoteAddress)
    if (isOfBackend && !isForwarded) return true
    return isTrial && !isForwarded && isLoopback(remoteAddress) && loopbackHost.test(headers.host ?? '')
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
