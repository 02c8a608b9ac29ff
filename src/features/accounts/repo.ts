import type { Db, Executor } from '../../adapters/db/index.ts'
import { sql } from '../../adapters/db/kysely.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { CanonicalLogin } from './names.ts'
import type { AccountRow, LoginFailuresRow, UserRow, VerifierRow } from './tables.ts'

export type AccountFound = {
  userId: number
  loginKey: Buffer
  verifier: string
  nextVerifier: string | null
  tag: Buffer
  status: AccountRow['status']
  epoch: number
  userName: string
  nickName: string
}

export type LoginSituation = {
  account: AccountFound | undefined
  /** Counted under the account's user name if it is known, so that its number brings no further tries. */
  loginKey: Buffer
  /** The fifth last failure from this network; 0 for none. */
  failed5: number
  hasFailures: boolean
  streak: number
}

type Nullable<T> = { [K in keyof T]: T[K] | null }

const createSituationStatement = (kind: CanonicalLogin['kind']) =>
  createStatement(
    (db, { givenKey, userId, network }: { givenKey: Buffer; userId: number; network: string }) => {
      const countedKey = kind === 'number' ? sql<Buffer>`coalesce(v.login_key, ${givenKey})` : givenKey
      return (
        db
          // `select 1` guarantees one row for an unknown login. (A binary column here would make MariaDB spill to a file.)
          .selectFrom(sql<{ one: number }>`(select 1 as one)`.as('asked'))
          .leftJoin('verifiers as v', (join) =>
            kind === 'number' ? join.on('v.userId', '=', userId) : join.on('v.loginKey', '=', givenKey),
          )
          .leftJoin('accounts as a', 'a.userId', 'v.userId')
          .leftJoin('users as u', 'u.userId', 'v.userId')
          .leftJoin('loginFailures as f', (join) =>
            join.on('f.network', '=', network).on('f.loginKey', '=', countedKey),
          )
          .leftJoin('loginStreaks as s', (join) => join.on('s.loginKey', '=', countedKey))
          .select(['v.userId', 'v.loginKey', 'v.verifier', 'v.nextVerifier', 'a.tag', 'a.status', 'a.epoch'])
          .select(['u.userName', 'u.nickName', 'f.failed1', 'f.failed5', 's.failures'])
      )
    },
  )

const situationStatements = {
  name: createSituationStatement('name'),
  number: createSituationStatement('number'),
} as const

/** Everything a login is judged by, known or not, in one trip to the primary. */
export const findLoginSituation = async (
  db: Executor,
  login: CanonicalLogin,
  givenKey: Buffer,
  network: string,
): Promise<LoginSituation> => {
  const userId = login.kind === 'number' ? login.userId : 0
  const { rows } = await situationStatements[login.kind](db, { givenKey, userId, network })
  const { failed1, failed5, failures, ...found } = rows[0] as Nullable<
    AccountFound & Pick<LoginFailuresRow, 'failed1' | 'failed5'> & { failures: number }
  >
  return {
    account: found.userId === null ? undefined : (found as AccountFound),
    loginKey: found.loginKey ?? givenKey,
    failed5: Number(failed5 ?? 0),
    hasFailures: Number(failed1 ?? 0) > 0 || Number(failures ?? 0) > 0,
    streak: Number(failures ?? 0),
  }
}

/** The user name's key behind a user number: an immutable pair, so a replica may answer. */
export const findLoginKeyOfNumber = async (db: Executor, userId: number): Promise<Buffer | undefined> => {
  const row = await db
    .selectFrom('verifiers')
    .select('loginKey')
    .where('userId', '=', userId)
    .executeTakeFirst()
  return row?.loginKey
}

const accountStatement = createStatement((db, { tag, nowMs }: { tag: Buffer; nowMs: number }) =>
  db
    .insertInto('accounts')
    .values({ tag, status: 'active', statusReason: '', epoch: 1, createdAt: nowMs, updatedAt: nowMs }),
)

export const insertAccount = async (trx: Executor, values: { tag: Buffer; nowMs: number }): Promise<number> =>
  Number((await accountStatement(trx, values)).insertId)

const userStatement = createStatement((db, row: UserRow) => db.insertInto('users').values(row))

export const insertUser = async (trx: Executor, row: UserRow): Promise<void> => {
  await userStatement(trx, row)
}

const verifierStatement = createStatement((db, row: VerifierRow) => db.insertInto('verifiers').values(row))

export const insertVerifier = async (trx: Executor, row: VerifierRow): Promise<void> => {
  await verifierStatement(trx, row)
}

export const updateNextVerifier = async (
  db: Executor,
  loginKey: Buffer,
  nextVerifier: string,
  nowMs: number,
) => {
  await db
    .updateTable('verifiers')
    .set({ nextVerifier, updatedAt: nowMs })
    .where('loginKey', '=', loginKey)
    .execute()
}

