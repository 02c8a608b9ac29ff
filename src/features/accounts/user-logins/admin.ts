/** What an administrator sees of the logins of a user, and does to them. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db } from '../../../adapters/db/index.ts'
import { fromHex, toHex } from '../../../protocol/bytes.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { RecordAudit } from '../../audit/api.ts'
import type { RecordChange } from '../../change-log/api.ts'
import type { DeviceSlots } from '../../devices/api.ts'
import type { EndLogin, EndLogins } from '../../tickets/api.ts'
import { type AccountSummary, raiseEpoch } from '../repo.ts'
import { findLoginsOfUser, isLoginOf, updateDeviceSlots } from './repo.ts'

export type LoginAdminNeeds = {
  db: Db
  clock: Clock
  get(typed: string): Promise<AccountSummary>
  slots: Pick<DeviceSlots, 'isKnown'>
  endLogin: EndLogin
  endLogins: EndLogins
  recordAudit: RecordAudit
  recordChange: RecordChange
}

type ShownLogin = Awaited<ReturnType<typeof findLoginsOfUser>>[number]

/** With its device, and when it was used last: what its device did counts too. */
export const describeLogin = ({
  loginId,
  deviceId,
  deviceName,
  givenName,
  a2RotatedAt,
  lastSeenAt,
  ticketSeenAt,
  ...login
}: ShownLogin) => ({
  ...login,
  login: toHex(loginId),
  device: deviceId && toHex(deviceId),
  deviceName: givenName ?? deviceName,
  lastSeenAt: Math.max(a2RotatedAt, ticketSeenAt, lastSeenAt ?? 0),
})

const mostShown = 1_000

export const createLoginAdmin = (needs: LoginAdminNeeds) => {
  const { db, clock, get, slots, recordAudit, recordChange } = needs

  /** Ends every login of a user. */
  const logoutEverywhere = async (typed: string) => {
    const { userId } = await get(typed)
    await db.transaction(async (trx) => {
      const nowMs = clock.now()
      await raiseEpoch(trx, userId, nowMs)
      await needs.endLogins(trx, userId, { endedAt: nowMs, endReason: 'logged-out' })
      await recordAudit(trx, { kind: 'account.logged-out', userId })
      await recordChange(trx, 'account', String(userId))
    })
    return { userId, changed: true }
  }

  /** Throws DEVICE_UNKNOWN for a login that is not one of this user. `changed` is false: it had ended. */
  const logoutOne = async (typed: string, login: string) => {
    const { userId } = await get(typed)
    const loginId = Buffer.from(fromHex(login) ?? [])
    if (!(await isLoginOf(db.write, userId, loginId))) throw new Failure('DEVICE_UNKNOWN')
    const changed = await db.transaction(async (trx) => {
      const ending = { endedAt: clock.now(), endReason: 'logged-out' }
      if (!(await needs.endLogin(trx, { userId, loginId }, ending))) return false
      await recordAudit(trx, { kind: 'account.logged-out', userId, detail: { login } })
      await recordChange(trx, 'login', login)
      return true
    })
    return { userId, changed }
  }

  return {
    logins: async (typed: string) => {
      const { userId, userName } = await get(typed)
      const live = await findLoginsOfUser(db.write, { userId, most: mostShown, liveAt: clock.now() })
      return { userId, userName, logins: live.map(describeLogin) }
    },
    logout: (typed: string, login?: string) =>
      login === undefined ? logoutEverywhere(typed) : logoutOne(typed, login),
    /** Null: those of the configuration. Counts from the next login. Throws PARAMETER_INVALID. */
    setDeviceSlots: async (typed: string, deviceSlots: string | null) => {
      if (deviceSlots !== null && !slots.isKnown(deviceSlots)) throw new Failure('PARAMETER_INVALID')
      const { userId } = await get(typed)
      await db.transaction(async (trx) => {
        await updateDeviceSlots(trx, userId, { deviceSlots, nowMs: clock.now() })
        await recordAudit(trx, { kind: 'account.devices', userId, detail: { slots: deviceSlots ?? '' } })
      })
      return { userId }
    },
  }
}
