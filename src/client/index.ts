/**
 * The client of Torii, for browsers and Node: it provisions itself, seals its calls, hashes passwords before they
 * leave, keeps the tickets of its login and trades them in time. Every verb throws `ClientFailure`.
 *
 * ```ts
 * import { createClient, isFailure } from 'torii/client'
 * const client = createClient({ url: 'https://login.example.com', appId, appSecret })
 * ```
 */
import { createBrowserStorage } from './browser-storage.ts'
import { createClock } from './clock.ts'
import { createDevices, type DeviceDescription } from './devices.ts'
import { createEntrance, type Greeting, type User } from './entrance.ts'
import { ClientFailure, type FailureName, isFailure } from './failure.ts'
import { createGreeter, type HelloFacts } from './hello.ts'
import { createJsonTransport } from './json-transport.ts'
import { createKdf } from './kdf.ts'
import { createKeyRing, type ExchangedKey, type KeyExchangeOptions } from './key-ring.ts'
import { createLock } from './lock.ts'
import { type InputOf, type LoginInput, type Members, paths, type ReplyOf } from './operations.ts'
import { createHashPassword } from './password.ts'
import { readPins } from './pins.ts'
import { baseOf, createPlace } from './place.ts'
import { createPost, type Fetch } from './post.ts'
import { type ClientStorage, createMemoryStorage } from './storage.ts'
import { createTickets, type Pair, refuseEnded } from './tickets.ts'
import { createTotpTransport } from './totp-transport.ts'

export type { InputOf, RegisterInput, ReplyOf, WelcomeReply } from './operations.ts'
export {
  ClientFailure,
  type ClientStorage,
  createBrowserStorage,
  type DeviceDescription,
  type ExchangedKey,
  type FailureName,
  type Greeting,
  type HelloFacts,
  isFailure,
  type KeyExchangeOptions,
  type LoginInput,
}

export type ClientOptions = {
  /** Where the server is, with the path of a proxy in front of it if there is one. */
  url: string
  appId: string
  /** Not for an app marked public: what is shipped in a page or a program is no secret. */
  appSecret?: string
  /** Where device and tickets stay; without one they end with the process or page (see `ClientStorage`). */
  storage?: ClientStorage
  /** `totp` seals every call (the default with a secret); `json` sends plain bodies and needs HTTPS, or loopback. */
  transport?: 'totp' | 'json'
  /**
   * Public keys of the server (`torii key list`), base64 of 32 bytes each: a key exchange that none of them has signed
   * is refused. Without them TLS alone says whose key it is.
   */
  serverKeys?: readonly string[]
  /** Base URLs to which a login may be sent; to others it is refused. */
  redirects?: readonly string[]
  /** What this device is called in the user's list of logins. */
  device?: DeviceDescription
  /** The language of messages, such as `en` or `zh-CN`; browsers name their own without it. */
  language?: string
  fetch?: Fetch
  /** Milliseconds since 1970. */
  now?: () => number
  /** A call that took this long was not answered; 15 s. */
  timeoutMs?: number
  /** For a server with `transport.totpCompensation`. */
  totpCompensation?: number
}

export type Registration = {
  userName: string
  nickName?: string
  password: string
  /** `anonymous`, by user name and password alone, if it is not given. */
  regmode?: string
}

/** Who is logged in on this client, and for how long its SKey lives (unix seconds). */
export type Session = Required<Omit<ReplyOf<'/v1/session'>, 'reason' | 'rid'>>

export type CallOptions = {
  /**
   * Send the same bytes once more when no reply could be read. Right for what changes nothing or is watched by the
   * server's replay guard, as all operations that this client knows are; a path that it doesn't know is sent once.
   */
  retry?: boolean
}

export type Client = {
  /**
   * Makes sure that this client is a device of its app; every other verb does so by itself. `renew` takes a new
   * secret in any case.
   *
   * ```ts
   * const { t } = await client.provision()
   * ```
   */
  provision(options?: { renew?: boolean }): Promise<{ t: string }>
  /**
   * A key shared with the server: kept, or exchanged if none of that version and suite is. From version 2 on every
   * call is sealed under it, and nothing weaker is sent any more. Throws `SERVER_NOT_TRUSTED`.
   *
   * ```ts
   * await client.exchangeKeys()
   * ```
   */
  exchangeKeys(options?: KeyExchangeOptions): Promise<ExchangedKey>
  /**
   * Says hello; with a key, whether somebody is logged in on it (`waitdata`, and a fresh SKey) or not (`needlogin`).
   *
   * ```ts
   * const { stage } = await client.hello({ language: 'en', countryCode: 'CN' })
   * ```
   */
  hello(facts?: HelloFacts): Promise<Greeting>
  /**
   * Goes on with the login of before, without a password: by the key, else by a kept A2. Throws `NOT_LOGGED_IN`; the
   * key is kept, and the next login is bound to it.
   *
   * ```ts
   * const { user } = await client.resume()
   * ```
   */
  resume(): Promise<{ user: User }>
  /**
   * Registers a user, who is logged in then.
   *
   * ```ts
   * const { user } = await client.register({ userName: 'amber', password: 'correct horse' })
   * ```
   */
  register(registration: Registration): Promise<ReplyOf<'/v1/register'>>
  /**
   * Logs in with a user number or user name. The login before, if there was one, is forgotten here, not ended.
   *
   * ```ts
   * const { user } = await client.login({ login: 'amber', password: 'correct horse' })
   * ```
   */
  login(credentials: { login: LoginInput['login']; password: string }): Promise<ReplyOf<'/v1/login'>>
  /**
   * Who is logged in, as the server sees it now. Throws `NOT_LOGGED_IN`, with the `reason` of a login that has ended.
   *
   * ```ts
   * const { user, expiresAt } = await client.session()
   * ```
   */
  session(): Promise<Session>
  /**
   * Trades the A2 for a new pair now. Calls do so by themselves when the SKey is old or has ended; this is for
   * handing an SKey to somebody else.
   *
   * ```ts
   * const { skey } = await client.exchange()
   * ```
   */
  exchange(): Promise<Pair>
  /**
   * Ends this login, or all logins of its user. When it throws, the tickets are kept and it can be tried again.
   *
   * ```ts
   * await client.logout({ everywhere: true })
   * ```
   */
  logout(options?: { everywhere?: boolean }): Promise<void>
  /**
   * Sends members and gets them back: the way to see that envelope, clock and app are right.
   *
   * ```ts
   * const { greeting } = await client.echo({ greeting: '你好' })
   * ```
   */
  echo(members: Members): Promise<ReplyOf<'/v1/echo'>>
  /**
   * Calls an operation by its path, with the SKey if somebody is logged in here and no `token` is given.
   *
   * ```ts
   * const { user } = await client.call('/v1/session')
   * ```
   */
  call<Path extends string>(
    path: Path,
    members?: InputOf<Path>,
    options?: CallOptions,
  ): Promise<ReplyOf<Path>>
}

