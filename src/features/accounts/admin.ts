/** What an administrator does to an account. */
import type { Clock } from '../../adapters/clock.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import { Failure } from '../../protocol/errors.ts'
import type { Addresses } from '../addresses/api.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import type { EndLogins } from '../tickets/api.ts'
import { lockAccount } from './by-address/repo.ts'
import { clearAllFailures, findFailedPlaces, findFailures, isHeldUp } from './failures/repo.ts'
import { isStreak, judgeWait } from './failures/rule.ts'
import { createFindKey } from './find-key.ts'
import type { Erase } from './leaving/erase.ts'
import type { RemoveAccount } from './remove.ts'
import { findAccount, findAccounts, findUserIdOfKey, isDevicePlace, raiseEpoch } from './repo.ts'
import { createLockAccounts, type Disabling, disableAccount, enableAccount } from './status/repo.ts'
import { createCheckActive, statusNow } from './status/rule.ts'
import { createLoginAdmin, describeLogin, type LoginAdminNeeds } from './user-logins/admin.ts'
import { findLoginsOfUser } from './user-logins/repo.ts'

export type AccountAdminNeeds = Pick<LoginAdminNeeds, 'endLogin' | 'slots'> & {
  db: Db
  clock: Clock
  endLogins: EndLogins
  addresses: Pick<Addresses, 'parseLogin' | 'findOf'>
  removeAccount: RemoveAccount
  erase: Erase['erase']
  recordAudit: RecordAudit
  recordChange: RecordChange
}

/** `by` is the administrator's user number, where a ticket acts. */
export type AccountAct = { by?: string | undefined }
export type AccountDisabling = Disabling & AccountAct

const shownLogins = 20
const shownPlaces = 20

export const createAccountAdmin = (needs: AccountAdminNeeds) => {
  const { db, clock, endLogins, addresses, removeAccount, erase, recordAudit, recordChange } = needs
  const findKey = createFindKey(addresses)

  /** By user number, user name, e-mail address or phone. */
  const get = async (typed: string) => {
    const loginKey = await findKey(typed)
    const [, number] = /^number:(\d+)$/.exec(loginKey.toString()) ?? []
    const userId = number === undefined ? await findUserIdOfKey(db.write, loginKey) : Number(number)
    const account = userId === undefined ? undefined : await findAccount(db.write, userId)
    if (!account) throw new Failure('USER_UNKNOWN')
    return account
  }

  const getLiving = async (typed: string) => {
    const account = await get(typed)
    if (account.status === 'deleted') throw new Failure('USER_UNKNOWN', { info: 'This account is deleted.' })
    return account
  }

  /** Failed logins that still count, and what waits because of them. */
  const showFailures = async (tag: Buffer) => {
    const nowMs = clock.now()
    const { streak, places } = await findFailures(db.write, tag, shownPlaces)
    const waiting = places.map(({ place, failed1, failed2, failed3, failed4, failed5 }) => {
      const failedAt = [failed1, failed2, failed3, failed4, failed5]
      const waitMs = judgeWait({ failedAt, streak, isKnownDevice: isDevicePlace(place) }, nowMs)
      return { place, lastFailedAt: failed1, waitsUntil: waitMs > 0 ? nowMs + waitMs : null }
    })
    return { inARow: streak.failures, isStreak: isStreak(streak, nowMs), places: waiting }
  }

  const detailOf = ({ by }: AccountAct) => (by === undefined ? {} : { by })

  /** Ends every login. False: it was disabled so already. Part of a transaction. */
  const disableIn = async (trx: Executor, userId: number, { by, ...disabling }: AccountDisabling) => {
    const nowMs = clock.now()
    if (!(await disableAccount(trx, userId, { ...disabling, nowMs }))) return false
    await raiseEpoch(trx, userId, nowMs)
    await endLogins(trx, userId, { endedAt: nowMs, endReason: 'disabled' })
    const until = disabling.until === null ? {} : { until: disabling.until }
    const detail = { reason: disabling.reason, ...until, ...detailOf({ by }) }
    await recordAudit(trx, { kind: 'account.disabled', userId, detail })
    await recordChange(trx, 'account', String(userId))
    return true
  }

  /** False: it was not disabled. Part of a transaction. */
  const enableIn = async (trx: Executor, userId: number, act: AccountAct = {}) => {
    if (!(await enableAccount(trx, userId, clock.now()))) return false
    await recordAudit(trx, { kind: 'account.active', userId, detail: detailOf(act) })
    await recordChange(trx, 'account', String(userId))
    return true
  }

  return {
    ...createLoginAdmin({ ...needs, get }),
    find: get,
    show: async (typed: string) => {
      const account = await get(typed)
      return {
        ...account,
        status: statusNow(account, clock.now()),
        addresses: (await addresses.findOf(db.write, account.userId)).map(({ text }) => text),
        failures: await showFailures(account.tag),
        logins: (await findLoginsOfUser(db.write, { userId: account.userId, most: shownLogins })).map(
          describeLogin,
        ),
      }
    },
    /** At most `most` accounts after the number `after`. */
    list: async (after: number, most: number) => {
      const accounts = await findAccounts(db.write, after, most)
      return accounts.map((account) => ({ ...account, status: statusNow(account, clock.now()) }))
    },
    /** The account that has exactly this e-mail address or phone. */
    findByAddress: async (typed: string) => {
      const address = await addresses.parseLogin(typed)
      const userId = address && (await findUserIdOfKey(db.write, address.key))
      return userId === undefined ? undefined : findAccount(db.write, userId)
    },
    /** Forgets every failed login of the user. False: there was none. */
    unlock: async (typed: string) => {
      const { userId, tag } = await get(typed)
      const changed = await db.transaction(async (trx) => {
        if (!(await clearAllFailures(trx, tag))) return false
        await recordAudit(trx, { kind: 'account.unlocked', userId })
        return true
      })
      return { userId, changed }
    },
    /** Ends its logins, and erases everything personal for good. */
    remove: async (typed: string) => {
      const { userId, userName } = await get(typed)
      const finalAt = await db.transaction((trx) => removeAccount(trx, { userId }))
      if (finalAt !== undefined) await erase(userId, finalAt)
      return { userId, userName }
    },
    disableIn,
    enableIn,
    disable: async (typed: string, reason: string, until: number | null = null) => {
      const { userId } = await getLiving(typed)
      return { userId, changed: await db.transaction((trx) => disableIn(trx, userId, { reason, until })) }
    },
    enable: async (typed: string) => {
      const { userId } = await getLiving(typed)
      return { userId, changed: await db.transaction((trx) => enableIn(trx, userId)) }
    },
    checkActive: createCheckActive(clock),
    lockAccounts: createLockAccounts(db.engine),
    /** The places of failed logins of a user, of the last day. */
    findFailedPlaces,
    isDevicePlace,
    raiseEpoch,
    lockAccount,
    isHeldUp,
  }
}
