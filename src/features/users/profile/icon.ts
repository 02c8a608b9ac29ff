import { Failure } from '../../../protocol/errors.ts'

const isHostOf = (host: string, allowed: string) =>
  allowed.startsWith('*.') ? host.endsWith(allowed.slice(1)) : host === allowed

/**
 * The URL of an icon as it is kept: https, without a user or a port, from a listed host if there are any. The server never
 * opens it. Throws PARAMETER_INVALID.
 */
export const readIcon = (typed: string, hosts: readonly string[]): string => {
  const url = URL.canParse(typed) ? new URL(typed) : undefined
  const isGood =
    url?.protocol === 'https:' &&
    url.username + url.password + url.port === '' &&
    url.hostname.includes('.') &&
    url.href.length <= 512 &&
    (hosts.length === 0 || hosts.some((allowed) => isHostOf(url.hostname, allowed)))
  if (!url || !isGood) throw new Failure('PARAMETER_INVALID', { info: 'icon' })
  return url.href
}
