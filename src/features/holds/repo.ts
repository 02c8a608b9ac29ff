import type { Executor } from '../../adapters/db/index.ts'
import { sql } from '../../adapters/db/kysely.ts'
import type { HeldMarkRow } from './tables.ts'

/** `heldUntil`: of a name that the account gave up; 0: it has it. */
export type OwnedKey = { key: Buffer; heldUntil: number }

/** Every name and address that an account has, what its names look like, and the names that it gave up: in one trip. */
export const findOwnedKeys = async (trx: Executor, userId: number): Promise<OwnedKey[]> => {
  const nothing = sql<number>`0`.as('heldUntil')
  const given = trx.selectFrom('heldNames').where('userId', '=', userId)
  const rows = await trx
    .selectFrom('verifiers')
    .select(['loginKey as key', nothing])
    .where('userId', '=', userId)
    .unionAll(trx.selectFrom('users').select(['skeleton as key', nothing]).where('userId', '=', userId))
    .unionAll(given.select(['loginKey as key', 'heldUntil']))
    .unionAll(given.select(['skeleton as key', 'heldUntil']))
    .execute()
  return rows
    .filter(({ key }) => !key.toString().startsWith('number:'))
    .map(({ key, heldUntil }) => ({ key, heldUntil: Number(heldUntil) }))
}

export const insertMarks = async (trx: Executor, rows: readonly HeldMarkRow[]): Promise<void> => {
  await trx
    .insertInto('heldMarks')
    .values(rows)
    .onConflict((conflict) =>
      conflict.column('mark').doUpdateSet((eb) => ({ heldUntil: eb.ref('excluded.heldUntil') })),
    )
    .execute()
}

export const findHeldMark = (db: Executor, marks: readonly Buffer[], nowMs: number) =>
  db
    .selectFrom('heldMarks')
    .select('mark')
    .where('mark', 'in', marks)
    .where('heldUntil', '>', nowMs)
    .limit(1)
    .executeTakeFirst()

export const deleteMark = async (trx: Executor, mark: Buffer): Promise<void> => {
  await trx.deleteFrom('heldMarks').where('mark', '=', mark).execute()
}

export const removeOldMarks = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('heldMarks')
    .where('heldUntil', '<', before)
    .orderBy('heldUntil')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
