import type { Executor } from '../../adapters/db/index.ts'
import { sql } from '../../adapters/db/kysely.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { AccountRow, VerifierRow } from './tables.ts'

export type AccountFound = {
  userId: number
  /** From which the salt of the login comes. */
  saltFrom: Buffer
  verifier: string
  nextVerifier: string | null
  tag: Buffer
  status: AccountRow['status']
  statusReason: string
  disabledUntil: number | null
  /** When it is final, if it leaves. */
  finalAt: number | null
  epoch: number
  mustChange: number
  deviceSlots: string | null
  userName: string
  nickName: string
  /** Its e-mail address. */
  mail: string | null
}

export type LoginSituation = {
  account: AccountFound | undefined
  /** The account's tag, so that its name and its number count together and registering begins anew; else the login's key. */
  failureKey: Buffer
  /** Where this caller's failures are counted: its network, or the device if it has logged in to the account before. */
  place: string
  isKnownDevice: boolean
  /** The last five failures from this place, newest first; 0 for none. */
  failedAt: number[]
  streak: { failures: number; lastFailedAt: number }
  /** Logins of the account that have neither ended nor expired. */
  liveLogins: number
}

type SituationValues = {
  nowMs: number
  givenKey: Buffer
  network: string
  deviceId: Buffer
  devicePlace: string
}

const situationStatement = createStatement(
  (db, { nowMs, givenKey, network, deviceId, devicePlace }: SituationValues) => {
    const failureKey = sql<Buffer>`coalesce(a.tag, ${givenKey})`
    return (
      db
        // `select 1` guarantees a row for an unknown login. (A binary column here would make MariaDB spill to a file.)
        .selectFrom(sql<{ one: number }>`(select 1 as one)`.as('asked'))
        .leftJoin('verifiers as v', (join) => join.on('v.loginKey', '=', givenKey))
        .leftJoin('accounts as a', 'a.userId', 'v.userId')
        .leftJoin('users as u', 'u.userId', 'v.userId')
        .leftJoin('addresses as m', (join) =>
          join.onRef('m.userId', '=', 'v.userId').on('m.kind', '=', 'email'),
        )
        .leftJoin('loginFailures as f', (join) =>
          join.on('f.network', '=', network).on('f.loginKey', '=', failureKey),
        )
        .leftJoin('loginFailures as d', (join) =>
          join.on('d.network', '=', devicePlace).on('d.loginKey', '=', failureKey),
        )
        .leftJoin('loginStreaks as s', (join) => join.on('s.loginKey', '=', failureKey))
        .select(['v.userId', 'v.saltFrom', 'v.verifier', 'v.nextVerifier', 'a.tag', 'a.status', 'a.epoch'])
        .select(['a.statusReason', 'a.disabledUntil', 'a.finalAt'])
        .select(['a.mustChange', 'a.deviceSlots'])
        .select(['u.userName', 'u.nickName', 'm.text as mail', 's.failures', 's.lastFailedAt'])
        .select(['f.failed1', 'f.failed2', 'f.failed3', 'f.failed4', 'f.failed5'])
        .select(['d.failed1 as known1', 'd.failed2 as known2', 'd.failed3 as known3'])
        .select(['d.failed4 as known4', 'd.failed5 as known5'])
        .select((eb) =>
          eb
            .exists(
              eb
                .selectFrom('logins')
                .select('logins.loginId')
                .whereRef('logins.userId', '=', 'v.userId')
                .where('logins.deviceId', '=', deviceId),
            )
            .as('isKnown'),
        )
        .select((eb) =>
          eb
            .selectFrom('logins')
            .select((live) => live.fn.countAll().as('count'))
            .whereRef('logins.userId', '=', 'v.userId')
            .where('logins.endedAt', 'is', null)
            .where('logins.expiresAt', '>', nowMs)
            .as('liveLogins'),
        )
    )
  },
)

const noDevice = Buffer.alloc(0)
/** Under `network`: a network never begins so. */
const devicePlaceOf = (deviceId: string) => `device:${deviceId}`
export const isDevicePlace = (place: string): boolean => place.startsWith('device:')

export type Asked = {
  nowMs: number
  givenKey: Buffer
  network: string
  /** 32 hex characters. */
  deviceId: string | undefined
}

/** Everything a login is judged by, known or not, in one trip to the primary. */
export const findLoginSituation = async (
  db: Executor,
  { nowMs, givenKey, network, deviceId }: Asked,
): Promise<LoginSituation> => {
  const { rows } = await situationStatement(db, {
    nowMs,
    givenKey,
    network,
    deviceId: deviceId === undefined ? noDevice : Buffer.from(deviceId, 'hex'),
    devicePlace: devicePlaceOf(deviceId ?? ''),
  })
  const [row] = rows
  if (!row) throw new Error('a login without a situation')
  const isKnownDevice = Number(row.isKnown) === 1
  const failedAt = isKnownDevice
    ? [row.known1, row.known2, row.known3, row.known4, row.known5]
    : [row.failed1, row.failed2, row.failed3, row.failed4, row.failed5]
  return {
    account:
      row.userId === null ? undefined : ({ ...row, saltFrom: row.saltFrom ?? givenKey } as AccountFound),
    failureKey: row.tag ?? givenKey,
    place: isKnownDevice ? devicePlaceOf(deviceId ?? '') : network,
    isKnownDevice,
    failedAt: failedAt.map((at) => Number(at ?? 0)),
    streak: { failures: Number(row.failures ?? 0), lastFailedAt: Number(row.lastFailedAt ?? 0) },
    liveLogins: Number(row.liveLogins ?? 0),
  }
}

