import type { Executor } from '../../adapters/db/index.ts'
import type { AppRow, DeviceRow } from '../../adapters/db/tables.ts'

export const findApp = (db: Executor, appId: string): Promise<AppRow | undefined> =>
  db.selectFrom('apps').selectAll().where('appId', '=', appId).executeTakeFirst()

export const findApps = (db: Executor): Promise<AppRow[]> =>
  db.selectFrom('apps').selectAll().orderBy('createdAt').orderBy('appId').execute()

export const insertApp = async (db: Executor, row: AppRow): Promise<void> => {
  await db.insertInto('apps').values(row).execute()
}

/** True if there is such an app. */
export const updateApp = async (
  db: Executor,
  appId: string,
  change: Partial<Omit<AppRow, 'appId' | 'createdAt'>>,
): Promise<boolean> => {
  const { numUpdatedRows } = await db
    .updateTable('apps')
    .set(change)
    .where('appId', '=', appId)
    .executeTakeFirst()
  return Number(numUpdatedRows) > 0
}

export const findDevice = (db: Executor, deviceId: Buffer): Promise<DeviceRow | undefined> =>
  db.selectFrom('devices').selectAll().where('deviceId', '=', deviceId).executeTakeFirst()

/** From here to the end of its transaction nobody else provisions a device of this app, in any process. */
export const lockProvisioning = async (trx: Executor, appId: string): Promise<void> => {
  await trx.selectFrom('apps').select('appId').where('appId', '=', appId).forUpdate().execute()
}

export const insertDevice = async (db: Executor, row: DeviceRow): Promise<void> => {
  await db.insertInto('devices').values(row).execute()
}

const countBy = async (db: Executor, appId: string, address?: string): Promise<number> => {
  let query = db
    .selectFrom('devices')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('appId', '=', appId)
  if (address !== undefined) query = query.where('address', '=', address)
  return Number((await query.executeTakeFirstOrThrow()).count)
}

export const countDevicesOfApp = (db: Executor, appId: string) => countBy(db, appId)

export const countDevicesOfAddress = (db: Executor, appId: string, address: string) =>
  countBy(db, appId, address)

/** True if there was a device of the app that never called. */
export const removeOldestUnusedDevice = async (db: Executor, appId: string): Promise<boolean> => {
  const oldest = await db
    .selectFrom('devices')
    .select('deviceId')
    .where('appId', '=', appId)
    .where('lastSeenAt', 'is', null)
    .orderBy('createdAt')
    .limit(1)
    .executeTakeFirst()
  if (!oldest) return false
  await db.deleteFrom('devices').where('deviceId', '=', oldest.deviceId).execute()
  return true
}

export const updateDeviceSeen = async (db: Executor, deviceId: Buffer, seenAt: number, expiresAt: number) => {
  await db
    .updateTable('devices')
    .set({ lastSeenAt: seenAt, expiresAt })
    .where('deviceId', '=', deviceId)
    .execute()
}

export const removeExpiredDevices = async (db: Executor, nowMs: number): Promise<void> => {
  await db.deleteFrom('devices').where('expiresAt', '<', nowMs).execute()
}
