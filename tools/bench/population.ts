/** Who calls: devices and users, made through the front door before anything is measured. */
import { nodePrimitives } from '../../src/adapters/crypto.ts'
import { loginSalt } from '../../src/protocol/password-kdf.ts'
import { createKeyMaker } from './population-keys.ts'
import type { Row } from './rows.ts'
import { type Device, someClientHash } from './sources.ts'
import type { ProofKey, SealingKey } from './sources-keys.ts'
import type { App, Torii } from './torii.ts'

export type User = { userName: string; clientHash: string; skey: string }
export type Population = {
  app: App
  saltKey: Buffer
  devices: Device[]
  users: User[]
  /** Users that know a password; what they send of it is not hashed. */
  typists: { userName: string; password: string }[]
  /** Shared keys with a login, of both versions. */
  proofKeys: ProofKey[]
  sealingKeys: (SealingKey & { skey: string })[]
}

const mostDevices = 64
const typistCount = 8
const keyCount = 64
const atOnce = 16
/** Of one address the server keeps eight exchanges open. */
const openAtOnce = 4

/** Calls `make` for 0, 1, 2 … with some of them under way at once. */
const makeMany = async <T>(
  count: number,
  make: (index: number) => Promise<T>,
  workers = atOnce,
): Promise<T[]> => {
  const made: T[] = []
  let next = 0
  const work = async () => {
    for (let index = next++; index < count; index = next++) made[index] = await make(index)
  }
  await Promise.all(Array.from({ length: workers }, work))
  return made
}

/** @param clients those that take long to prepare: hashing a password takes a tenth of a second. */
export const populate = async (
  { port, app, saltKey }: Torii,
  { users, clients }: { users: number; clients: ReadonlySet<Row<unknown>['clients']> },
): Promise<Population> => {
  const url = `http://127.0.0.1:${port}`
  const read = async (reply: Response, code: number) => {
    const json = (await reply.json()) as Record<string, unknown> & { tickets?: { skey: string } }
    if (json.code !== code) throw new Error(`${reply.url}: ${JSON.stringify(json)}`)
    return json
  }
  const provision = async (): Promise<Device> => {
    const reply = await fetch(`${url}/v1/totp?n=${app.appId}&s=${app.appSecret}`)
    const { totp_token, totp_secret } = await read(reply, 1_000_000)
    return { t: String(totp_token), secret: String(totp_secret) }
  }
  const register = async (userName: string, credentials: Record<string, string>) => {
    const body = JSON.stringify({
      appid: app.appId,
      appsecret: app.appSecret,
      regmode: 'anonymous',
      user: { userName },
      ...credentials,
    })
    const headers = { 'content-type': 'application/json' }
    const { tickets } = await read(
      await fetch(`${url}/v1/register`, { method: 'POST', headers, body }),
      1_020_000,
    )
    return { userName, clientHash: someClientHash, skey: tickets?.skey ?? '' }
  }
  const known = await makeMany(users, async (index) => {
    const userName = `user${index}`
    const salt = loginSalt(nodePrimitives, saltKey, 'name', userName)
    return register(userName, { clientHash: someClientHash, salt })
  })
  const keyMaker = createKeyMaker(url, app)
  const loginOf = (index: number) => ({
    login: known[index % known.length]?.userName ?? '',
    clientHash: someClientHash,
  })
  const keys = clients.has('keys') ? keyCount : 0
  return {
    app,
    saltKey,
    devices: await makeMany(Math.min(mostDevices, users), provision),
    users: known,
    proofKeys: await makeMany(keys, (index) => keyMaker.makeProofKey(loginOf(index)), openAtOnce),
    sealingKeys: await makeMany(keys, (index) => keyMaker.makeSealingKey(loginOf(index)), openAtOnce),
    typists: await makeMany(clients.has('typists') ? typistCount : 0, async (index) => {
      const typist = { userName: `typist${index}`, password: `a password of ${index}` }
      await register(typist.userName, { password: typist.password })
      return typist
    }),
  }
}
