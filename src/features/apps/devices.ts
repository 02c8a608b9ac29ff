import type { CreateBatch } from '../../adapters/batch.ts'
import type { Clock } from '../../adapters/clock.ts'
import type { Sealer } from '../../adapters/crypto.ts'
import type { Db, Executor } from '../../adapters/db/index.ts'
import type { CallerApp, CallerDevice } from '../../http/caller.ts'
import { fromHex } from '../../protocol/bytes.ts'
import { openEnvelope, type ReadText, sealEnvelope } from '../../protocol/envelope.ts'
import type { Language } from '../../protocol/errors.ts'
import type { Primitives } from '../../protocol/primitives.ts'
import { strengths } from '../../protocol/strength.ts'
import {
  type ClockState,
  deriveStepKeys,
  learnClock,
  learnSealed,
  replyStep,
  type StepKeys,
  stepAt,
} from '../../protocol/totp.ts'
import type { RecordChange } from '../change-log/api.ts'
import type { HelloFacts } from '../key-exchange/api.ts'
import { createLoads } from './loads.ts'
import { findDevice, updateDevice, updateDeviceSeen } from './repo.ts'

export type DevicesNeeds = {
  db: Db
  clock: Clock
  createBatch: CreateBatch
  sealer: Sealer
  primitives: Primitives
  findApp(appId: string): Promise<CallerApp | undefined>
  chooseLanguage(language: string | undefined): Language | undefined
  /** Other processes drop what they have of a device. */
  recordChange: RecordChange
  compensation: number
  idleSeconds: number
  /** For so long a replica may lack what was changed. */
  replicaLagBudgetMs: number
}

type Device = Omit<CallerDevice, 'countryCode' | 'knownAs'> & {
  hello: HelloFacts
  appId: string
  secret: string
  expiresAt: number
  minStrength: number
  hasLogin: boolean
  cachedAt: number
  clockState: ClockState
  keys: Map<number, StepKeys>
}

/** Where a device's secret is kept: the place that its encryption is bound to. */
export const secretPlace = (deviceId: string) => `devices.secret:${deviceId}`

const maxCached = 20_000
const cacheMs = 300_000
const maxSeen = 20_000
/** Others wait for the rows of a transaction, and for the log of changes: none is long. */
const maxWrittenAtOnce = 50
// Unknown devices cost as much as known ones: their envelope is tried under keys that fit nothing.
const noKeys: StepKeys = { number: new Int32Array(4), padded: new Int32Array(4) }