const slots = ['failed5', 'failed4', 'failed3', 'failed2'] as const
const before = { failed5: 'failed4', failed4: 'failed3', failed3: 'failed2', failed2: 'failed1' } as const

/**
 * Counts a failure from a network, unless five are younger than `failedBefore`; then false. One statement, so that
 * a burst gets five tries like a sequence does. MySQL assigns left to right, SQLite at once: oldest first suits both.
 */
export const countFailure = async (
  db: Db,
  {
    loginKey,
    network,
    nowMs,
    failedBefore,
  }: { loginKey: Buffer; network: string; nowMs: number; failedBefore: number },
): Promise<boolean> => {
  const shift = async () => {
    const { numUpdatedRows } = await db.write
      .updateTable('loginFailures')
      .set((eb) => ({
        ...Object.fromEntries(slots.map((slot) => [slot, eb.ref(before[slot])])),
        failed1: nowMs,
      }))
      .where('loginKey', '=', loginKey)
      .where('network', '=', network)
      .where('failed5', '<=', failedBefore)
      .executeTakeFirst()
    return Number(numUpdatedRows) > 0
  }
  if (await shift()) return true
  try {
    const none = { failed2: 0, failed3: 0, failed4: 0, failed5: 0 }
    await db.write
      .insertInto('loginFailures')
      .values({ loginKey, network, failed1: nowMs, ...none })
      .execute()
    return true
  } catch (error) {
    if (!db.isDuplicate(error)) throw error
    return shift()
  }
}

/** Adds one to the failures in a row. */
export const countStreak = async (db: Executor, loginKey: Buffer, nowMs: number): Promise<void> => {
  await db
    .insertInto('loginStreaks')
    .values({ loginKey, failures: 1, lastFailedAt: nowMs })
    .onConflict((conflict) =>
      conflict.column('loginKey').doUpdateSet((eb) => ({
        failures: eb('loginStreaks.failures', '+', 1),
        lastFailedAt: eb.ref('excluded.lastFailedAt'),
      })),
    )
    .execute()
}

export const clearFailures = async (db: Executor, loginKey: Buffer, network: string): Promise<void> => {
  await db
    .deleteFrom('loginFailures')
    .where('loginKey', '=', loginKey)
    .where('network', '=', network)
    .execute()
  await db.deleteFrom('loginStreaks').where('loginKey', '=', loginKey).execute()
}

/** Failures too old to count any more. */
export const removeOldFailures = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('loginFailures')
    .where('failed1', '<', before)
    .orderBy('failed1')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

export const removeOldStreaks = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('loginStreaks')
    .where('lastFailedAt', '<', before)
    .orderBy('lastFailedAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

export type AccountSummary = {
  userId: number
  status: AccountRow['status']
  statusReason: string
  createdAt: number
  userName: string
  nickName: string
}

export const findAccount = (db: Executor, userId: number): Promise<AccountSummary | undefined> =>
  db
    .selectFrom('accounts')
    .innerJoin('users', 'users.userId', 'accounts.userId')
    .select(['accounts.userId', 'status', 'statusReason', 'createdAt', 'userName', 'nickName'])
    .where('accounts.userId', '=', userId)
    .executeTakeFirst()

export const findUserIdOfKey = async (db: Executor, loginKey: Buffer): Promise<number | undefined> => {
  const row = await db
    .selectFrom('verifiers')
    .select('userId')
    .where('loginKey', '=', loginKey)
    .executeTakeFirst()
  return row?.userId
}

export const findLoginsOfUser = (db: Executor, userId: number, limit: number) =>
  db
    .selectFrom('logins')
    .select(['appId', 'deviceType', 'deviceName', 'keyPrint'])
    .select(['authenticatedAt', 'expiresAt', 'endedAt', 'endReason'])
    .where('userId', '=', userId)
    .orderBy('authenticatedAt', 'desc')
    .limit(limit)
    .execute()

/** False: the account was in this state already. */
export const updateStatus = async (
  trx: Executor,
  userId: number,
  { status, statusReason, nowMs }: { status: AccountRow['status']; statusReason: string; nowMs: number },
): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('accounts')
    .set({ status, statusReason, updatedAt: nowMs })
    .where('userId', '=', userId)
    .where('status', '!=', status)
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

/** Ends what was issued to an account under its epoch so far. */
export const raiseEpoch = async (trx: Executor, userId: number, nowMs: number): Promise<void> => {
  await trx
    .updateTable('accounts')
    .set((eb) => ({ epoch: eb('epoch', '+', 1), updatedAt: nowMs }))
    .where('userId', '=', userId)
    .execute()
}
