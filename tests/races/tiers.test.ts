/** Tickets below the SKey over two processes: many exchanges at once, ends in every process, stores and replicas away. */
import { Redis } from 'ioredis'
import t from 'tap'
import { startPrimaryAndReplica, startRedis } from '../../tools/test/harness.ts'
import { codes } from '../harness/codes.ts'
import {
  countCodes,
  createDevice,
  type Device,
  randomName,
  registerUser,
  type Target,
} from '../harness/devices.ts'
import { openTestServer, provisionDevice, testServers, until } from '../harness/test-server.ts'
import { openFleet, runFolder } from './fleet.ts'

t.setTimeout(180_000)

const own = await startRedis({ folder: runFolder() })
const { primary, replica } = await startPrimaryAndReplica({ folder: runFolder() })
t.teardown(() => Promise.all([own.stop(), primary.stop(), replica.stop()]))
const login = ({ host, port, user, password }: typeof primary) => ({ host, port, user, password })
process.env.TORII_TEST_SERVERS = JSON.stringify({
  ...testServers(),
  primary: login(primary),
  replica: login(replica),
})
const fleet = await openFleet(t, { TORII__STORE__URL: own.url })
const single = await openTestServer()
t.teardown(single.close)

type Given = { a2?: string; skey?: string; pskey?: string }
const path = '/v1/ticket/exchange'

const verbsOf = (device: Device) => ({
  exchange: async (target: Target, token: string | undefined, business = 'pay') => {
    const { code, json } = await device.call(target, path, { token, to: 'pskey', business, n: randomName() })
    return { code, tickets: (json.tickets ?? {}) as Given, reason: json.reason }
  },
  session: async (target: Target, token: string | undefined) => {
    const { code, json } = await device.call(target, '/v1/session', { token, n: randomName() })
    return json.reason === undefined ? `${code}` : `${code} ${json.reason}`
  },
})
const live = `${codes.TICKET_VALID}`

const business = (appId: string) => ({ name: 'pay', idleSeconds: 600, routes: [], appIds: [appId] })
await fleet.admin.businesses.add(business(fleet.app.appId))
await single.server.businesses.add(business(single.app.appId))
await single.server.businesses.reload()
const fleetDevice = await fleet.connect()
const places = [
  { name: 'MariaDB and Redis, two processes', one: fleet.a, other: fleet.b, device: fleetDevice },
  {
    name: 'SQLite and memory',
    one: single,
    other: single,
    device: createDevice(await provisionDevice(single.send, single.app)),
  },
]
const warm = await registerUser(fleetDevice, fleet.a)
await until('both processes know the business', async () => {
  const replies = await Promise.all(
    [fleet.a, fleet.b].map((target) => verbsOf(fleetDevice).exchange(target, warm.skey)),
  )
  return replies.every(({ code }) => code === codes.OK)
})

