import type { Clock } from '../../adapters/clock.ts'
import type { Sealer } from '../../adapters/crypto.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import type { Caller } from '../../http/caller.ts'
import { toHex } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { strengths } from '../../protocol/strength.ts'
import { codeAt, stepAt } from '../../protocol/totp.ts'
import { type Apps, isAppId } from './apps.ts'
import { secretPlace } from './devices.ts'
import {
  countDevicesOfAddress,
  countDevicesOfApp,
  insertDevice,
  lockProvisioning,
  removeOldestUnusedDevice,
} from './repo.ts'
import type { DeviceRow } from './tables.ts'
import type { ProvisionInput } from './wire.ts'

export type ProvisioningNeeds = {
  db: Db
  clock: Clock
  random: Random
  sealer: Sealer
  apps: Apps
  limits: { devicesPerApp: number; devicesPerAddress: number; unusedSeconds: number }
  /** Writes which devices have called, so that none of them is taken for one that never did. */
  flushSeen(): Promise<void>
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const secretLength = 32
const countedForMs = 60_000

/** Hands a new device its secret: 160 bits, 32 characters of base32, another for every call. */
export const createProvisioning = (needs: ProvisioningNeeds) => {
  const { db, clock, random, sealer, apps, limits } = needs
  // Counting a million rows for every device would be slow: counted once a minute, and by ourselves in between.
  // So the cap of an app may be exceeded by what other processes hand out in that minute.
  const counts = new Map<string, { count: number; at: number }>()

  const countOfApp = async (trx: Executor, appId: string) => {
    const known = counts.get(appId)
    if (known && clock.elapsed() - known.at < countedForMs) return known
    const counted = { count: await countDevicesOfApp(trx, appId), at: clock.elapsed() }
    counts.set(appId, counted)
    return counted
  }

  const makeRoom = async (trx: Executor, appId: string, address: string) => {
    await lockProvisioning(trx, appId)
    if ((await countDevicesOfAddress(trx, appId, address)) >= limits.devicesPerAddress) {
      throw new Failure('TOO_OFTEN', {
        info: 'Too many devices from this address.',
        retryAfterSeconds: 3_600,
      })
    }
    const counted = await countOfApp(trx, appId)
    if (counted.count < limits.devicesPerApp) counted.count++
    else if (!(await removeOldestUnusedDevice(trx, appId))) {
      throw new Failure('OVERLOADED', { info: 'The app has as many devices as it may have.' })
    }
  }

  return async (input: ProvisionInput, caller: Caller) => {
    const { n, s, type = '', os = '', device = '' } = input
    if (!isAppId(n) || !/^[A-Za-z0-9]{32}$/.test(s)) {
      throw new Failure('CREDENTIALS_MALFORMED')
    }
    await apps.check(n, s, undefined)
    const address = caller.address.limitNetwork
    const now = clock.now()
    const id = random.bytes(16)
    const token = toHex(id)
    const secret = Array.from(random.bytes(secretLength), (byte) => base32[byte % 32]).join('')
    const row: DeviceRow = {
      deviceId: id,
      appId: n,
      secretSealed: sealer.seal(secretPlace(token), Buffer.from(secret)),
      address,
      deviceType: type,
      os,
      name: device,
      minStrength: strengths.clear,
      hello: '',
      createdAt: now,
      lastSeenAt: null,
      expiresAt: now + limits.unusedSeconds * 1_000,
    }
    if ((counts.get(n)?.count ?? limits.devicesPerApp) >= limits.devicesPerApp) await needs.flushSeen()
    await db.transaction(async (trx) => {
      await makeRoom(trx, n, address)
      await insertDevice(trx, row)
    })
    return {
      totp_secret: secret,
      // A number, as old clients expect: leading zeros are lost.
      totp_code: Number(codeAt(secret, stepAt(now))),
      totp_token: token,
      time: Math.floor(now / 1_000),
      appname: n,
    }
  }
}
