import type { Db, Executor } from '../../adapters/db/index.ts'
import { sql } from '../../adapters/db/kysely.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { AccountState, IsHeldUp, LoginGuard } from '../accounts/api.ts'
import type { LoginRow } from './tables.ts'

/** A login with the state of its account, read from the primary in one trip. */
export type LoginWithAccount = LoginRow &
  AccountState & {
    accountEpoch: number
  }

const handleStatement = createStatement((db, { a2Handle }: { a2Handle: Buffer }) =>
  db
    .selectFrom('logins')
    .innerJoin('accounts', 'accounts.userId', 'logins.userId')
    .selectAll('logins')
    .select(['accounts.status', 'accounts.statusReason', 'accounts.disabledUntil'])
    .select('accounts.epoch as accountEpoch')
    .where('logins.a2Handle', '=', a2Handle),
)

export const findLoginByHandle = async (
  db: Executor,
  a2Handle: Buffer,
): Promise<LoginWithAccount | undefined> => (await handleStatement(db, { a2Handle })).rows[0]

/** `sinceMs`: a login from before was made on another key, which had the same fingerprint. */
export type OnKey = { keyPrint: string; appId: string; sinceMs: number }

const loginOnKeyStatement = createStatement((db, { keyPrint, appId, sinceMs }: OnKey) =>
  db
    .selectFrom('logins')
    .innerJoin('accounts', 'accounts.userId', 'logins.userId')
    .innerJoin('users', 'users.userId', 'logins.userId')
    .selectAll('logins')
    .select(['accounts.status', 'accounts.statusReason', 'accounts.disabledUntil'])
    .select(['accounts.epoch as accountEpoch', 'users.userName', 'users.nickName'])
    .select('accounts.unusedSince')
    .where('logins.keyPrint', '=', keyPrint)
    .where('logins.appId', '=', appId)
    .where('logins.authenticatedAt', '>=', sinceMs)
    .orderBy('logins.authenticatedAt', 'desc')
    .limit(1),
)

export type Names = { userName: string; nickName: string }
export type LoginOnKey = LoginWithAccount & Names & { unusedSince: number | null }

/** Only the newest login on a key counts: it takes the place of earlier ones. */
export const findLoginOnKey = async (db: Executor, onKey: OnKey): Promise<LoginOnKey | undefined> =>
  (await loginOnKeyStatement(db, onKey)).rows[0]

/** Read from a replica where that is replica-safe (see `readFor`); what it does not have yet, from the primary. */
export const getUserNames = async (db: Db, userId: number, writtenUntil: number) => {
  const find = (executor: Executor) =>
    executor.selectFrom('users').select(['userName', 'nickName']).where('userId', '=', userId)
  const found = await find(db.readFor(writtenUntil)).executeTakeFirst()
  return found ?? (await find(db.write).executeTakeFirstOrThrow())
}

const loginStatement = createStatement((db, row: LoginRow) => db.insertInto('logins').values(row))

export const insertLogin = async (db: Executor, row: LoginRow): Promise<void> => {
  await loginStatement(db, row)
}

/** What the statement below takes beside the row. */
const guardNames = {
  failureKey: true,
  place: true,
  pausedAfter: true,
  streakMost: true,
  streakAfter: true,
  countedAfter: true,
  waited1: true,
  waited2: true,
  waited3: true,
  waited4: true,
  waited5: true,
} satisfies Record<keyof LoginGuard, true>

/**
 * Inserts a login if, at this very moment, the account is active in its epoch and its failures hold nothing up. In one
 * statement, so that a burst of guesses gets no further than guesses one after another. False: not inserted.
 */
export const createInsertGuardedLogin = (isHeldUp: IsHeldUp, engine: Db['engine']) => {
  const statement = createStatement((db, values: LoginRow & LoginGuard) => {
    const columns = Object.keys(values).filter((name) => !(name in guardNames)) as (keyof LoginRow)[]
    return db
      .insertInto('logins')
      .columns(columns)
      .expression((eb) =>
        eb
          .selectFrom('accounts')
          .select(
            columns.map((column) =>
              column === 'epoch' ? 'accounts.epoch' : eb.val(values[column]).as(column),
            ),
          )
          .where('accounts.userId', '=', values.userId)
          .where('accounts.status', '=', 'active')
          .where('accounts.epoch', '=', values.epoch)
          .where(({ not, exists }) =>
            not(
              exists(
                eb
                  .selectFrom('loginFailures')
                  .select('loginFailures.network')
                  .where('loginFailures.loginKey', '=', values.failureKey)
                  .where('loginFailures.network', '=', values.place)
                  .where((failures) => isHeldUp(failures, values)),
              ),
            ),
          )
          // Otherwise it judges an account that is just being removed or disabled by its former state.
          .$if(engine === 'mysql', (query) => query.modifyEnd(sql`lock in share mode`)),
      )
  })
  return async (db: Executor, row: LoginRow, guard: LoginGuard): Promise<boolean> => {
    const { numAffectedRows } = await statement(db, { ...row, ...guard })
    return Number(numAffectedRows ?? 0) > 0
  }
}

/** What an exchange in a sealed call changes of its login, beside the A2. */
export type Binding = Pick<LoginRow, 'keyPrint' | 'minStrength' | 'strengthRaisedAt'>
export type Rotation = Binding & Pick<LoginRow, 'a2Hash' | 'a2Nonce' | 'a2RotatedAt'>

