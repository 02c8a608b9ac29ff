import type { Executor } from '../../adapters/db/index.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { Withheld } from './api.ts'

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

export const removeOldWithheld = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('withheldCapabilities')
    .where('withheldUntil', '<', before)
    .orderBy('withheldUntil')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
