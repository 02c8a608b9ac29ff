/** The provisioned device of this client: made at first need, kept in the storage. */
import { isDeviceId } from '../protocol/envelope.ts'
import { catalogue } from '../protocol/errors.ts'
import type { ClientClock } from './clock.ts'
import { ClientFailure, toFailure } from './failure.ts'
import type { Lock } from './lock.ts'
import { type ProvisionReply, paths } from './operations.ts'
import type { Post } from './post.ts'
import { parseReply, type Reply } from './reply.ts'
import { type ClientStorage, readRecord } from './storage.ts'

export type Device = { t: string; secret: string }

/** What this device is called, for the list of logins that its user may see. */
export type DeviceDescription = { type?: string; os?: string; device?: string; osver?: string }

export type DevicesNeeds = {
  post: Post
  storage: ClientStorage
  key: string
  lock: Lock
  clock: ClientClock
  now(): number
  appId: string
  appSecret: string
  description: DeviceDescription
}

/** A device that the server answered within this time is not one that it has forgotten. */
const trustedMs = 3_600_000

const isSecret = (text: unknown): text is string => typeof text === 'string' && /^[A-Z2-7]{16,64}$/.test(text)

export const createDevices = (needs: DevicesNeeds) => {
  const { post, storage, key, lock, clock, now } = needs
  let confirmed: { t: string; at: number } | undefined

  const read = async (): Promise<Device | undefined> => {
    const record = await readRecord(storage, key)
    const { t, secret } = record ?? {}
    return typeof t === 'string' && isDeviceId(t) && isSecret(secret) ? { t, secret } : undefined
  }

  const provision = async (): Promise<Device> => {
    const { type, os, device } = needs.description
    const parameters = Object.entries({ n: needs.appId, s: needs.appSecret, type, os, device })
    const form = new URLSearchParams(
      parameters.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    )
    const { text, retryAfterSeconds } = await post(paths.provision, 'form', form.toString())
    const reply = parseReply(text)
    if (reply.code !== catalogue.OK.code) throw toFailure(reply, { retryAfterSeconds })
    const { totp_token: t, totp_secret: secret, time } = reply as Reply & ProvisionReply
    if (!isDeviceId(String(t)) || !isSecret(secret)) throw new ClientFailure('REPLY_UNREADABLE')
    clock.correct(time)
    await storage.set(key, JSON.stringify({ t, secret }))
    confirmed = { t, at: now() }
    return { t, secret }
  }

  return {
    isThere: async () => (await read()) !== undefined,
    /** The kept device, or a new one. */
    get: async (): Promise<Device> =>
      (await read()) ?? (await lock(async () => (await read()) ?? (await provision()))),
    /** A new device in any case. */
    renew: (): Promise<Device> => lock(provision),
    /** A new device, unless the one that `t` names has been replaced already. */
    replace: (t: string): Promise<Device> =>
      lock(async () => {
        const kept = await read()
        return kept && kept.t !== t ? kept : await provision()
      }),
    /** The server has answered this device. */
    confirm: (t: string): void => {
      confirmed = { t, at: now() }
    },
    /** Kept from an earlier time: the server forgets devices that stay away for long. */
    mayBeForgotten: (t: string): boolean => confirmed?.t !== t || now() - confirmed.at > trustedMs,
  }
}

export type Devices = ReturnType<typeof createDevices>