/** Provisioned devices with their derived keys, cached; their last use, gathered and written in batches. */
export const createDevices = (needs: DevicesNeeds) => {
  const { db, clock, sealer, primitives, compensation } = needs
  const cache = new Map<string, Device>()
  let hits = 0
  let misses = 0

  const writeInParts = async <Entry>(
    entries: readonly Entry[],
    write: (trx: Executor, some: readonly Entry[]) => Promise<void>,
  ) => {
    for (let from = 0; from < entries.length; from += maxWrittenAtOnce) {
      await db.transaction((trx) => write(trx, entries.slice(from, from + maxWrittenAtOnce)))
    }
  }
  const seen = needs.createBatch<number>({
    most: maxSeen,
    write: (entries) =>
      writeInParts(entries, async (trx, some) => {
        for (const [id, at] of some) {
          await updateDeviceSeen(trx, Buffer.from(fromHex(id) ?? []), at, at + needs.idleSeconds * 1_000)
        }
      }),
  })

  const changeDevices = (changes: (readonly [string, { minStrength?: number; hello?: string }])[]) =>
    writeInParts(changes, async (trx, some) => {
      for (const [id, change] of some) await updateDevice(trx, Buffer.from(fromHex(id) ?? []), change)
      // Last, so that no other writer waits for the change log while this waits for a row.
      for (const [id] of some) await needs.recordChange(trx, 'device', id)
    })
  const hellos = needs.createBatch<string>({
    most: maxSeen,
    write: (entries) => changeDevices([...entries].map(([id, hello]) => [id, { hello }])),
  })

  const logins = needs.createBatch<true>({
    most: maxSeen,
    write: (entries) =>
      writeInParts(entries, async (trx, some) => {
        for (const [id] of some) await updateDevice(trx, Buffer.from(fromHex(id) ?? []), { hasLogin: 1 })
      }),
  })

  const read = async (id: string, isRecent: boolean): Promise<Device | undefined> => {
    const key = Buffer.from(fromHex(id) ?? [])
    const early = isRecent ? undefined : await findDevice(db.read, key)
    // A device that a replica doesn't know yet may have been provisioned just now.
    const row = early ?? (await findDevice(db.write, key))
    if (!row) return undefined
    return {
      id,
      appId: row.appId,
      deviceType: row.deviceType,
      os: row.os,
      name: row.name,
      secret: sealer.open(secretPlace(id), row.secretSealed).toString(),
      expiresAt: row.expiresAt,
      minStrength: row.minStrength,
      hasLogin: row.hasLogin === 1,
      hello: row.hello === '' ? {} : JSON.parse(row.hello),
      cachedAt: clock.elapsed(),
      clockState: {},
      keys: new Map(),
    }
  }

  const keep = (id: string, device: Device | undefined) => {
    const cached = cache.get(id)
    cache.delete(id)
    if (!device) return
    if (cached) {
      device.clockState = cached.clockState
      // It only ever rises, however late a replica is.
      device.minStrength = Math.max(device.minStrength, cached.minStrength)
    }
    const oldest = cache.size >= maxCached && cache.keys().next().value
    if (oldest) cache.delete(oldest)
    cache.set(id, device)
  }

  const lagMs = needs.replicaLagBudgetMs
  const { load, noteChange, noteAny } = createLoads({ clock, lagMs, most: maxCached, read, keep })

  const find = async (id: string): Promise<Device | undefined> => {
    const cached = cache.get(id)
    const now = clock.now()
    if (cached && clock.elapsed() - cached.cachedAt < cacheMs) {
      hits++
      return cached.expiresAt > now ? cached : undefined
    }
    misses++
    const device = await load(id)
    return device && device.expiresAt > now ? device : undefined
  }

  const keysOf = (device: Device) => (step: number) => {
    const known = device.keys.get(step)
    if (known) return known
    for (const old of device.keys.keys()) if (Math.abs(old - step) > 2) device.keys.delete(old)
    const keys = deriveStepKeys(primitives, device.secret, step, compensation)
    device.keys.set(step, keys)
    return keys
  }

  const see = (device: Device, now: number) => {
    device.expiresAt = Math.max(device.expiresAt, now + needs.idleSeconds * 1_000)
    seen.gather(device.id, () => now)
  }

  return {
    /** Opens a device's envelope; undefined tells neither that the device is unknown nor that no key fits. */
    open: async (id: string, bytes: Uint8Array, read: ReadText<string | Uint8Array>) => {
      const device = await find(id)
      const now = clock.now()
      const current = stepAt(now)
      const keysAt = device ? keysOf(device) : () => noKeys
      const opened = openEnvelope(bytes, keysAt, current, device?.clockState.lastOffset, read)
      const app = device && (await needs.findApp(device.appId))
      if (!device || !opened || !app) return undefined
      const isPadded = opened.form === 'padded'
      const hasZero = keysAt(opened.step).padded !== undefined
      device.clockState = {
        ...learnClock(device.clockState, opened.step, now),
        padded: hasZero ? isPadded : (device.clockState.padded ?? false),
      }
      see(device, now)
      const bounded: CallerApp = { ...app, minStrength: Math.max(app.minStrength, device.minStrength) }
      const { deviceType, os, name } = device
      return {
        device: { id, knownAs: id, deviceType, os, name, countryCode: device.hello.countryCode ?? '' },
        language: needs.chooseLanguage(device.hello.language),
        app: bounded,
        text: opened.text,
        seal: (text: string | Uint8Array) => {
          const sealingMs = clock.now()
          const keys = keysAt(replyStep(device.clockState, opened.step, sealingMs, sealingMs - now))
          device.clockState = learnSealed(device.clockState, sealingMs)
          const wantsPadded = isPadded || (!hasZero && device.clockState.padded)
          return sealEnvelope(text, (wantsPadded ? keys.padded : undefined) ?? keys.number)
        },
      }
    },
    /** What a device said in its hello counts here at once, in other processes some seconds later. */
    noteHello: (id: string, said: HelloFacts): void => {
      const device = cache.get(id)
      if (!device) return
      // What this hello leaves out still holds.
      const facts = { ...device.hello, ...said }
      const text = JSON.stringify(facts)
      if (JSON.stringify(device.hello) === text) return
      device.hello = facts
      hellos.gather(id, () => text)
    },
    /** A user has logged in on it: it does not make room for others any more. */
    noteLogin: (id: string): void => {
      const device = cache.get(id)
      if (device?.hasLogin) return
      if (device) device.hasLogin = true
      logins.gather(id, () => true)
    },
    /** From now on its own envelope is too weak for it. */
    raiseMinStrength: async (id: string): Promise<void> => {
      if ((cache.get(id)?.minStrength ?? strengths.clear) >= strengths.sealed) return
      await changeDevices([[id, { minStrength: strengths.sealed }]])
      noteChange(id)
      const device = cache.get(id)
      if (device) device.minStrength = strengths.sealed
    },
    /** It was changed, perhaps by another process; an empty id: any of them. */
    forget: async (id: string): Promise<void> => {
      const isAny = id === ''
      for (const device of isAny ? cache.values() : [cache.get(id)]) {
        if (device) device.cachedAt = Number.NEGATIVE_INFINITY
      }
      if (isAny) noteAny()
      else noteChange(id)
    },
    /** Each writes what was gathered since its last call. */
    flushUse: async (): Promise<void> => {
      await seen.flush()
      await logins.flush()
    },
    flushes: [seen.flush, hellos.flush, logins.flush],
    cacheFacts: () => ({ size: cache.size, hits, misses }),
  }
}
