import type { Db } from '../../adapters/db/index.ts'
import { fromHex, toHex } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import type { RecordAudit } from '../audit/api.ts'
import type { RecordChange } from '../change-log/api.ts'
import { findApp, findDevice, findDevicesOfApp, removeDevice } from './repo.ts'
import type { DeviceRow } from './tables.ts'

export type DeviceAdminNeeds = { db: Db; recordAudit: RecordAudit; recordChange: RecordChange }

/** A device as an administrator sees it: without its secret. `deviceId` is its `t`. */
const summarise = ({ deviceId, secretSealed: _, hello: _hello, minStrength: _min, ...row }: DeviceRow) => ({
  ...row,
  deviceId: toHex(deviceId),
})

export type DeviceSummary = ReturnType<typeof summarise>

/** Provisioned devices, for administrators. */
export const createDeviceAdmin = ({ db, recordAudit, recordChange }: DeviceAdminNeeds) => ({
  /** At most `most` devices of an app, by their last call. Throws APP_REFUSED for an unknown app. */
  list: async (appId: string, most: number): Promise<DeviceSummary[]> => {
    if (!(await findApp(db.write, appId))) throw new Failure('APP_REFUSED')
    return (await findDevicesOfApp(db.write, appId, most)).map(summarise)
  },
  /** It has to be provisioned anew. False when there is none. */
  remove: async (deviceId: string): Promise<boolean> => {
    const key = Buffer.from(fromHex(deviceId) ?? [])
    return db.transaction(async (trx) => {
      const row = await findDevice(trx, key)
      if (!row) return false
      await removeDevice(trx, key)
      await recordAudit(trx, { kind: 'device.removed', appId: row.appId, detail: { device: deviceId } })
      await recordChange(trx, 'device', deviceId)
      return true
    })
  },
})
