import type { Executor } from '../../adapters/db/index.ts'
import { createStatement } from '../../adapters/db/statement.ts'
import type { AppRow, DeviceRow } from './tables.ts'

export const findApp = (db: Executor, appId: string): Promise<AppRow | undefined> =>
  db.selectFrom('apps').selectAll().where('appId', '=', appId).executeTakeFirst()

export const findApps = (db: Executor): Promise<AppRow[]> =>
  db.selectFrom('apps').selectAll().orderBy('createdAt').orderBy('appId').execute()

/** An app that gets its tickets as JWTs. */
export const findSigningApp = async (db: Executor): Promise<string | undefined> => {
  const apps = db.selectFrom('apps').select('appId')
  return (await apps.where('ticketFormat', '=', 'jwt').limit(1).executeTakeFirst())?.appId
}

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

/** True if it was there. */
export const removeApp = async (db: Executor, appId: string): Promise<boolean> => {
  const { numDeletedRows } = await db.deleteFrom('apps').where('appId', '=', appId).executeTakeFirst()
  return Number(numDeletedRows) > 0
}

export const removeDevicesOfApp = async (db: Executor, appId: string, most: number): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('devices')
    .where('appId', '=', appId)
    .orderBy('usedAt')
    .limit(most)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

export const findDevice = (db: Executor, deviceId: Buffer): Promise<DeviceRow | undefined> =>
  db.selectFrom('devices').selectAll().where('deviceId', '=', deviceId).executeTakeFirst()

const lockStatement = createStatement((db, { appId }: { appId: string }) =>
  db.selectFrom('apps').select('appId').where('appId', '=', appId).forUpdate(),
)

/** Until its transaction ends, no other process changes this app or provisions a device of it. */
export const lockApp = async (trx: Executor, appId: string): Promise<void> => {
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

type Place = { appId: string; address: string; site: string }

const countStatement = createStatement((db, { appId, address, site }: Place) =>
  selectCount(db, appId)
    .select((eb) =>
      eb.fn.sum<number | null>(eb.case().when('address', '=', address).then(1).else(0).end()).as('ofAddress'),
    )
    .where('site', '=', site),
)

/** The devices of an app that come from an address or /64, and from the /24 or /48 around it. */
export const countDevicesOfPlace = async (db: Executor, place: Place) => {
  const [row] = (await countStatement(db, place)).rows
  return { address: Number(row?.ofAddress ?? 0), site: Number(row?.count ?? 0) }
}

/** Of the devices without a login the one that was used longest ago; true if there was one. */
export const removeIdlestDevice = async (db: Executor, appId: string): Promise<boolean> => {
  const idlest = await db
    .selectFrom('devices')
    .select('deviceId')
    .where('appId', '=', appId)
    .where('hasLogin', '=', 0)
    .orderBy('usedAt')
    .limit(1)
    .executeTakeFirst()
  if (!idlest) return false
  return removeDevice(db, idlest.deviceId)
}

/** True if it was there. */
export const removeDevice = async (db: Executor, deviceId: Buffer): Promise<boolean> => {
  const { numDeletedRows } = await db
    .deleteFrom('devices')
    .where('deviceId', '=', deviceId)
    .executeTakeFirst()
  return Number(numDeletedRows) > 0
}

const seenStatement = createStatement(
  (db, { deviceId, lastSeenAt, expiresAt }: { deviceId: Buffer; lastSeenAt: number; expiresAt: number }) =>
    db
      .updateTable('devices')
      .set({ lastSeenAt, usedAt: lastSeenAt, expiresAt })
      .where('deviceId', '=', deviceId),
)

export const updateDeviceSeen = async (db: Executor, deviceId: Buffer, seenAt: number, expiresAt: number) => {
  await seenStatement(db, { deviceId, lastSeenAt: seenAt, expiresAt })
}

export const updateDevice = async (
  db: Executor,
  deviceId: Buffer,
  change: Partial<Pick<DeviceRow, 'minStrength' | 'hello' | 'hasLogin'>>,
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

/** The devices of an app that were used last, those with a login first. */
export const findDevicesOfApp = (db: Executor, appId: string, most: number): Promise<DeviceRow[]> =>
  db
    .selectFrom('devices')
    .selectAll()
    .where('appId', '=', appId)
    .orderBy('hasLogin', 'desc')
    .orderBy('usedAt', 'desc')
    .limit(most)
    .execute()
