/** `torii user logins`, `logout` and `set`: where a user is logged in, and on how many devices. */
import { InvalidArgumentError } from 'commander'
import { Failure } from '../../src/protocol/errors.ts'
import type { Admin, Context } from '../console/context.ts'
import { Refusal } from '../console/refusal.ts'
import { alignRows, isoTime } from '../console/text.ts'
import { toTime } from './show.ts'

export type Named = <T>(user: string, work: Promise<T>) => Promise<T>
export type LogoutOptions = { login?: string }
export type SetOptions = { devices: string }

type Login = Awaited<ReturnType<Admin['accounts']['logins']>>['logins'][number]

const toData = ({ authenticatedAt, lastSeenAt, expiresAt, ...login }: Login) => ({
  login: login.login,
  appid: login.appId,
  device: login.device,
  deviceType: login.deviceType,
  deviceName: login.deviceName,
  network: login.network,
  loggedInAt: toTime(authenticatedAt),
  lastSeenAt: toTime(lastSeenAt),
  expiresAt: toTime(expiresAt),
})

const toRow = ({ login, appId, deviceType, deviceName, network, authenticatedAt, lastSeenAt }: Login) => [
  login,
  isoTime(authenticatedAt),
  isoTime(lastSeenAt),
  network || '-',
  appId,
  [deviceType, deviceName].filter(Boolean).join(' ') || '-',
]

export const listLogins = ({ withAdmin, print }: Context, user: string, named: Named) =>
  withAdmin(async ({ accounts, place }) => {
    const { userId, logins } = await named(user, accounts.logins(user))
    const head = ['login', 'logged in', 'last seen', 'network', 'appid', 'device']
    print(
      logins.map(toData),
      logins.length > 0
        ? alignRows([head, ...logins.map(toRow)])
        : [`User ${userId} (${user}) is not logged in, in ${place}.`],
    )
  })

export const readLogin = (text: string): string => {
  const login = text.toLowerCase()
  if (/^[0-9a-f]{32}$/.test(login)) return login
  throw new InvalidArgumentError('Expected 32 hexadecimal digits, as "torii user logins" shows them.')
}

export const logout = ({ withAdmin, print }: Context, user: string, { login }: LogoutOptions, named: Named) =>
  withAdmin(async ({ accounts, place }) => {
    const { userId, changed } = await named(user, accounts.logout(user, login)).catch((error) => {
      if (!(error instanceof Failure) || error.entry.name !== 'DEVICE_UNKNOWN') throw error
      throw new Refusal(`${user} has no login ${login}; "torii user logins" shows them`)
    })
    const what = login === undefined ? 'Every login' : `Login ${login}`
    print({ userId: String(userId), ...(login !== undefined && { login }), changed }, [
      changed
        ? `${what} of user ${userId} (${user}) ends, in ${place}; running servers notice it within a second.`
        : `${what} of user ${userId} (${user}) had ended already, in ${place}.`,
    ])
  })

export const set = ({ withAdmin, print }: Context, user: string, { devices }: SetOptions, named: Named) =>
  withAdmin(async ({ accounts, slots, place }) => {
    const text = devices === 'default' ? null : devices
    if (text !== null && !slots.isKnown(text)) {
      const groups = slots.groups.length > 0 ? `; groups: ${slots.groups.join(', ')}` : ''
      throw new Refusal(
        `--devices: expected default, a group of devices.groups, or slots like all=3,phone=1,policy=ask${groups}`,
      )
    }
    const { userId } = await named(user, accounts.setDeviceSlots(user, text))
    print({ userId: String(userId), devices: text }, [
      `User ${userId} (${user}) has the device slots ${devices}, in ${place}. They count from the next login.`,
    ])
  })
