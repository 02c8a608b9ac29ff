import type { Executor } from '../../adapters/db/index.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { Withheld } from './api.ts'
import type { WithheldRow } from './tables.ts'

const withheldStatement = createStatement(
  (db, { userId, capability, nowMs }: { userId: number; capability: string; nowMs: number }) =>
    db
      .selectFrom('withheldCapabilities')
      .select(['capability', 'withheldUntil', 'why'])
      .where('userId', '=', userId)
      .where('capability', '=', capability)
      .where(({ or, eb }) => or([eb('withheldUntil', 'is', null), eb('withheldUntil', '>', nowMs)])),
)

/** A time that is over withholds nothing, whether the row is still there or not. */
export const findWithheld = async (
  db: Executor,
  asked: { userId: number; capability: string; nowMs: number },
): Promise<Withheld | undefined> => (await withheldStatement(db, asked)).rows[0]

/** All that is withheld from up to a hundred users. */
export const findWithheldOf = (db: Executor, userIds: readonly number[], nowMs: number) =>
  db
    .selectFrom('withheldCapabilities')
    .select(['userId', 'capability', 'withheldUntil', 'why'])
    .where('userId', 'in', userIds)
    .where(({ or, eb }) => or([eb('withheldUntil', 'is', null), eb('withheldUntil', '>', nowMs)]))
    .orderBy('userId')
    .orderBy('capability')
    .execute()

export const insertWithheld = async (trx: Executor, row: WithheldRow): Promise<void> => {
  await trx.insertInto('withheldCapabilities').values(row).execute()
}

/** False: it was not withheld. */
export const deleteWithheld = async (trx: Executor, userId: number, capability: string): Promise<boolean> => {
  const { numDeletedRows } = await trx
    .deleteFrom('withheldCapabilities')
    .where('userId', '=', userId)
    .where('capability', '=', capability)
    .executeTakeFirst()
  return Number(numDeletedRows) > 0
}

/** All that is withheld from a user. */
export const deleteWithheldOf = async (trx: Executor, userId: number): Promise<void> => {
  await trx.deleteFrom('withheldCapabilities').where('userId', '=', userId).execute()
}

export const removeOldWithheld = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('withheldCapabilities')
    .where('withheldUntil', '<', before)
    .orderBy('withheldUntil')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
