/** Who calls: devices, users and keys, made by Torii's own client before anything is measured. */
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { nodePrimitives } from '../../src/adapters/crypto.ts'
import { createJsonTransport, parseReply } from '../../src/client/call.ts'
import { createClock } from '../../src/client/clock.ts'
import { createProofExchange, createSealedExchange, proveTm } from '../../src/client/exchanges.ts'
import { createKeys } from '../../src/client/keys.ts'
import { readPinnedKeys } from '../../src/client/pinned-keys.ts'
import { createPost, encodeForm } from '../../src/client/post.ts'
import { createSealedTransport } from '../../src/client/sealed-transport.ts'
import { createMemoryStorage } from '../../src/client/storage.ts'
import { toBase64 } from '../../src/protocol/bytes.ts'
import { loginSalt } from '../../src/protocol/password-kdf.ts'
import type { Row } from './rows.ts'
import { type Device, someClientHash } from './sources.ts'
import type { ProofKey, SealingKey } from './sources-keys.ts'
import type { App, Torii } from './torii.ts'
import { giveAddresses } from './with-addresses.ts'

export type Population = {
  app: App
  signedAppId: string
  saltKey: Buffer
  devices: Device[]
  users: { userName: string; clientHash: string; skey: string }[]
  /** Users with an e-mail address, by which they log in. */
  mailUsers: { userName: string; address: string; clientHash: string }[]
  /** Users that know a password; what they send of it is not hashed. */
  typists: { userName: string; password: string }[]
  /** Shared keys with a login, of both versions. */
  proofKeys: ProofKey[]
  sealingKeys: (SealingKey & { skey: string })[]
}
type Login = { login: string; clientHash: string }

const mostDevices = 64
const typistCount = 8
const keyCount = 64
const mailUserCount = 200
const atOnce = 16
/** Of one address the server keeps eight exchanges open. */
const openAtOnce = 4
const timeoutMs = 15_000

/** Calls `make` for 0, 1, 2 … with some of them under way at once. */
export const makeMany = async <T>(count: number, make: (index: number) => Promise<T>, workers = atOnce) => {
  const made: T[] = []
  let next = 0
  const work = async () => {
    for (let index = next++; index < count; index = next++) made[index] = await make(index)
  }
  await Promise.all(Array.from({ length: workers }, work))
  return made
}

export const createMaker = ({ port, app: { appId, appSecret }, signedAppId, saltKey }: Torii) => {
  const findBase = async () => `http://127.0.0.1:${port}`
  const post = createPost({ findBase, fetch, timeoutMs, language: undefined })
  const clock = createClock(Date.now)
  const pinnedKeys = readPinnedKeys(undefined)
  const send = createJsonTransport({ post, appId, appSecret })
  const exchangeProof = createProofExchange({ send, clock })
  const exchangeSealed = createSealedExchange({ send, clock, appId, pinnedKeys })
  const regmode = 'anonymous'
  return {
    makeDevice: async (): Promise<Device> => {
      const { text } = await post('/v1/totp', 'form', encodeForm({ n: appId, s: appSecret }))
      const { totp_token: t, totp_secret: secret } = parseReply('/v1/totp', text)
      return { t, secret }
    },
    makeUser: async (index: number, prefix = 'user') => {
      const userName = `${prefix}${index}`
      const salt = loginSalt(nodePrimitives, saltKey, 'name', userName)
      const input = { regmode, user: { userName }, clientHash: someClientHash, salt }
      const { tickets, user } = await send('/v1/register', input)
      return { userId: Number(user?.userId), userName, clientHash: someClientHash, skey: tickets?.skey ?? '' }
    },
    logIn: async (login: Login) => {
      const { tickets } = await send('/v1/login', login)
      return { a2: tickets.a2 ?? '', skey: tickets.skey ?? '' }
    },
    /** Users agree to the app that gets JWTs; one of them is checked by a library that knows nothing of Torii. */
    agreeToJwts: async (skeys: readonly string[]) => {
      await makeMany(skeys.length, (index) =>
        send('/v1/consent/grant', { token: skeys[index] ?? '', grantTo: signedAppId }),
      )
      const asked = { token: skeys[0] ?? '', to: 'openkey', app: signedAppId } as const
      const { tickets } = await send('/v1/ticket/exchange', asked)
      const keys = createRemoteJWKSet(new URL(`http://127.0.0.1:${port}/.well-known/jwks.json`))
      await jwtVerify(tickets?.openkey ?? '', keys, { audience: signedAppId, typ: 'openkey+jwt' })
    },
    makeTypist: async (index: number) => {
      const typist = { userName: `typist${index}`, password: `a password of ${index}` }
      const { userName, password } = typist
      await send('/v1/register', { regmode, user: { userName }, password })
      return typist
    },
    /** A key of version 1 with a login on it. */
    makeProofKey: async (login: Login): Promise<ProofKey> => {
      const key = await exchangeProof('aesCtr')
      const tm = String(clock.now())
      const { fingerprint: keyPrint } = key
      await send('/v1/login', { ...login, keyPrint, tm, checkTokenData: await proveTm(key, tm) })
      return { keyPrint, key: toBase64(key.key) }
    },
    /** A key of version 2 and the SKey of a login that was made under it. */
    makeSealingKey: async (login: Login): Promise<SealingKey & { skey: string }> => {
      const [storage, lock] = [createMemoryStorage(), <T>(work: () => Promise<T>) => work()]
      const keys = createKeys({ storage, key: 'key', lock, pinnedKeys, exchangeSealed, exchangeProof })
      await keys.exchange({ version: 2, suite: 'aesGcm' }, { isAnySuite: false, renew: false })
      const { tickets } = await createSealedTransport({ post, keys, clock })('/v1/login', login)
      const { fingerprint, clientKey, serverKey } = (await keys.take()).keys
      const skey = tickets.skey ?? ''
      return { fingerprint, clientKey: toBase64(clientKey), serverKey: toBase64(serverKey), skey }
    },
  }
}

/** @param clients those that take long to prepare: hashing a password takes a tenth of a second. */
export const populate = async (
  torii: Torii,
  { users, clients }: { users: number; clients: ReadonlySet<Row<unknown>['clients']> },
): Promise<Population> => {
  const { makeDevice, makeUser, makeTypist, makeProofKey, makeSealingKey, agreeToJwts } = createMaker(torii)
  const known = await makeMany(users, (index) => makeUser(index))
  if (clients.has('jwts')) await agreeToJwts(known.map(({ skey }) => skey))
  const loginOf = (index: number) => ({ login: `user${index % users}`, clientHash: someClientHash })
  const keys = clients.has('keys') ? keyCount : 0
  const mailUsers = clients.has('mails')
    ? await giveAddresses(
        torii.environment,
        await makeMany(mailUserCount, (index) => makeUser(index, 'reader')),
      )
    : []
  return {
    app: torii.app,
    signedAppId: torii.signedAppId,
    saltKey: torii.saltKey,
    users: known,
    mailUsers,
    devices: await makeMany(Math.min(mostDevices, users), makeDevice),
    proofKeys: await makeMany(keys, (index) => makeProofKey(loginOf(index)), openAtOnce),
    sealingKeys: await makeMany(keys, (index) => makeSealingKey(loginOf(index)), openAtOnce),
    typists: await makeMany(clients.has('typists') ? typistCount : 0, makeTypist),
  }
}
