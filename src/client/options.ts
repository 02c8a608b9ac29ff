/** What a client is created with, and the checks of it. */
import type { CaptchaOptions } from './captcha.ts'
import type { DeviceDescription } from './devices.ts'
import { ClientFailure } from './failure.ts'
import { type PinnedKeys, readPinnedKeys } from './pinned-keys.ts'
import type { Fetch } from './post.ts'
import { isProtected, readBase } from './server-location.ts'
import { type ClientStorage, createMemoryStorage } from './storage.ts'

export type ClientOptions = {
  /** The base URL of the server, with the path of a proxy in front of it if there is one. */
  url: string
  appId: string
  /** Leave it out for an app marked public: what ships in a page or a program is no secret. */
  appSecret?: string
  /** Keeps device, key and tickets; without one they end with the process or page (see `ClientStorage`). */
  storage?: ClientStorage
  /** `totp` encrypts every call (the default with a secret); `json` sends plain bodies and needs HTTPS or loopback. */
  transport?: 'totp' | 'json'
  /**
   * Public keys of the server (`torii key list`), base64 of 32 bytes each: a key exchange that none of them has signed
   * is refused. Without them only TLS tells whose key it is.
   */
  serverKeys?: readonly string[]
  /** Base URLs to which the server may send a login; others are refused. */
  redirects?: readonly string[]
  /** The name of this device in the user's list of logins. */
  device?: DeviceDescription
  /** The language of messages, such as `en` or `zh-CN`; a browser sends its own without it. */
  language?: string
  fetch?: Fetch
  /** Milliseconds since 1970. */
  now?: () => number
  /** A call that got no reply within this time fails with UNREACHABLE; 15,000 milliseconds. */
  timeoutMs?: number
  /** For a server with `transport.totpCompensation`. */
  totpCompensation?: number
  /**
   * The least bcrypt cost at which a password is hashed; 10. A server that asks for less is refused with KDF_TOO_WEAK: the
   * hash would be cheaper to crack.
   */
  minimumKdfCost?: number | undefined
} & CaptchaOptions

export type ReadOptions = {
  base: string
  redirects: readonly string[]
  appId: string
  appSecret: string | undefined
  transport: 'totp' | 'json'
  storage: ClientStorage
  /** False for a storage that only this client knows. */
  isStorageShared: boolean
  pinnedKeys: PinnedKeys
  device: DeviceDescription
  language: string | undefined
  fetch: Fetch
  now(): number
  timeoutMs: number
  totpCompensation: number
  minimumKdfCost: number
} & CaptchaOptions

/** What the client can't do without, and what provides it. */
const needed: Readonly<Record<string, { isThere(options: ClientOptions): boolean; todo: string }>> = {
  'crypto.getRandomValues': {
    isThere: () => typeof globalThis.crypto?.getRandomValues === 'function',
    todo: 'in React Native import react-native-get-random-values first',
  },
  fetch: {
    isThere: ({ fetch }) => typeof (fetch ?? globalThis.fetch) === 'function',
    todo: 'pass the option fetch',
  },
}

const checkRuntime = (options: ClientOptions): void => {
  for (const [name, { isThere, todo }] of Object.entries(needed)) {
    if (isThere(options)) continue
    throw new ClientFailure('RUNTIME_UNSUPPORTED', { info: `${name} is missing: ${todo}` })
  }
}

/** Throws TypeError for options that contradict each other, and RUNTIME_UNSUPPORTED. */
export const readOptions = (options: ClientOptions): ReadOptions => {
  const { appId, appSecret } = options
  const { transport = appSecret === undefined ? 'json' : 'totp' } = options
  checkRuntime(options)
  const base = readBase(options.url, 'url')
  if (transport === 'totp' && appSecret === undefined) throw new TypeError('transport totp needs appSecret')
  if (transport === 'json' && !isProtected(base)) throw new TypeError('transport json needs an https: url')
  const redirects = (options.redirects ?? []).map((text) => readBase(text, 'redirects'))
  if (transport === 'json' && !redirects.every(isProtected)) {
    throw new TypeError('transport json needs https: redirects')
  }
  return {
    base,
    redirects,
    appId,
    appSecret,
    transport,
    storage: options.storage ?? createMemoryStorage(),
    isStorageShared: options.storage !== undefined,
    pinnedKeys: readPinnedKeys(options.serverKeys),
    device: options.device ?? {},
    language: options.language,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    now: options.now ?? Date.now,
    timeoutMs: options.timeoutMs ?? 15_000,
    totpCompensation: options.totpCompensation ?? 0,
    minimumKdfCost: options.minimumKdfCost ?? 10,
    onCaptcha: options.onCaptcha,
    onWork: options.onWork,
  }
}