const saltStatement = createStatement((db, { loginKey }: { loginKey: Buffer }) =>
  db.selectFrom('verifiers').select('saltFrom').where('loginKey', '=', loginKey),
)

/** What the salt of a login comes from, if that is not its own key. */
export const findSaltSource = async (db: Executor, loginKey: Buffer): Promise<Buffer | undefined> =>
  (await saltStatement(db, { loginKey })).rows[0]?.saltFrom ?? undefined

const accountStatement = createStatement((db, { tag, nowMs }: { tag: Buffer; nowMs: number }) =>
  db.insertInto('accounts').values({
    tag,
    status: 'active',
    statusReason: '',
    epoch: 1,
    createdAt: nowMs,
    updatedAt: nowMs,
    unusedSince: nowMs,
  }),
)

export const insertAccount = async (trx: Executor, values: { tag: Buffer; nowMs: number }): Promise<number> =>
  Number((await accountStatement(trx, values)).insertId)

/** How one login of an account is verified. */
export type LoginVerifier = Omit<VerifierRow, 'userId' | 'createdAt' | 'updatedAt'>

const columns = ['loginKey', 'saltFrom', 'verifier', 'nextVerifier'] as const

const createVerifiersStatement = (count: number) =>
  createStatement((db, { userId, nowMs, ...values }: Record<string, Buffer | string | number | null>) =>
    db.insertInto('verifiers').values(
      Array.from({ length: count }, (_, row) => ({
        ...Object.fromEntries(columns.map((column) => [column, values[`${column}${row}`]])),
        userId,
        createdAt: nowMs,
        updatedAt: nowMs,
      })) as unknown as VerifierRow[],
    ),
  )

/** One is added; an account has two at first, or three. */
const verifiersStatements = new Map([1, 2, 3].map((count) => [count, createVerifiersStatement(count)]))

/** In one trip. */
export const insertVerifiers = async (
  trx: Executor,
  rows: readonly LoginVerifier[],
  { userId, nowMs }: { userId: number; nowMs: number },
): Promise<void> => {
  const statement = verifiersStatements.get(rows.length)
  if (!statement) throw new Error(`no statement for ${rows.length} verifiers`)
  const values = rows.flatMap((row, at) => columns.map((column) => [`${column}${at}`, row[column]] as const))
  await statement(trx, { ...Object.fromEntries(values), userId, nowMs })
}

/** For every login of the user whose client hash has the same salt, unless it has got a new verifier since. */
export const updateVerifiers = async (
  db: Executor,
  { userId, saltFrom, verifier }: Pick<AccountFound, 'userId' | 'saltFrom' | 'verifier'>,
  made: Partial<Pick<VerifierRow, 'verifier' | 'nextVerifier'>>,
  nowMs: number,
) => {
  await db
    .updateTable('verifiers')
    .set({ ...made, updatedAt: nowMs })
    .where('userId', '=', userId)
    .where('verifier', '=', verifier)
    .where((eb) => eb(eb.fn.coalesce('saltFrom', 'loginKey'), '=', saltFrom))
    .execute()
}

export type AccountSummary = {
  userId: number
  status: AccountRow['status']
  statusReason: string
  disabledUntil: number | null
  /** When it is final, if it leaves. */
  finalAt: number | null
  createdAt: number
  mustChange: number
  userName: string
  nickName: string
  tag: Buffer
}

const selectAccounts = (db: Executor) =>
  db
    .selectFrom('accounts')
    .innerJoin('users', 'users.userId', 'accounts.userId')
    .select(['accounts.userId', 'status', 'statusReason', 'disabledUntil', 'finalAt'])
    .select(['createdAt', 'mustChange'])
    .select(['userName', 'nickName', 'tag'])

export const findAccount = (db: Executor, userId: number): Promise<AccountSummary | undefined> =>
  selectAccounts(db).where('accounts.userId', '=', userId).executeTakeFirst()

/** In the order of their numbers, those after `after`. */
export const findAccounts = (db: Executor, after: number, most: number): Promise<AccountSummary[]> =>
  selectAccounts(db).where('accounts.userId', '>', after).orderBy('accounts.userId').limit(most).execute()

export const findUserIdOfKey = async (db: Executor, loginKey: Buffer): Promise<number | undefined> => {
  const row = await db
    .selectFrom('verifiers')
    .select('userId')
    .where('loginKey', '=', loginKey)
    .executeTakeFirst()
  return row?.userId
}

/** Ends what was issued to an account under its epoch so far. */
export const raiseEpoch = async (trx: Executor, userId: number, nowMs: number): Promise<void> => {
  await trx
    .updateTable('accounts')
    .set((eb) => ({ epoch: eb('epoch', '+', 1), updatedAt: nowMs }))
    .where('userId', '=', userId)
    .execute()
}
