import type { Executor } from '../../adapters/db/index.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { AddressChangeRow, AddressRow } from './tables.ts'

const ownerStatement = createStatement((db, { loginKey }: { loginKey: Buffer }) =>
  db.selectFrom('addresses').selectAll().where('loginKey', '=', loginKey),
)

export const findAddress = async (db: Executor, loginKey: Buffer): Promise<AddressRow | undefined> =>
  (await ownerStatement(db, { loginKey })).rows[0]

export const findAddressesOf = (db: Executor, userId: number): Promise<AddressRow[]> =>
  db.selectFrom('addresses').selectAll().where('userId', '=', userId).orderBy('kind').execute()

/** Fails as a duplicate if an account has it, or if this account has another one of the kind. */
export const insertAddress = async (trx: Executor, row: AddressRow): Promise<void> => {
  await trx.insertInto('addresses').values(row).execute()
}

export const deleteAddress = async (trx: Executor, loginKey: Buffer): Promise<void> => {
  await trx.deleteFrom('addresses').where('loginKey', '=', loginKey).execute()
}

export const insertAddressChange = async (trx: Executor, row: AddressChangeRow): Promise<void> => {
  await trx.insertInto('addressChanges').values(row).execute()
}

/** Uses up an undo. Undefined: there is none, it was used, or it is from before `since`. */
export const takeAddressChange = async (
  trx: Executor,
  { undoHash, since, nowMs }: { undoHash: Buffer; since: number; nowMs: number },
): Promise<AddressChangeRow | undefined> => {
  const { numUpdatedRows } = await trx
    .updateTable('addressChanges')
    .set({ undoneAt: nowMs })
    .where('undoHash', '=', undoHash)
    .where('undoneAt', 'is', null)
    .where('changedAt', '>', since)
    .executeTakeFirst()
  if (Number(numUpdatedRows) === 0) return undefined
  return trx.selectFrom('addressChanges').selectAll().where('undoHash', '=', undoHash).executeTakeFirst()
}

/** What came after a change, of addresses of both kinds, the oldest first. */
export const findLaterChanges = (
  trx: Executor,
  { userId, changedAt }: Pick<AddressChangeRow, 'userId' | 'changedAt'>,
): Promise<AddressChangeRow[]> =>
  trx
    .selectFrom('addressChanges')
    .selectAll()
    .where('userId', '=', userId)
    .where('changedAt', '>=', changedAt)
    .where('undoneAt', 'is', null)
    .orderBy('changedAt')
    .execute()

/** Changes after one that was undone can't be undone: they may be those of a thief. */
export const cancelLaterChanges = async (
  trx: Executor,
  { userId, changedAt }: Pick<AddressChangeRow, 'userId' | 'changedAt'>,
  nowMs: number,
): Promise<void> => {
  await trx
    .updateTable('addressChanges')
    .set({ undoneAt: nowMs })
    .where('userId', '=', userId)
    .where('changedAt', '>=', changedAt)
    .where('undoneAt', 'is', null)
    .execute()
}

export const removeOldAddressChanges = async (
  db: Executor,
  before: number,
  most: number,
): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('addressChanges')
    .where('changedAt', '<', before)
    .orderBy('changedAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/** For the export: changes that can still be undone. */
export const collectAddressChanges = (db: Executor, userId: number) =>
  db
    .selectFrom('addressChanges')
    .select(['kind', 'oldText as oldAddress', 'verifiedAt', 'changedAt', 'undoneAt'])
    .where('userId', '=', userId)
    .orderBy('changedAt')
    .limit(1_000)
    .execute()

export const removeAddressesOf = async (trx: Executor, userId: number): Promise<void> => {
  await trx.deleteFrom('addresses').where('userId', '=', userId).execute()
}

export const removeAddressChangesOf = async (trx: Executor, userId: number): Promise<void> => {
  await trx.deleteFrom('addressChanges').where('userId', '=', userId).execute()
}
