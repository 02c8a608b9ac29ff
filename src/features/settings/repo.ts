import type { Executor } from '../../adapters/db/index.ts'

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

/** 0 or 1: whether there is any. */
export const countAccounts = async (db: Executor): Promise<number> =>
  (await db.selectFrom('accounts').select('userId').limit(1).execute()).length
