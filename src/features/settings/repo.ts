import type { Executor } from '../../adapters/db/index.ts'
import { sql } from '../../adapters/db/kysely.ts'

export const findSetting = async (db: Executor, name: string): Promise<string | undefined> => {
  const row = await db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst()
  return row?.value
}

export const insertSetting = async (db: Executor, name: string, value: string): Promise<void> => {
  await db.insertInto('settings').values({ name, value }).execute()
}

export const updateSetting = async (db: Executor, name: string, value: string): Promise<void> => {
  await db.updateTable('settings').set({ value }).where('name', '=', name).execute()
}

/** False: its value is another one by now. */
export const updateSettingFrom = async (
  db: Executor,
  { name, from, to }: { name: string; from: string; to: string },
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('settings')
    .set({ value: to })
    .where('name', '=', name)
    .where('value', '=', from)
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

export const deleteSetting = async (db: Executor, name: string): Promise<void> => {
  await db.deleteFrom('settings').where('name', '=', name).execute()
}

/** Adds one to a counter, whose row is locked until the transaction ends; its new value. */
export const incrementSetting = async (trx: Executor, name: string): Promise<number> => {
  await trx
    .insertInto('settings')
    .values({ name, value: '1' })
    .onConflict((conflict) =>
      conflict.column('name').doUpdateSet((eb) => ({ value: sql<string>`${eb.ref('settings.value')} + 1` })),
    )
    .execute()
  const { value } = await trx
    .selectFrom('settings')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirstOrThrow()
  return Number(value)
}

/** 0 or 1: whether there is any. */
export const countAccounts = async (db: Executor): Promise<number> =>
  (await db.selectFrom('accounts').select('userId').limit(1).execute()).length
