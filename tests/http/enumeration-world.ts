/** A server with accounts that have an address, and the calls that must not tell which addresses those are. */
import type { Test } from 'tap'
import type { ErrorName } from '../../src/protocol/errors.ts'
import { readCode } from '../harness/messages.ts'
import type { Environment } from '../harness/test-server.ts'
import { type Members, openWays, openWorld } from './world.ts'

/** So many addresses in turn, so that no limit of one address is met. */
const addresses = 20

const environment: Environment = {
  TORII__CAPTCHA__MODE: 'never',
  TORII__CODES__PER_HOUR: '1000',
  TORII__CODES__PER_DAY: '1000',
  TORII__CODES__PER_HOUR_OF_ALL: '1000',
  TORII__CODES__PER_DAY_OF_ALL: '1000',
  TORII__CODES__PER_DAY_OF_APP: '100000000',
}

/** Of the same length; the numbers differ at the end alone. */
const addressOf = (kind: 'known' | 'other', at: number) =>
  `${kind}${String(at % addresses).padStart(2, '0')}@good.example`

export const openEnumeration = async (t: Test, more: Environment = {}) => {
  const world = await openWorld(t, { ...environment, ...more })
  const { JSON: call } = await openWays(world)
  const credentials = { appid: world.app.appId, appsecret: world.app.appSecret }
  for (let at = 0; at < addresses; at++) {
    const email = addressOf('known', at)
    const { flow } = await call('/v1/register', {
      regmode: 'email',
      user: { email },
      password: 'correct horse',
    })
    await call('/v1/verify', { flow, code: await readCode(world.send, email) })
    world.clock.add(61_000)
  }
  /** A call, and how long it took in milliseconds. */
  const time = async (path: string, members: Members) => {
    const json = { ...credentials, ...members }
    const begun = performance.now()
    const reply = await world.request({ url: path, json })
    return { ms: performance.now() - begun, reply }
  }
  return { ...world, time, addressOf }
}

type Row = { expected: ErrorName; make(address: string): [path: string, members: Members] }

export const calls: Readonly<Record<string, Row>> = {
  register: {
    expected: 'REGISTERED_MAIL_SENT',
    make: (email) => ['/v1/register', { regmode: 'email', user: { email }, password: 'correct horse' }],
  },
  'code for a login': {
    expected: 'OK',
    make: (address) => ['/v1/code/send', { purpose: 'login', address }],
  },
  'code for a reset': {
    expected: 'OK',
    make: (address) => ['/v1/code/send', { purpose: 'reset', address }],
  },
  login: {
    expected: 'LOGIN_FAILED',
    make: (login) => ['/v1/login', { login, password: 'wrong horse' }],
  },
}

/** A reply as text, with what is random or counts in it taken out. */
export const readReply = ({
  status,
  headers,
  body,
}: {
  status: number
  headers: Record<string, string>
  body: string
}) => {
  const { date: _, ...kept } = headers
  const masked = body
    .replace(/-[0-9a-f]{32}"/g, '-flow"')
    .replace(/"timestamp":\d+/g, '"timestamp":0')
    .replace(/"salt":"[^"]{22}"/g, '"salt":""')
  return JSON.stringify([status, kept, masked])
}
