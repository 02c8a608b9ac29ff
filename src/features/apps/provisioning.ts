import type { Clock } from '../../adapters/clock.ts'
import type { Sealer } from '../../adapters/crypto.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { Random } from '../../adapters/random.ts'
import type { Address, Caller } from '../../http/caller.ts'
import { toHex } from '../../protocol/bytes.ts'
import { Failure } from '../../protocol/errors.ts'
import { strengths } from '../../protocol/strength.ts'
import { codeAt, stepAt } from '../../protocol/totp.ts'
import type { Apps } from './apps.ts'
import { secretPlace } from './devices.ts'
import { countDevicesOfApp, countDevicesOfPlace, insertDevice, lockApp, removeIdlestDevice } from './repo.ts'
import { isAppId } from './summary.ts'
import type { DeviceRow } from './tables.ts'
import type { ProvisionInput } from './wire.ts'

export type ProvisioningNeeds = {
  db: Db
  clock: Clock
  random: Random
  sealer: Sealer
  apps: Apps
  limits: { devicesPerApp: number; devicesPerAddress: number; devicesPerSite: number; unusedSeconds: number }
  /** Writes which devices have called or have a login, so that none of them is taken for one that is idle. */
  flushUse(): Promise<void>
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

  /** The count that the new device adds to; undefined if another one made room. */
  const makeRoom = async (trx: Executor, appId: string, { limitNetwork: address, site }: Address) => {
    await lockApp(trx, appId)
    const before = await countDevicesOfPlace(trx, { appId, address, site })
    if (before.address >= limits.devicesPerAddress || before.site >= limits.devicesPerSite) {
      throw new Failure('TOO_OFTEN', {
        info: 'Too many devices from this network.',
        retryAfterSeconds: 3_600,
      })
    }
    const counted = await countOfApp(trx, appId)
    if (counted.count < limits.devicesPerApp) return counted
    if (await removeIdlestDevice(trx, appId)) return undefined
    throw new Failure('OVERLOADED', { info: 'The app has as many devices as it may have.' })
  }

  return async (input: ProvisionInput, caller: Caller) => {
    const { n, s, type = '', os = '', device = '' } = input
    if (!isAppId(n) || !/^[A-Za-z0-9]{32}$/.test(s)) {
      throw new Failure('CREDENTIALS_MALFORMED')
    }
    const app = await apps.check(n, s, undefined)
    // It has no users of its own whose devices they could be.
    if (app.isThirdParty) throw new Failure('THIRD_PARTY')
    const now = clock.now()
    const id = random.bytes(16)
    const token = toHex(id)
    const secret = Array.from(random.bytes(secretLength), (byte) => base32[byte % 32]).join('')
    const row: DeviceRow = {
      deviceId: id,
      appId: n,
      secretSealed: sealer.seal(secretPlace(token), Buffer.from(secret)),
      address: caller.address.limitNetwork,
      site: caller.address.site,
      deviceType: type,
      os,
      name: device,
      minStrength: strengths.clear,
      hello: '',
      createdAt: now,
      lastSeenAt: null,
      usedAt: now,
      hasLogin: 0,
      expiresAt: now + limits.unusedSeconds * 1_000,
    }
    if ((counts.get(n)?.count ?? limits.devicesPerApp) >= limits.devicesPerApp) await needs.flushUse()
    const counted = await db.transaction(async (trx) => {
      const room = await makeRoom(trx, n, caller.address)
      await insertDevice(trx, row)
      return room
    })
    // Only now: what was rolled back is not there.
    if (counted) counted.count++
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
