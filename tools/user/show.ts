/** An account as `torii user show` answers it. */
import type { Admin } from '../console/context.ts'
import { alignFields, alignRows, isoTime } from '../console/text.ts'

type Shown = Awaited<ReturnType<Admin['accounts']['show']>> & {
  withheld: { capability: string; withheldUntil: number | null; why: string }[]
  roles: Awaited<ReturnType<Admin['roles']['findOf']>>
}

export const toTime = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

type Login = Shown['logins'][number]

const lastSeenOf = (logins: readonly Login[]) =>
  logins.length === 0 ? null : Math.max(...logins.map(({ lastSeenAt }) => lastSeenAt))

/** Those that the newest logins were made on, each once. */
const devicesOf = (logins: readonly Login[]) => {
  const found = new Map<string, object>()
  for (const { device, deviceType, os, deviceName, lastSeenAt } of logins)
    if (device && !found.has(device))
      found.set(device, { device, type: deviceType, os, name: deviceName, lastSeenAt: toTime(lastSeenAt) })
  return [...found.values()]
}

export const toData = ({
  userId,
  userName,
  nickName,
  addresses,
  status,
  statusReason,
  finalAt,
  disabledUntil,
  withheld,
  roles,
  mustChange,
  createdAt,
  failures,
  logins,
}: Shown) => ({
  // As on the wire: a number that programs must not calculate with.
  userId: String(userId),
  userName,
  nickName,
  addresses,
  status,
  finalAt: toTime(finalAt),
  reason: status === 'disabled' ? statusReason : '',
  disabledUntil: status === 'disabled' ? toTime(disabledUntil) : null,
  withheld: withheld.map(({ capability, withheldUntil, why }) => ({
    capability,
    until: toTime(withheldUntil),
    reason: why,
  })),
  roles: roles.map(({ role, appId }) => ({ role, appid: appId || null })),
  mustChangePassword: mustChange === 1,
  createdAt: toTime(createdAt),
  lastSeenAt: toTime(lastSeenOf(logins)),
  devices: devicesOf(logins),
  failures: {
    inARow: failures.inARow,
    isStreak: failures.isStreak,
    places: failures.places.map(({ place, lastFailedAt, waitsUntil }) => ({
      place,
      lastFailedAt: toTime(lastFailedAt),
      waitsUntil: toTime(waitsUntil),
    })),
  },
  logins: logins.map((login) => {
    const { appId, device, deviceType, os, deviceName, keyPrint } = login
    const { authenticatedAt, lastSeenAt, expiresAt, endedAt, endReason } = login
    return {
      appid: appId,
      device,
      deviceType,
      os,
      deviceName,
      keyPrint,
      lastSeenAt: toTime(lastSeenAt),
      loggedInAt: toTime(authenticatedAt),
      expiresAt: toTime(expiresAt),
      endedAt: toTime(endedAt),
      endReason,
    }
  }),
})

/** Failed logins in one line: how many, and what waits because of them. */
const describeFailures = ({ inARow, isStreak, places }: Shown['failures']): string => {
  if (inARow === 0 && places.length === 0) return 'none'
  const waiting = places.filter(({ waitsUntil }) => waitsUntil !== null)
  const last = waiting.map(({ place, waitsUntil }) => `${place} until ${isoTime(waitsUntil ?? 0)}`)
  const streak = isStreak ? ' (a streak: each network waits after each failure)' : ''
  const waits = last.length === 0 ? 'nothing waits' : `waiting: ${last.join(', ')}`
  return `${inARow} in a row${streak}; ${waits}`
}

const timeOf = (until: number | null) => (until === null ? 'for good' : `until ${isoTime(until)}`)

const describeStatus = ({
  status,
  statusReason,
  disabledUntil,
}: Pick<Shown, 'status' | 'statusReason' | 'disabledUntil'>) =>
  status === 'disabled' ? `disabled ${timeOf(disabledUntil)}: ${statusReason}` : status

const describeWithheld = ({ capability, withheldUntil, why }: Shown['withheld'][number]) =>
  `${capability} ${timeOf(withheldUntil)}: ${why}`

const describeRole = ({ role, appId }: Shown['roles'][number]) => (appId ? `${role} (app ${appId})` : role)

export const toLines = ({
  userId,
  userName,
  nickName,
  addresses,
  status,
  statusReason,
  finalAt,
  disabledUntil,
  withheld,
  roles,
  mustChange,
  createdAt,
  failures,
  logins,
}: Shown): string[] => {
  const rows = logins.map(
    ({
      appId,
      deviceType,
      deviceName,
      keyPrint,
      authenticatedAt,
      lastSeenAt,
      expiresAt,
      endedAt,
      endReason,
    }) => [
      isoTime(authenticatedAt),
      isoTime(lastSeenAt),
      endedAt === null ? isoTime(expiresAt) : `${isoTime(endedAt)} ${endReason}`,
      appId,
      [deviceType, deviceName].filter(Boolean).join(' ') || '-',
      keyPrint ?? '-',
    ],
  )
  const seen = lastSeenOf(logins)
  return [
    ...alignFields({
      number: String(userId),
      name: userName,
      nickname: nickName,
      addresses: addresses.join(', ') || 'none',
      ...(status === 'leaving' && { 'erased at': finalAt === null ? '-' : isoTime(finalAt) }),
      status: describeStatus({ status, statusReason, disabledUntil }),
      ...(withheld.length > 0 && { withheld: withheld.map(describeWithheld).join('; ') }),
      ...(roles.length > 0 && { roles: roles.map(describeRole).join(', ') }),
      ...(mustChange === 1 && { password: 'must be changed at the next login' }),
      registered: isoTime(createdAt),
      'last seen': seen === null ? 'never' : isoTime(seen),
      devices: String(devicesOf(logins).length),
      failures: describeFailures(failures),
    }),
    '',
    ...(rows.length > 0
      ? alignRows([['logged in', 'last seen', 'ends, or ended', 'appid', 'device', 'key'], ...rows])
      : ['no login yet']),
  ]
}
