import type { Executor } from '../../adapters/db/index.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { AppRow, DeviceRow } from './tables.ts'

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

const lockStatement = createStatement((db, { appId }: { appId: string }) =>
  db.selectFrom('apps').select('appId').where('appId', '=', appId).forUpdate(),
)

/** Until its transaction ends, no other call of any process provisions a device of this app. */
export const lockProvisioning = async (trx: Executor, appId: string): Promise<void> => {
  await lockStatement(trx, { appId })
}

const deviceStatement = createStatement((db, row: DeviceRow) => db.insertInto('devices').values(row))

export const insertDevice = async (db: Executor, row: DeviceRow): Promise<void> => {
  await deviceStatement(db, row)
}

const selectCount = (db: Executor, appId: string) =>
  db
    .selectFrom('devices')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('appId', '=', appId)

export const countDevicesOfApp = async (db: Executor, appId: string): Promise<number> =>
  Number((await selectCount(db, appId).executeTakeFirstOrThrow()).count)

const countStatement = createStatement((db, { appId, address }: { appId: string; address: string }) =>
  selectCount(db, appId).where('address', '=', address),
)

export const countDevicesOfAddress = async (db: Executor, appId: string, address: string): Promise<number> =>
  Number((await countStatement(db, { appId, address })).rows[0]?.count)

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

const seenStatement = createStatement(
  (db, { deviceId, lastSeenAt, expiresAt }: { deviceId: Buffer; lastSeenAt: number; expiresAt: number }) =>
    db.updateTable('devices').set({ lastSeenAt, expiresAt }).where('deviceId', '=', deviceId),
)

export const updateDeviceSeen = async (db: Executor, deviceId: Buffer, seenAt: number, expiresAt: number) => {
  await seenStatement(db, { deviceId, lastSeenAt: seenAt, expiresAt })
}

export const updateDevice = async (
  db: Executor,
  deviceId: Buffer,
  change: Partial<Pick<DeviceRow, 'minStrength' | 'hello'>>,
): Promise<void> => {
  await db.updateTable('devices').set(change).where('deviceId', '=', deviceId).execute()
}

export const removeExpiredDevices = async (db: Executor, before: number, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('devices')
    .where('expiresAt', '<', before)
    .orderBy('expiresAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/** The devices of an app that called last, those that never called at the end. */
export const findDevicesOfApp = (db: Executor, appId: string, most: number): Promise<DeviceRow[]> =>
  db
    .selectFrom('devices')
    .selectAll()
    .where('appId', '=', appId)
    .orderBy('lastSeenAt', 'desc')
    .limit(most)
    .execute()

export const removeDevice = async (db: Executor, deviceId: Buffer): Promise<void> => {
  await db.deleteFrom('devices').where('deviceId', '=', deviceId).execute()
}