for (const { name, one, other, device } of places) {
  const { exchange, session } = verbsOf(device)
  const many = (token: string) =>
    Promise.all(Array.from({ length: 200 }, (_, at) => exchange(at % 2 ? one : other, token)))

  t.test(`${name}: 200 exchanges of one A2 at once give the same tickets`, async (t) => {
    const { a2 } = await registerUser(device, one)
    const replies = await many(a2)
    const given = replies.filter(({ code }) => code === codes.OK)
    t.ok(given.length > 0)
    t.equal(countCodes(replies)[codes.OK], given.length)
    t.same(
      replies.filter(({ code }) => code !== codes.OK && code !== codes.OVERLOADED),
      [],
    )
    const [first] = given
    t.same(
      given.filter(({ tickets }) => JSON.stringify(tickets) !== JSON.stringify(first?.tickets)),
      [],
    )
    for (const token of Object.values(first?.tickets ?? {}))
      for (const target of [one, other]) t.equal(await session(target, token), live)
  })

  t.test(`${name}: of 200 exchanges of one SKey at once 16 tickets stay`, async (t) => {
    const { skey } = await registerUser(device, one)
    const replies = await many(skey)
    const tokens = replies.flatMap(({ tickets }) => tickets.pskey ?? [])
    t.ok(tokens.length > 16, `${tokens.length} answered`)
    t.equal(new Set(tokens).size, tokens.length, 'each is another one')
    const states = await Promise.all(tokens.map((token) => session(other, token)))
    t.ok(states.filter((state) => state === live).length <= 16)
    t.equal(await session(other, skey), live)
    const last = (await exchange(one, skey)).tickets.pskey
    t.equal(await session(other, last), live, 'the newest is good')
  })

  t.test(`${name}: an end in one process is an end in the other`, async (t) => {
    const out = await registerUser(device, one)
    const { pskey } = (await exchange(one, out.skey)).tickets
    t.equal(await session(other, pskey), live)
    await device.call(one, '/v1/logout', { token: out.skey })
    t.equal(await session(other, pskey), `${codes.TICKET_ENDED} logged-out`)

    const everywhere = await registerUser(device, one)
    const low = (await exchange(other, everywhere.a2)).tickets
    await device.call(one, '/v1/logout', { token: low.skey, everywhere: true })
    t.equal(await session(other, low.pskey), `${codes.TICKET_ENDED} logged-out`)
    t.match(await exchange(other, low.a2), { code: codes.NOT_LOGGED_IN, reason: 'logged-out' })
  })

  t.test(`${name}: a logout while pSKeys are made leaves none`, async (t) => {
    const { skey } = await registerUser(device, one)
    const work = Array.from({ length: 40 }, (_, at) =>
      at === 20
        ? device.call(one, '/v1/logout', { token: skey }).then(() => undefined)
        : exchange(at % 2 ? one : other, skey).then(({ tickets }) => tickets.pskey),
    )
    const tokens = (await Promise.all(work)).filter((token) => token !== undefined)
    const states = await Promise.all(tokens.map((token) => session(other, token)))
    t.same(
      states.filter((state) => state === live),
      [],
    )
  })
}

const { a, b } = fleet
const { exchange, session } = verbsOf(fleetDevice)

t.test('a rotated A2 that is used late ends the pSKeys too, in both processes', async (t) => {
  const user = await registerUser(fleetDevice, a)
  const first = (await exchange(a, user.a2)).tickets
  const second = (await exchange(b, first.a2)).tickets
  t.equal(await session(a, second.pskey), live)
  t.match(await exchange(b, user.a2), { code: codes.NOT_LOGGED_IN, reason: 'reused' })
  for (const token of [first.pskey, second.pskey])
    t.equal(await session(a, token), `${codes.TICKET_ENDED} reused`)
})

t.test('a disabled user has no pSKey', async (t) => {
  const user = await registerUser(fleetDevice, a)
  const { pskey } = (await exchange(a, user.skey)).tickets
  await fleet.admin.accounts.disable(user.userName, 'test')
  for (const target of [a, b])
    await until(
      'the pSKey has ended',
      async () => (await session(target, pskey)) === `${codes.TICKET_ENDED} disabled`,
    )
  t.equal((await exchange(b, user.skey)).code, codes.NOT_LOGGED_IN)
  t.equal((await exchange(b, user.a2)).code, codes.NOT_LOGGED_IN)
})

t.test('Redis comes back empty: what had ended stays so, and an A2 gets all anew', async (t) => {
  const gone = await registerUser(fleetDevice, a)
  const ended = (await exchange(a, gone.skey)).tickets.pskey
  await fleetDevice.call(a, '/v1/logout', { token: gone.skey })
  const user = await registerUser(fleetDevice, a)
  const { pskey } = (await exchange(a, user.skey)).tickets
  const client = new Redis(own.url)
  await client.flushall()
  client.disconnect()
  for (const target of [a, b])
    for (const token of [ended, pskey, user.skey])
      t.equal(await session(target, token), `${codes.NOT_LOGGED_IN}`)
  t.match(await exchange(b, gone.a2), { code: codes.NOT_LOGGED_IN, reason: 'logged-out' })
  const next = (await exchange(b, user.a2)).tickets
  t.equal(await session(a, next.pskey), live)
})

t.test('without its replica a server exchanges and checks as before', async (t) => {
  const user = await registerUser(fleetDevice, a)
  await replica.stop()
  const bySKey = await exchange(b, user.skey)
  t.equal(bySKey.code, codes.OK)
  t.equal(await session(a, bySKey.tickets.pskey), live)
  const byA2 = await until('the exchange is answered', async () => {
    const reply = await exchange(a, user.a2)
    return reply.code === codes.OK && reply
  })
  t.equal(await session(b, byA2.tickets.pskey), live)
  t.equal(await session(b, bySKey.tickets.pskey), live, 'the earlier one too')
})
