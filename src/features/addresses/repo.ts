import type { Executor } from '../../adapters/db/index.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { AddressRow } from './tables.ts'

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
