/** Old clients: what they keep, seal and read, and how they register. */
import { randomBytes } from 'node:crypto'
import { codes } from './codes.ts'
import {
  type CallReply,
  createTotpClient,
  openText,
  type Provisioned,
  type Send,
  sealText,
} from './totp-client.ts'

/** Whatever answers calls: a process, or a server in this one. */
export type Target = { send: Send }
type Members = Record<string, unknown>

const stepMs = 30_000

/** A device whose replies are read with the step of now or, like newer clients do, one beside it. */
export const createDevice = (device: Provisioned, now: () => number = Date.now) => {
  const read = (reply: CallReply): Members | undefined => {
    if (reply.json) return reply.json
    // One moment for all three: a step may end between two looks at the clock, and its neighbour be passed over.
    const moment = now()
    const text = [0, -stepMs, stepMs]
      .map((offset) => openText(device, reply.body, moment + offset))
      .find((opened) => opened !== undefined)
    return text === undefined ? undefined : JSON.parse(text)
  }
  const seal = (members: Members, offsetMs = 0) =>
    sealText(device, JSON.stringify({ apiver: 1, ...members }), now() + offsetMs)
  /** Sends what was sealed before. */
  const send = async ({ send }: Target, path: string, j: string, method: 'GET' | 'POST' = 'POST') => {
    const reply = await createTotpClient({ send, device, now }).sendSealed(path, j, method)
    const json = read(reply)
    if (!json) throw new Error(`unreadable reply to ${path}: ${reply.status} ${reply.body}`)
    return { ...reply, json, code: Number(json.code) }
  }
  return {
    ...device,
    seal,
    send,
    call: (target: Target, path: string, members: Members = {}) => send(target, path, seal(members)),
  }
}

export type Device = ReturnType<typeof createDevice>
export type Reply = Awaited<ReturnType<Device['send']>>

export const randomName = (start = 'user') => `${start}_${randomBytes(5).toString('hex')}`
/** What a client makes of a password: to the server 31 characters. */
export const clientHashOf = (password: string) =>
  Buffer.from(password.padEnd(40, '.')).toString('base64').replaceAll('+', '.').slice(0, 31)

export const ticketsOf = ({ json }: Reply) => json.tickets as { a2: string; skey: string }

/** The members of a registration, with the salt that the server wants. */
export const registration = async (device: Device, target: Target, userName = randomName()) => {
  const { json } = await device.call(target, '/v1/prelogin', { login: userName })
  const clientHash = clientHashOf(userName)
  return { regmode: 'anonymous', user: { userName }, clientHash, salt: String(json.salt) }
}

/** A registered user, logged in. */
export const registerUser = async (device: Device, target: Target, userName = randomName()) => {
  const members = await registration(device, target, userName)
  const reply = await device.call(target, '/v1/register', members)
  if (reply.code !== codes.REGISTERED)
    throw new Error(`registration: ${reply.body} ${JSON.stringify(reply.json)}`)
  const { userId } = reply.json.user as { userId: string }
  const login = { login: userName, clientHash: members.clientHash }
  return { userName, userId, login, ...ticketsOf(reply) }
}

export type User = Awaited<ReturnType<typeof registerUser>>

/** How often each code came. */
export const countCodes = (replies: readonly { code: number }[]): Record<number, number> => {
  const counts: Record<number, number> = {}
  for (const { code } of replies) counts[code] = (counts[code] ?? 0) + 1
  return counts
}

/** Numbers from a seed, so that a run that failed can be had again. */
export const createDice = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
