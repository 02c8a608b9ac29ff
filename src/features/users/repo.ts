import type { Executor } from '../../adapters/db/index.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { UserRow } from './tables.ts'

const userStatement = createStatement((db, row: UserRow) => db.insertInto('users').values(row))

export const insertUser = async (trx: Executor, row: UserRow): Promise<void> => {
  await userStatement(trx, row)
}

const nameStatement = createStatement((db, values: { loginKey: Buffer; skeleton: Buffer }) =>
  db
    .selectFrom('verifiers')
    .select('userId')
    .where('loginKey', '=', values.loginKey)
    .unionAll(db.selectFrom('users').select('userId').where('skeleton', '=', values.skeleton)),
)

export const isNameTaken = async (db: Executor, loginKey: Buffer, skeleton: Buffer): Promise<boolean> => {
  const { rows } = await nameStatement(db, { loginKey, skeleton })
  return rows.length > 0
}

/** For the export. */
export const collectUser = (db: Executor, userId: number) =>
  db.selectFrom('users').select(['userName', 'nickName', 'updatedAt']).where('userId', '=', userId).execute()

export const deleteUser = async (trx: Executor, userId: number): Promise<void> => {
  await trx.deleteFrom('users').where('userId', '=', userId).execute()
}