const isPrivate = ({ protocol, hostname }: URL) =>
  protocol === 'https:' || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)

/** Sends nothing yet. Throws TypeError for options that contradict each other. */
export const createClient = (options: ClientOptions): Client => {
  const { appId, appSecret, device = {}, now = Date.now, timeoutMs = 15_000 } = options
  const { transport = appSecret === undefined ? 'json' : 'totp' } = options
  const url = new URL(options.url)
  if (transport === 'totp' && appSecret === undefined) throw new TypeError('transport totp needs appSecret')
  if (transport === 'json' && !isPrivate(url)) throw new TypeError('transport json needs an https: url')

  const redirects = (options.redirects ?? []).map((text) => new URL(text))
  if (transport === 'json' && !redirects.every(isPrivate)) {
    throw new TypeError('transport json needs https: redirects')
  }

  const base = baseOf(url)
  const storage = options.storage ?? createMemoryStorage()
  const keyOf = (what: string) => `torii:${what}:${appId}@${base}`
  const lockOf = (what: string) => createLock(storage, keyOf(what), options.storage !== undefined)
  const fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  const place = createPlace({ base, redirects: redirects.map(baseOf), storage, key: keyOf('place') })
  const post = createPost({ findBase: place.find, fetch, timeoutMs, language: options.language })
  const clock = createClock(now)
  const devices = createDevices({
    ...{ post, storage, clock, now, appId, appSecret: appSecret ?? '' },
    key: keyOf('device'),
    lock: lockOf('device'),
    description: device,
  })
  const plain = createJsonTransport({ post, appId, appSecret })
  const compensation = options.totpCompensation ?? 0
  const keyRing = createKeyRing({
    ...{ storage, post, appId, clock, plain, key: keyOf('key'), lock: lockOf('key') },
    pins: readPins(options.serverKeys),
    // What is forged on the way may put the other clock wrong.
    sealedClock: createClock(now),
    weaker: transport === 'json' ? plain : createTotpTransport({ post, devices, clock, compensation }),
    hasDevice: async () => transport === 'totp' && (await devices.isThere()),
  })
  const { send } = keyRing
  const greeter = createGreeter({ send, keys: keyRing.keys, clock })
  const hashPassword = createHashPassword({ send, kdf: createKdf() })
  const tickets = createTickets({
    ...{ send, storage, now, key: keyOf('login'), lock: lockOf('login') },
    findFingerprint: keyRing.keys.findSealedFingerprint,
    resume: async () => (await greeter.hello()).reply,
  })
  const session = async () => {
    const reply = await tickets.withSKey(async (token) => refuseEnded(await send(paths.session, { token })))
    tickets.learnLives(reply as unknown as ReplyOf<'/v1/session'>)
    return reply as unknown as Session
  }
  const { enter, hello, resume } = createEntrance({ greeter, tickets, place, session })

  return {
    provision: async ({ renew = false } = {}) => {
      if (appSecret === undefined) throw new TypeError('provisioning needs appSecret')
      const { t } = await (renew ? devices.renew() : devices.get())
      return { t }
    },
    exchangeKeys: keyRing.exchange,
    hello,
    resume,
    register: async ({ userName, nickName, password, regmode = 'anonymous' }) => {
      const hashes = await hashPassword(userName, password)
      const user = { userName, ...(nickName !== undefined && { nickName }) }
      return enter(paths.register, { regmode, user, ...hashes, device })
    },
    login: async ({ login, password }) => {
      const { salt: _, ...hashes } = await hashPassword(login, password)
      return enter(paths.login, { login, ...hashes, device })
    },
    session,
    exchange: tickets.refresh,
    logout: ({ everywhere = false } = {}) => tickets.logout(everywhere),
    echo: async (members) => (await send(paths.echo, members)) as unknown as ReplyOf<'/v1/echo'>,
    call: async <Path extends string>(path: Path, members?: InputOf<Path>, more?: CallOptions) => {
      const given = (members ?? {}) as Members
      const isGiven = given.token !== undefined || !(await tickets.isThere())
      const reply = isGiven
        ? await send(path, given, more)
        : await tickets.withSKey((token) => send(path, { ...given, token }, more))
      return reply as unknown as ReplyOf<Path>
    },
  }
}
