/** A store that comes back empty ends every SKey and nothing else. */
import { Redis } from 'ioredis'
import t from 'tap'
import { startRedis } from '../../tools/test/harness.ts'
import { codes } from '../harness/codes.ts'
import { type Device, randomName, registerUser, type Target, ticketsOf } from '../harness/devices.ts'
import { until } from '../harness/test-server.ts'
import { openEmbedded, openFleet, runFolder } from './fleet.ts'

t.setTimeout(120_000)

type Place = {
  name: string
  one: Target
  other: Target
  connect(): Promise<Device>
  lose(): Promise<unknown>
}

const own = await startRedis({ folder: runFolder() })
t.teardown(() => own.stop())
const fleet = await openFleet(t, { TORII__STORE__URL: own.url })
const embedded = await openEmbedded(t)
const ready = (target: Target) =>
  until('the store answers', async () => {
    const { status } = await target.send({ method: 'GET', url: '/readyz', headers: {} })
    return status === 200
  })

const shared = { one: fleet.a, other: fleet.b, connect: () => fleet.connect() }
const places: Place[] = [
  {
    name: 'Redis is flushed',
    ...shared,
    lose: async () => {
      const client = new Redis(own.url)
      await client.flushall()
      client.disconnect()
    },
  },
  {
    name: 'Redis is killed and starts again',
    ...shared,
    lose: async () => {
      await own.kill('SIGKILL')
      await own.restart()
      await Promise.all([ready(fleet.a), ready(fleet.b)])
    },
  },
  {
    name: 'a process with its store in memory starts again',
    one: embedded.target,
    other: embedded.target,
    connect: embedded.connect,
    lose: embedded.restart,
  },
]

for (const { name, one, other, connect, lose } of places)
  t.test(`${name}: SKeys are unknown, A2s make new ones, what was ended stays so`, async (t) => {
    const device = await connect()
    const session = async (token: string, target = other) => {
      const { code, json } = await device.call(target, '/v1/session', { token, n: randomName() })
      return json.reason === undefined ? String(code) : `${code} ${json.reason}`
    }
    const user = await registerUser(device, one)
    const gone = ticketsOf(await device.call(other, '/v1/login', { ...user.login, n: 1 }))
    await device.call(one, '/v1/logout', { token: gone.skey })
    const wrong = { ...user.login, clientHash: '.'.repeat(31) }
    for (let guess = 0; guess < 5; guess++)
      t.equal((await device.call(one, '/v1/login', { ...wrong, guess })).code, codes.LOGIN_FAILED)

    await lose()

    t.equal(await session(user.skey), '2040400')
    t.equal(await session(user.skey, one), '2040400')
    t.equal(await session(gone.skey), '2040400')
    t.equal(await session(gone.a2), '1030201 logged-out')
    t.equal(await session(user.a2), '1030200')
    t.equal(
      (await device.call(one, '/v1/login', { ...user.login, n: 2 })).code,
      codes.TOO_OFTEN,
      'failures are remembered',
    )
    const exchanged = await device.call(one, '/v1/ticket/exchange', { token: user.a2, to: 'skey' })
    t.equal(exchanged.code, codes.OK)
    const next = ticketsOf(exchanged)
    t.equal(await session(next.skey), '1030200')
    t.equal(await session(next.a2), '1030200')
    t.equal(await session(user.skey), '2040400')
    t.equal(
      (await device.call(other, '/v1/logout', { token: next.skey, everywhere: true })).code,
      codes.LOGGED_OUT,
    )
    t.equal(await session(next.skey, one), '1030201 logged-out')
  })