/**
 * The one guarded statement of an exchange: of many that present the same A2, one rotates it. An exchange that read its
 * row before the minimum strength rose rotates nothing either: it would lower the strength again.
 */
export const rotateA2 = async (db: Executor, row: LoginRow, next: Rotation): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('logins')
    .set({
      a2Hash: next.a2Hash,
      a2PreviousHash: row.a2Hash,
      a2Nonce: next.a2Nonce,
      a2Counter: row.a2Counter + 1,
      a2RotatedAt: next.a2RotatedAt,
      a2Confirmed: row.a2Counter,
      minStrength: next.minStrength,
      strengthRaisedAt: next.strengthRaisedAt,
      keyPrint: next.keyPrint,
    })
    .where('loginId', '=', row.loginId)
    .where('a2Hash', '=', row.a2Hash)
    .where('minStrength', '=', row.minStrength)
    .where('endedAt', 'is', null)
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

/** Binds a login whose A2 is rotated already, as a rotation in a sealed call would have done. */
export const bindLogin = async (
  db: Executor,
  row: Pick<LoginRow, 'loginId' | 'a2Hash' | 'a2Confirmed'>,
  { keyPrint, minStrength, strengthRaisedAt }: Binding,
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('logins')
    .set({ keyPrint, minStrength, strengthRaisedAt })
    .where('loginId', '=', row.loginId)
    .where('a2Hash', '=', row.a2Hash)
    .where('a2Confirmed', '=', row.a2Confirmed)
    .where('endedAt', 'is', null)
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

/** A ticket of a login was presented: with which counter of its A2, and when. */
export type Seen = { counter: number; at: number }

const seenStatement = createStatement((db, { loginId, counter, at }: Seen & { loginId: Buffer }) =>
  db
    .updateTable('logins')
    .set((eb) => ({
      a2Confirmed: eb
        .case()
        .when('a2Confirmed', '<', counter)
        .then(counter)
        .else(eb.ref('a2Confirmed'))
        .end(),
      lastSeenAt: eb.case().when('lastSeenAt', '<', at).then(at).else(eb.ref('lastSeenAt')).end(),
    }))
    .where('loginId', '=', loginId),
)

/** Notes that the A2 with this counter, or its SKey, has been presented. */
export const noteSeen = async (db: Executor, loginId: Buffer, seen: Seen): Promise<void> => {
  await seenStatement(db, { loginId, ...seen })
}

export type Ending = { endedAt: number; endReason: string; endDetail?: string }

/** True if it had not ended before. */
export const endLogin = async (db: Executor, loginId: Buffer, ending: Ending): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('logins')
    .set(ending)
    .where('loginId', '=', loginId)
    .where('endedAt', 'is', null)
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

/** A login to which something has happened, and when. */
export type LoginMoment = { loginId: Buffer; at: number }
export type EndedLogin = LoginMoment & { endReason: string }

/** Oldest first, behind the last one of the page before. */
const selectSince = (
  db: Executor,
  column: 'endedAt' | 'strengthRaisedAt',
  after: LoginMoment,
  limit: number,
) =>
  db
    .selectFrom('logins')
    .select(['loginId', `${column} as at`, 'endReason'])
    .where(column, '>=', after.at)
    .where(({ or, and, eb }) =>
      or([eb(column, '>', after.at), and([eb(column, '=', after.at), eb('loginId', '>', after.loginId)])]),
    )
    .orderBy(column)
    .orderBy('loginId')
    .limit(limit)
    .execute()

/** Logins that have ended since. */
export const findEndedLogins = async (db: Executor, after: LoginMoment, limit: number) =>
  (await selectSince(db, 'endedAt', after, limit)) as EndedLogin[]

/** Logins whose minimum strength has risen since. */
export const findRaisedLogins = async (db: Executor, after: LoginMoment, limit: number) =>
  (await selectSince(db, 'strengthRaisedAt', after, limit)) as LoginMoment[]

/** Ends every login of a user. */
export const endLoginsOfUser = async (trx: Executor, userId: number, ending: Ending): Promise<void> => {
  await trx
    .updateTable('logins')
    .set(ending)
    .where('userId', '=', userId)
    .where('endedAt', 'is', null)
    .execute()
}

/** Fingerprints of the keys that the live logins of a user are bound to. */
export const findKeysOfUser = async (db: Executor, userId: number): Promise<string[]> => {
  const rows = await db
    .selectFrom('logins')
    .select('keyPrint')
    .distinct()
    .where('userId', '=', userId)
    .where('endedAt', 'is', null)
    .where('keyPrint', 'is not', null)
    .execute()
  return rows.flatMap(({ keyPrint }) => (keyPrint === null ? [] : [keyPrint]))
}

/** When and on which device a login was made that has not ended. */
export const findLoginStart = (
  db: Executor,
  loginId: Buffer,
): Promise<{ authenticatedAt: number; deviceId: Buffer | null } | undefined> =>
  db
    .selectFrom('logins')
    .select(['authenticatedAt', 'deviceId'])
    .where('loginId', '=', loginId)
    .where('endedAt', 'is', null)
    .executeTakeFirst()

export type AccountGate = { tag: Buffer; epoch: number } & AccountState

export const findAccountGate = (db: Executor, userId: number): Promise<AccountGate | undefined> =>
  db
    .selectFrom('accounts')
    .select(['tag', 'epoch', 'status', 'statusReason', 'disabledUntil'])
    .where('userId', '=', userId)
    .executeTakeFirst()

export const removeOldLogins = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('logins')
    .where('expiresAt', '<', before)
    .orderBy('expiresAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
