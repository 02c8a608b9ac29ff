/** What a user does to the logins of the account: sees them, names their devices, ends them. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db, Executor } from '../../../adapters/db/index.ts'
import type { Ends } from '../ends.ts'
import type { SKeys } from '../skeys.ts'
import {
  findGivenNames,
  findLiveLogins,
  findLoginsBehind,
  findShownLogins,
  type LiveLogin,
  type ShownLogin,
  updateGivenName,
} from './repo.ts'

export type LoginsOfUserNeeds = { db: Db; clock: Clock; skeys: Pick<SKeys, 'closeLogin'>; ends: Ends }

/** More than a user has with the settings of any sensible server. */
const mostShown = 500

export const createLoginsOfUser = ({ db, clock, skeys, ends }: LoginsOfUserNeeds) => ({
  /** The newest live logins, each with the name that the user gave to its device, now or at an earlier login there. */
  listOf: async (userId: number): Promise<ShownLogin[]> => {
    const [logins, named] = await Promise.all([
      findShownLogins(db.write, { userId, nowMs: clock.now(), most: mostShown }),
      findGivenNames(db.write, userId, mostShown),
    ])
    const nameOf = ({ deviceId, givenName }: ShownLogin) =>
      givenName ?? named.find((it) => deviceId !== null && it.deviceId?.equals(deviceId))?.givenName ?? null
    return logins.map((login) => ({ ...login, givenName: nameOf(login) }))
  },
  /** Logins behind a position, ended ones too, the newest first. */
  findPast: findLoginsBehind,
  /** False: the user has no such live login. */
  nameDevice: (userId: number, loginId: Buffer, givenName: string): Promise<boolean> =>
    updateGivenName(db.write, { userId, loginId, givenName }),
  /**
   * Ends those of a user's live logins that are chosen, as part of a transaction, and returns them. `close` is for after
   * the commit.
   */
  endChosen: async (trx: Executor, userId: number, isChosen: (login: LiveLogin) => boolean) => {
    const nowMs = clock.now()
    const chosen = (await findLiveLogins(trx, userId, nowMs)).filter(isChosen)
    const loginIds = chosen.map(({ loginId }) => loginId)
    await ends.endLogins(trx, { userId, loginIds }, { endedAt: nowMs, endReason: 'logged-out' })
    return {
      ended: chosen,
      close: async () => {
        await Promise.all(loginIds.map((loginId) => skeys.closeLogin(loginId, 'logged-out')))
      },
    }
  },
  end: async (login: { userId: number; loginId: Uint8Array }): Promise<void> => {
    const ending = { endedAt: clock.now(), endReason: 'logged-out' }
    await db.transaction((trx) => ends.endLogin(trx, login, ending))
    await skeys.closeLogin(login.loginId, 'logged-out')
  },
})
