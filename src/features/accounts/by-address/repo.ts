import type { Executor } from '../../../adapters/db/index.ts'
import { createStatement } from '../../../adapters/db/statement.ts'
import type { AccountFound } from '../repo.ts'
import { noVerifier } from '../verifier.ts'

type Seen = { nowMs: number; deviceId: Buffer }

const selectAccount = (db: Executor, { nowMs, deviceId }: Seen) =>
  db
    .selectFrom('accounts')
    .innerJoin('users', 'users.userId', 'accounts.userId')
    .leftJoin('addresses as m', (join) =>
      join.onRef('m.userId', '=', 'accounts.userId').on('m.kind', '=', 'email'),
    )
    .select(['accounts.userId', 'accounts.tag', 'accounts.status', 'accounts.epoch', 'accounts.mustChange'])
    .select(['accounts.statusReason', 'accounts.disabledUntil', 'accounts.finalAt'])
    .select(['accounts.deviceSlots'])
    .select(['users.userName', 'users.nickName', 'm.text as mail'])
    .select((eb) =>
      eb
        .selectFrom('logins')
        .select((live) => live.fn.countAll().as('count'))
        .whereRef('logins.userId', '=', 'accounts.userId')
        .where('logins.endedAt', 'is', null)
        .where('logins.expiresAt', '>', nowMs)
        .as('liveLogins'),
    )
    .select((eb) =>
      eb
        .exists(
          eb
            .selectFrom('logins')
            .select('logins.loginId')
            .whereRef('logins.userId', '=', 'accounts.userId')
            .where('logins.deviceId', '=', deviceId),
        )
        .as('isKnownDevice'),
    )

const ofAddressStatement = createStatement((db, { loginKey, ...seen }: Seen & { loginKey: Buffer }) =>
  selectAccount(db, seen)
    .innerJoin('addresses', 'addresses.userId', 'accounts.userId')
    .where('addresses.loginKey', '=', loginKey),
)

const ofUserStatement = createStatement((db, { userId, ...seen }: Seen & { userId: number }) =>
  selectAccount(db, seen).where('accounts.userId', '=', userId),
)

export type AccountOfAddress = Pick<
  AccountFound,
  | 'userId'
  | 'tag'
  | 'status'
  | 'statusReason'
  | 'disabledUntil'
  | 'finalAt'
  | 'epoch'
  | 'mustChange'
  | 'deviceSlots'
  | 'userName'
  | 'nickName'
  | 'mail'
> & { liveLogins: number; isKnownDevice: boolean }

type SeenFrom = { nowMs: number; deviceId?: string | undefined }
const seenOf = ({ nowMs, deviceId = '' }: SeenFrom): Seen => ({
  nowMs,
  deviceId: Buffer.from(deviceId, 'hex'),
})

type FoundRow = Awaited<ReturnType<typeof ofUserStatement>>['rows'][number]
const readFound = (row: FoundRow | undefined): AccountOfAddress | undefined =>
  row && { ...row, liveLogins: Number(row.liveLogins), isKnownDevice: Number(row.isKnownDevice) === 1 }

/** The account that has verified an address. */
export const findAccountOfAddress = async (
  db: Executor,
  loginKey: Buffer,
  seen: SeenFrom,
): Promise<AccountOfAddress | undefined> =>
  readFound((await ofAddressStatement(db, { loginKey, ...seenOf(seen) })).rows[0])

/** The same of a user number. */
export const findAccountOfUser = async (
  db: Executor,
  userId: number,
  seen: SeenFrom,
): Promise<AccountOfAddress | undefined> =>
  readFound((await ofUserStatement(db, { userId, ...seenOf(seen) })).rows[0])

export const lockAccount = async (
  trx: Executor,
  { userId, epoch, nowMs }: { userId: number; epoch: number; nowMs: number },
): Promise<boolean> => {
  const { numUpdatedRows } = await trx
    .updateTable('accounts')
    .set({ updatedAt: nowMs })
    .where('userId', '=', userId)
    .where('epoch', '=', epoch)
    .where('status', '=', 'active')
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

export const deleteVerifier = async (trx: Executor, loginKey: Buffer): Promise<void> => {
  await trx.deleteFrom('verifiers').where('loginKey', '=', loginKey).execute()
}

/** What is about to leave an account: an address with its login, or the identity of a provider. */
export type Leaving = { loginKey: Buffer } | { provider: string }

/**
 * The one rule of the last way to log in: whether a password, an address or an identity still opens the account. An
 * identity counts while its provider is configured. In the transaction that has locked the account.
 */
export const hasWayBeside = async (
  trx: Executor,
  userId: number,
  leaving: Leaving,
  providers: readonly string[],
): Promise<boolean> => {
  const loginKey = 'loginKey' in leaving ? leaving.loginKey : Buffer.alloc(0)
  const left = providers.filter((name) => !('provider' in leaving && leaving.provider === name))
  const passwords = trx
    .selectFrom('verifiers')
    .select('userId')
    .where('userId', '=', userId)
    .where('loginKey', '!=', loginKey)
    .where('verifier', '!=', noVerifier)
  const addresses = trx
    .selectFrom('addresses')
    .select('userId')
    .where('userId', '=', userId)
    .where('loginKey', '!=', loginKey)
  const identities = trx
    .selectFrom('identities')
    .select('userId')
    .where('userId', '=', userId)
    // A list must not be empty, and no provider has an empty name.
    .where('provider', 'in', ['', ...left])
  const ways = await passwords.unionAll(addresses).unionAll(identities).execute()
  return ways.length > 0
}
