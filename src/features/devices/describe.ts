import { plainName, plainVersion } from '../../protocol/plain-name.ts'
import type { LiveLogin } from '../tickets/api.ts'

/** A login as its user sees it: the device, and when the user logged in there. */
export const describeLogin = ({
  loginId,
  deviceType,
  os,
  osver,
  deviceName,
  givenName,
  authenticatedAt,
}: LiveLogin) => ({
  id: loginId.toString('hex'),
  type: plainName(deviceType),
  os: plainName(os),
  device: givenName ?? plainName(deviceName),
  osver: plainVersion(osver),
  at: Math.floor(authenticatedAt / 1_000),
})
