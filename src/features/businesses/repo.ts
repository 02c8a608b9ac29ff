import type { Executor } from '../../adapters/db/index.ts'
import type { BusinessRow } from './tables.ts'

export const findBusinesses = (db: Executor): Promise<BusinessRow[]> =>
  db.selectFrom('businesses').selectAll().orderBy('name').execute()

export const insertBusiness = async (db: Executor, row: BusinessRow): Promise<void> => {
  await db.insertInto('businesses').values(row).execute()
}

/** True if there is such a business. */
export const updateBusiness = async (
  db: Executor,
  name: string,
  change: Partial<Pick<BusinessRow, 'idleSeconds' | 'routes' | 'apps'>>,
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('businesses')
    .set(change)
    .where('name', '=', name)
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

/** True if it was there. */
export const removeBusiness = async (db: Executor, name: string): Promise<boolean> => {
  const { numDeletedRows } = await db.deleteFrom('businesses').where('name', '=', name).executeTakeFirst()
  return Number(numDeletedRows) > 0
}
