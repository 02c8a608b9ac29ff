/** A login of an account with device slots: the account's logins come one after another, and older ones give way. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Executor } from '../../../adapters/db/index.ts'
import type { LockAccount } from '../../accounts/api.ts'
import type { DeviceSlots, SlotRule } from '../../devices/api.ts'
import type { Ends } from '../ends.ts'
import type { LoginRow } from '../tables.ts'
import { findLiveLogins, type LiveLogin } from './repo.ts'

export type TakeSlotNeeds = {
  clock: Clock
  slots: Pick<DeviceSlots, 'choose'>
  lockAccount: LockAccount
  ends: Pick<Ends, 'endLogins'>
}

/** Logged in anew on the same device: the earlier login there makes room without a word. */
const isSameDevice = ({ appId, deviceId }: LoginRow, login: LiveLogin) =>
  deviceId !== null && login.appId === appId && login.deviceId?.equals(deviceId) === true

/**
 * Writes a login in a transaction and ends those that give way to it, which it returns. Undefined: the account has
 * changed, or the guard of the login no longer holds. Throws NO_DEVICE_SLOT.
 */
export const createTakeSlot =
  ({ clock, slots, lockAccount, ends }: TakeSlotNeeds) =>
  async (
    trx: Executor,
    { row, rule, giveUp }: { row: LoginRow; rule: SlotRule; giveUp: readonly string[] },
    insert: (trx: Executor) => Promise<boolean>,
  ): Promise<{ again: readonly LiveLogin[]; replaced: readonly LiveLogin[] } | undefined> => {
    const { userId, epoch, loginId, deviceType } = row
    const nowMs = clock.now()
    if (!(await lockAccount(trx, { userId, epoch, nowMs }))) return undefined
    if (!(await insert(trx))) return undefined
    const others = (await findLiveLogins(trx, userId, nowMs)).filter((it) => !it.loginId.equals(loginId))
    const again = others.filter((login) => isSameDevice(row, login))
    const live = others.filter((login) => !again.includes(login))
    const replaced = slots.choose(rule, { live, deviceType, giveUp })
    const ended = [...again, ...replaced].map((login) => login.loginId)
    const ending = { endedAt: nowMs, endReason: 'replaced', endDetail: deviceType }
    await ends.endLogins(trx, { userId, loginIds: ended }, ending)
    return { again, replaced }
  }
