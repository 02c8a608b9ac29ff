/** Which users let a user do something: for backends, such as one that delivers chat messages. */
import type { Clock } from '../../../adapters/clock.ts'
import type { Db } from '../../../adapters/db/index.ts'
import type { Store } from '../../../adapters/store/index.ts'
import type { AppCaller, CallerApp } from '../../../http/caller.ts'
import { Failure } from '../../../protocol/errors.ts'
import type { Apps } from '../../apps/api.ts'
import { areFriends, checkFriends, grantsOf } from '../grants.ts'
import type { CheckInput } from '../wire.ts'
import { findBonds } from './repo.ts'

export type CheckNeeds = {
  db: Db
  clock: Clock
  store: Pick<Store, 'pass'>
  limit: readonly [windowSeconds: number, count: number]
  apps: Pick<Apps, 'find'>
}

const stranger = { isGranted: false, isFriend: false, isFollowing: false, isFan: false }

export const createCheck = ({ db, clock, store, limit: [windowSeconds, count], apps }: CheckNeeds) => {
  /** The app whose users these are. Throws APP_REFUSED for an app without a secret: it is everybody's. */
  const findTerms = async ({ app }: AppCaller, forApp = app.checks[0]): Promise<CallerApp> => {
    if (forApp === undefined) throw new Failure('APP_REFUSED')
    if (!app.checks.includes(forApp)) throw new Failure('NOT_IN_LIST', { info: 'forApp' })
    const terms = forApp === app.appId ? app : await apps.find(forApp)
    if (!terms) throw new Failure('NOT_IN_LIST', { info: 'forApp' })
    checkFriends(terms)
    return terms
  }

  /** A backend calls from few addresses and may have many apps in front, so its share is counted by its app id too. */
  const checkLimit = async ({ app: { appId } }: AppCaller): Promise<void> => {
    const waitMs = await store.pass(`limit:friends:app:${appId}`, windowSeconds * 1_000, count)
    if (waitMs > 0) throw new Failure('TOO_OFTEN', { retryAfterSeconds: waitMs / 1_000 })
  }

  return async function check({ user, users, permission, forApp }: CheckInput, caller: AppCaller) {
    const terms = await findTerms(caller, forApp)
    await checkLimit(caller)
    const userId = Number(user)
    const ids = users.map(Number)
    // On the primary: a block holds at once.
    const bonds = await findBonds(db.write, { userId, ids: [...ids, userId], nowMs: clock.now() })
    const found = new Map(bonds.map((bond) => [bond.userId, bond]))
    const isActive = found.has(userId)
    return ids.map((id) => {
      const bond = isActive ? found.get(id) : undefined
      if (!bond || bond.isBlockedByMe || bond.isBlockingMe) return { userId: String(id), ...stranger }
      const { isFollowing, isFan, permissions } = bond
      const isGranted = id === userId || grantsOf(terms, bond, permissions).includes(permission)
      return { userId: String(id), isGranted, isFriend: areFriends(terms, bond), isFollowing, isFan }
    })
  }
}
