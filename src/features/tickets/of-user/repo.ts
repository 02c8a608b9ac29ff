import type { Executor } from '../../../adapters/db/index.ts'
import type { IsHeldUp, LoginGuard } from '../../accounts/api.ts'
import type { Ending } from '../repo.ts'
import type { LoginRow } from '../tables.ts'

/** Ended by one login at most: a number that was ever exceeded by far shrinks with the next logins. */
const mostBeyond = 50

const liveColumns = [
  'loginId',
  'appId',
  'deviceId',
  'deviceType',
  'deviceName',
  'givenName',
  'os',
  'osver',
  'authenticatedAt',
] as const

/** A login that has neither ended nor expired, as its user and the rule of device slots see it. */
export type LiveLogin = Pick<LoginRow, (typeof liveColumns)[number]>

const selectLive = (db: Executor, userId: number, nowMs: number) =>
  db
    .selectFrom('logins')
    .where('userId', '=', userId)
    .where('endedAt', 'is', null)
    .where('expiresAt', '>', nowMs)

/** The live logins of a user that are older than the newest `most`. */
export const findLoginsBeyond = async (
  db: Executor,
  { userId, nowMs, most }: { userId: number; nowMs: number; most: number },
): Promise<Buffer[]> => {
  const rows = await selectLive(db, userId, nowMs)
    .select('loginId')
    .orderBy('authenticatedAt', 'desc')
    .orderBy('loginId')
    .limit(mostBeyond)
    .offset(most)
    .execute()
  return rows.map(({ loginId }) => loginId)
}

/** Oldest first. */
export const findLiveLogins = (db: Executor, userId: number, nowMs: number): Promise<LiveLogin[]> =>
  selectLive(db, userId, nowMs).select(liveColumns).orderBy('authenticatedAt').orderBy('loginId').execute()

export const endLogins = async (db: Executor, loginIds: readonly Buffer[], ending: Ending): Promise<void> => {
  await db
    .updateTable('logins')
    .set(ending)
    .where('loginId', 'in', loginIds)
    .where('endedAt', 'is', null)
    .execute()
}

/** A live login with what its user may see of it. */
export type ShownLogin = LiveLogin & Pick<LoginRow, 'network' | 'a2RotatedAt' | 'lastSeenAt' | 'expiresAt'>

/** Newest first. */
export const findShownLogins = (
  db: Executor,
  { userId, nowMs, most }: { userId: number; nowMs: number; most: number },
): Promise<ShownLogin[]> =>
  selectLive(db, userId, nowMs)
    .select([...liveColumns, 'network', 'a2RotatedAt', 'lastSeenAt', 'expiresAt'])
    .orderBy('authenticatedAt', 'desc')
    .orderBy('loginId')
    .limit(most)
    .execute()

/** The names that a user has given to devices, the newest first: they outlive the login. */
export const findGivenNames = (db: Executor, userId: number, most: number) =>
  db
    .selectFrom('logins')
    .select(['deviceId', 'givenName'])
    .where('userId', '=', userId)
    .where('deviceId', 'is not', null)
    .where('givenName', 'is not', null)
    .orderBy('authenticatedAt', 'desc')
    .limit(most)
    .execute()

/** False: the user has no such live login. */
export const updateGivenName = async (
  db: Executor,
  { userId, loginId, givenName }: { userId: number; loginId: Buffer; givenName: string },
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('logins')
    .set({ givenName })
    .where('loginId', '=', loginId)
    .where('userId', '=', userId)
    .where('endedAt', 'is', null)
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

/** Under the same condition as a login: a burst of guesses gets no further than guesses one after another. */
export const createUpdateProof =
  (isHeldUp: IsHeldUp) =>
  async (
    db: Executor,
    { loginId, authenticatedAt }: { loginId: Buffer; authenticatedAt: number },
    guard?: LoginGuard,
  ): Promise<boolean> => {
    const { numUpdatedRows } = await db
      .updateTable('logins')
      .set({ reauthenticatedAt: authenticatedAt })
      .where('loginId', '=', loginId)
      .where('endedAt', 'is', null)
      .$if(guard !== undefined, (query) =>
        query.where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('loginFailures')
                .select('loginFailures.network')
                .where('loginFailures.loginKey', '=', guard?.failureKey ?? Buffer.alloc(0))
                .where('loginFailures.network', '=', guard?.place ?? '')
                .where((failures) => isHeldUp(failures, guard as LoginGuard)),
            ),
          ),
        ),
      )
      .executeTakeFirst()
    return Number(numUpdatedRows) > 0
  }

/** Undefined: the login is unknown, or it has not ended. */
export const findEndReason = async (db: Executor, loginId: Buffer): Promise<string | undefined> => {
  const row = await db
    .selectFrom('logins')
    .select('endReason')
    .where('loginId', '=', loginId)
    .where('endedAt', 'is not', null)
    .executeTakeFirst()
  return row?.endReason ?? undefined
}

/** In the order of their ids. */
export const findLoginsAfter = (
  db: Executor,
  { userId, after, most }: { userId: number; after: Buffer; most: number },
) =>
  db
    .selectFrom('logins')
    .select(['loginId', 'appId', 'deviceType', 'deviceName', 'os', 'osver', 'givenName', 'network'])
    .select(['lastSeenAt', 'authenticatedAt', 'reauthenticatedAt', 'expiresAt', 'endedAt', 'endReason'])
    .where('userId', '=', userId)
    .where('loginId', '>', after)
    .orderBy('loginId')
    .limit(most)
    .execute()

/** A login as it stays in the history of its user; ended ones too. */
export type PastLogin = ShownLogin & Pick<LoginRow, 'endedAt' | 'endReason'>

/** Where a history goes on: behind this login. Newest first; of one moment, the higher id first. */
export type LoginPosition = { at: number; loginId: Buffer }

/** `authenticatedAt <= …` says nothing new: SQLite needs it to begin at the position, MySQL the other two. */
export const findLoginsBehind = (
  db: Executor,
  { userId, at, loginId, most }: LoginPosition & { userId: number; most: number },
): Promise<PastLogin[]> =>
  db
    .selectFrom('logins')
    .select([...liveColumns, 'network', 'a2RotatedAt', 'lastSeenAt', 'expiresAt', 'endedAt', 'endReason'])
    .where('userId', '=', userId)
    .where('authenticatedAt', '<=', at)
    .where(({ eb, or, and }) =>
      or([
        eb('authenticatedAt', '<', at),
        and([eb('authenticatedAt', '=', at), eb('loginId', '<', loginId)]),
      ]),
    )
    .orderBy('authenticatedAt', 'desc')
    .orderBy('loginId', 'desc')
    .limit(most)
    .execute()

/**
 * Forgets device and network of ended logins, some at a time: how many. The rows stay until their age, so that a device
 * learns why its login ended.
 */
export const hideLogins = async (db: Executor, userId: number, most: number): Promise<number> => {
  const found = await db
    .selectFrom('logins')
    .select('loginId')
    .where('userId', '=', userId)
    .where('endedAt', 'is not', null)
    .where((eb) => eb.or([eb('deviceId', 'is not', null), eb('network', '!=', '')]))
    .limit(most)
    .execute()
  if (found.length === 0) return 0
  const hidden = { deviceType: '', deviceName: '', os: '', osver: '', givenName: null, network: '' }
  await db
    .updateTable('logins')
    .set({ ...hidden, deviceId: null, endDetail: null, keyPrint: null })
    .where(
      'loginId',
      'in',
      found.map(({ loginId }) => loginId),
    )
    .execute()
  return found.length
}
