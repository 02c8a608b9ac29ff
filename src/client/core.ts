/** Puts the parts of a client together; the verbs are written on top of what this returns. */
import { createJsonTransport, type Send } from './call.ts'
import { createCaptchaSolver } from './captcha.ts'
import { createClock } from './clock.ts'
import { createDevices } from './devices.ts'
import { createProofExchange, createSealedExchange } from './exchanges.ts'
import { isFailure } from './failure.ts'
import { createGreeter } from './greeter.ts'
import { createKdfRecord } from './kdf-record.ts'
import { createKeys, type Keys } from './keys.ts'
import type { ReadOptions } from './options.ts'
import { createKdf, createPasswords } from './password.ts'
import { createPost } from './post.ts'
import { createPSKeys } from './pskeys.ts'
import { createSealedTransport } from './sealed-transport.ts'
import { createServerLocation } from './server-location.ts'
import { createLock } from './storage.ts'
import { createTickets } from './tickets.ts'
import { createTotpTransport } from './totp-transport.ts'

/** Names what the storage keeps: one record of a kind for each app and server. */
const createNames = ({ appId, base, storage, isStorageShared }: ReadOptions) => {
  const keyOf = (kind: string) => `torii:${kind}:${appId}@${base}`
  const lockOf = (kind: string) => createLock(storage, keyOf(kind), isStorageShared)
  return { keyOf, lockOf }
}

/**
 * Carries a key exchange in the device's own envelope, so that the server learns to refuse that device weaker ones;
 * else, or if the device is refused, in a plain call, which every server accepts for an exchange of version 2.
 */
const createExchangeSend = (
  { plain, weaker }: { plain: Send; weaker: Send },
  hasDevice: () => Promise<boolean>,
): Send =>
  async function sendExchange(path, input, options) {
    if (!(await hasDevice())) return plain(path, input, options)
    // A forged refusal must not make the client provision a new device in the clear.
    return weaker(path, input, { ...options, keepDevice: true }).catch((error) => {
      if (!isFailure(error, 'ENVELOPE_REFUSED', 'ENCRYPTION_REQUIRED')) throw error
      return plain(path, input, options)
    })
  }

/** Seals every call from the first exchange of version 2 on. */
const createSend = (keys: Keys, { sealed, weaker }: { sealed: Send; weaker: Send }): Send =>
  async function send(path, input, options) {
    return (await keys.isSealing()) ? sealed(path, input, options) : weaker(path, input, options)
  }

export const createCore = (options: ReadOptions) => {
  const { appId, appSecret, base, redirects, storage, transport, now, pinnedKeys } = options
  const { fetch, timeoutMs, language } = options
  const { keyOf, lockOf } = createNames(options)
  const location = createServerLocation({ base, redirects, storage, key: keyOf('location') })
  const post = createPost({ findBase: location.find, fetch, timeoutMs, language })
  const clock = createClock(now)
  const devices = createDevices({
    post,
    storage,
    clock,
    now,
    appId,
    appSecret: appSecret ?? '',
    key: keyOf('device'),
    lock: lockOf('device'),
    description: options.device,
  })
  const plain = createJsonTransport({ post, appId, appSecret })
  const isTotp = transport === 'totp'
  const totp = createTotpTransport({
    post,
    devices,
    clock,
    compensation: options.totpCompensation,
    isProtected: location.isProtected,
  })
  const weaker = isTotp ? totp : plain
  const exchangeSend = createExchangeSend({ plain, weaker }, async () => isTotp && devices.hasDevice())
  const keys = createKeys({
    storage,
    pinnedKeys,
    key: keyOf('key'),
    lock: lockOf('key'),
    exchangeSealed: createSealedExchange({ send: exchangeSend, appId, pinnedKeys, clock }),
    exchangeProof: createProofExchange({ send: weaker, clock }),
  })
  // A clock of its own: a forged refusal may put the other one wrong.
  const sealed = createSealedTransport({ post, keys, clock: createClock(now) })
  const send = createSend(keys, { sealed, weaker })
  const greeter = createGreeter({ send, keys, clock })
  const tickets = createTickets({
    send,
    storage,
    now,
    key: keyOf('login'),
    lock: lockOf('login'),
    findFingerprint: keys.findSealedFingerprint,
    sayHello: async () => (await greeter.hello()).reply,
  })
  const passwords = createPasswords({
    send,
    kdf: createKdf(),
    minimumCost: options.minimumKdfCost,
    record: createKdfRecord({ storage, key: keyOf('kdf'), lock: lockOf('kdf') }),
  })
  const pskeys = createPSKeys({ send, tickets, now })
  const captchas = createCaptchaSolver(options)
  return { options, send, devices, keys, greeter, tickets, pskeys, location, passwords, captchas }
}

export type Core = ReturnType<typeof createCore>
