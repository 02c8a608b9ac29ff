/** Logging in a user whom something else than a password or a code has proven, such as another provider. */
import type { Clock } from '../../adapters/clock.ts'
import type { Db } from '../../adapters/db/index.ts'
import type { AppCaller } from '../../http/caller.ts'
import { Failure } from '../../protocol/errors.ts'
import type { DeviceInfo, LoginTickets } from '../tickets/api.ts'
import { findAccountOfUser } from './by-address/repo.ts'
import { guardWithoutFailures } from './failures/rule.ts'
import type { NewDevice } from './new-device/notice.ts'

export type ProvenNeeds = { db: Db; clock: Clock; newDevice: Pick<NewDevice, 'begin'> }

/** The user as known when the proof was made. */
export type ProvenUser = { userId: number; epoch: number }
export type ProvenLogin = {
  account: { userId: number; userName: string; nickName: string }
  tickets: LoginTickets
}

export const createProvenLogins = ({ db, clock, newDevice }: ProvenNeeds) => ({
  /** Undefined: everything of the account has ended since. Throws ACCOUNT_DISABLED or PASSWORD_MUST_CHANGE. */
  begin: async (
    { userId, epoch }: ProvenUser,
    caller: AppCaller,
    device?: DeviceInfo,
  ): Promise<ProvenLogin | undefined> => {
    const deviceId = caller.device?.knownAs
    const account = await findAccountOfUser(db.write, userId, { nowMs: clock.now(), deviceId })
    if (!account || account.epoch !== epoch) return undefined
    const { status, tag, liveLogins, mail, isKnownDevice } = account
    if (status !== 'active') throw new Failure('ACCOUNT_DISABLED', { members: { reason: status } })
    if (account.mustChange === 1) throw new Failure('PASSWORD_MUST_CHANGE')
    const options = { device, guard: guardWithoutFailures(tag), liveLogins }
    const begun = await newDevice.begin(account, caller, options, { mail, isKnownDevice })
    return begun && { account, tickets: await begun.finish() }
  },
})

export type ProvenLogins = ReturnType<typeof createProvenLogins>
