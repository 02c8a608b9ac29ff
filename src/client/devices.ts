/** The provisioned device of this client: made on first use, kept in the storage. */
import { isDeviceId } from '../protocol/envelope.ts'
import { catalogue } from '../protocol/errors.ts'
import { parseReply } from './call.ts'
import type { ClientClock } from './clock.ts'
import { ClientFailure, toFailure } from './failure.ts'
import { encodeForm, type Post } from './post.ts'
import { type ClientStorage, type Lock, readRecord } from './storage.ts'

export type Device = { t: string; secret: string }

/** The name of this device in the user's list of logins. */
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

/** The server has not forgotten a device that it answered within this time. */
const trustedMs = 3_600_000

const provisionPath = '/v1/totp'

const isSecret = (text: unknown): text is string => typeof text === 'string' && /^[A-Z2-7]{16,64}$/.test(text)

const formOf = ({ appId, appSecret, description }: DevicesNeeds): string => {
  const { type, os, device } = description
  return encodeForm({ n: appId, s: appSecret, type, os, device })
}

export const createDevices = (needs: DevicesNeeds) => {
  const { post, storage, key, lock, clock, now } = needs
  let confirmed: { t: string; at: number } | undefined

  const read = async (): Promise<Device | undefined> => {
    const { t, secret } = (await readRecord(storage, key)) ?? {}
    return typeof t === 'string' && isDeviceId(t) && isSecret(secret) ? { t, secret } : undefined
  }

  const provision = async (): Promise<Device> => {
    const { text, retryAfterSeconds } = await post(provisionPath, 'form', formOf(needs))
    const reply = parseReply(provisionPath, text)
    if (reply.code !== catalogue.OK.code) throw toFailure(reply, { retryAfterSeconds })
    const { totp_token: t, totp_secret: secret, time } = reply
    if (!isDeviceId(String(t)) || !isSecret(secret)) throw new ClientFailure('REPLY_UNREADABLE')
    // The same reply hands out the secret: trusting its time adds nothing to what it could do.
    clock.correct(time, { isForgeable: false })
    await storage.set(key, JSON.stringify({ t, secret }))
    confirmed = { t, at: now() }
    return { t, secret }
  }

  return {
    hasDevice: async () => (await read()) !== undefined,
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
    /** The server forgets devices that have not called for long; this one may have been kept since then. */
    mayBeForgotten: (t: string): boolean => confirmed?.t !== t || now() - confirmed.at > trustedMs,
  }
}

export type Devices = ReturnType<typeof createDevices>
