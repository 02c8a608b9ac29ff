import type { Executor } from '../../adapters/db/index.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { IdentityRow } from './tables.ts'

export type IdentityKey = Pick<IdentityRow, 'provider' | 'issuer' | 'subject'>

const ownerStatement = createStatement((db, { provider, issuer, subject }: IdentityKey) =>
  db
    .selectFrom('identities')
    .select('userId')
    .where('provider', '=', provider)
    .where('issuer', '=', issuer)
    .where('subject', '=', subject),
)

/** The user who has linked an identity. */
export const findIdentityOwner = async (db: Executor, key: IdentityKey): Promise<number | undefined> =>
  (await ownerStatement(db, key)).rows[0]?.userId

export const findIdentitiesOf = (db: Executor, userId: number): Promise<IdentityRow[]> =>
  db.selectFrom('identities').selectAll().where('userId', '=', userId).orderBy('provider').execute()

/** Fails as a duplicate if any user has it, or if this user has another one of the provider. */
export const insertIdentity = async (trx: Executor, row: IdentityRow): Promise<void> => {
  await trx.insertInto('identities').values(row).execute()
}

/** True if it was there. */
export const deleteIdentity = async (trx: Executor, userId: number, provider: string): Promise<boolean> => {
  const { numDeletedRows } = await trx
    .deleteFrom('identities')
    .where('userId', '=', userId)
    .where('provider', '=', provider)
    .executeTakeFirst()
  return Number(numDeletedRows) > 0
}

export const deleteIdentitiesOf = async (trx: Executor, userId: number): Promise<void> => {
  await trx.deleteFrom('identities').where('userId', '=', userId).execute()
}
