/** What the user sees of a login, of an audit event, and of the places that failed logins came from. */
import { toHex } from '../../protocol/bytes.ts'
import { plainName, plainVersion } from '../../protocol/plain-name.ts'
import type { PastEvent } from '../audit/api.ts'
import type { PastLogin } from '../tickets/api.ts'
import { tellOf } from './kinds.ts'
import type { HistoryReply } from './wire.ts'

type Entry = HistoryReply['history'][number]
export type Names = ReadonlyMap<string, string>
/** As a row of failed logins has it: when each of the last five was; 0 for none. */
export type FailedPlace = {
  place: string
  failed1: number
  failed2: number
  failed3: number
  failed4: number
  failed5: number
}

const seconds = (ms: number) => Math.floor(ms / 1_000)

export const describeLogin = (login: PastLogin, names: Names, ownLoginId: string): Entry => {
  const id = toHex(login.loginId)
  return {
    kind: 'login',
    at: seconds(login.authenticatedAt),
    app: names.get(login.appId) ?? '',
    network: login.network,
    login: {
      id,
      type: plainName(login.deviceType),
      os: plainName(login.os),
      osver: plainVersion(login.osver),
      device: login.givenName ?? plainName(login.deviceName),
      lastSeenAt: seconds(Math.max(login.lastSeenAt, login.a2RotatedAt)),
      ...(login.endedAt !== null && { endedAt: seconds(login.endedAt) }),
      ...(login.endReason !== null && { endReason: login.endReason }),
      isThis: id === ownLoginId,
    },
  }
}

const readDetail = (text: string): Record<string, unknown> => JSON.parse(text)

export const describeEvent = (
  { kind, happenedAt, appId, network, detail }: PastEvent,
  names: Names,
): Entry => ({
  kind,
  at: seconds(happenedAt),
  ...(appId !== null && { app: names.get(appId) ?? '' }),
  ...(network !== null && { network }),
  ...tellOf(kind, readDetail(detail)),
})

/** The newest failure first. A known device is not named: its id is the business of no list. */
export const describePlaces = (
  places: readonly FailedPlace[],
  isDevicePlace: (place: string) => boolean,
  sinceMs: number,
) =>
  places
    .map(({ place, failed1, failed2, failed3, failed4, failed5 }) => {
      const isKnownDevice = isDevicePlace(place)
      const failedAt = [failed1, failed2, failed3, failed4, failed5].filter((at) => at > sinceMs)
      return {
        ...(!isKnownDevice && { network: place }),
        isKnownDevice,
        count: failedAt.length,
        lastAt: seconds(failed1),
      }
    })
    .sort((one, other) => other.lastAt - one.lastAt)
