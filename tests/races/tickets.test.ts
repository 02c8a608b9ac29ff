/** Tickets in the wrong hands: thieves, other apps, and moments at which something fails. */
import { Redis } from 'ioredis'
import t from 'tap'
import { createBatch } from '../../src/adapters/batch.ts'
import { nodeCrypto } from '../../src/adapters/crypto.ts'
import { createMemoryStore } from '../../src/adapters/store/memory.ts'
import { openRedisStore } from '../../src/adapters/store/redis.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createSKeys, type TicketRecord } from '../../src/features/tickets/skeys.ts'
import { startRedis } from '../../tools/test/harness.ts'
import { codes } from '../harness/codes.ts'
import {
  countCodes,
  createDevice,
  randomName,
  registerUser,
  type Target,
  ticketsOf,
} from '../harness/devices.ts'
import {
  createTestClock,
  openShared,
  openTestServer,
  provisionDevice,
  raisedLimits,
  spawnServer,
  testServers,
  until,
} from '../harness/test-server.ts'
import { lockRow, runFolder, untilRunning } from './fleet.ts'

t.setTimeout(120_000)

/** Two servers in this process on one MariaDB and one Redis, with one clock that stands still. */
const openPair = async (more: Record<string, string> = {}) => {
  const shared = await openShared(more)
  const clock = createTestClock(Date.now())
  const open = () => openTestServer({ environment: shared.environment, clock })
  const [a, b] = [await open(), await open()] as const
  t.teardown(async () => {
    await a.close()
    await b.close()
    await shared.close()
  })
  const connect = async (app = shared.app) => createDevice(await provisionDevice(a.send, app), clock.now)
  return { ...shared, clock, a, b, connect }
}

const pair = await openPair()
const { a, b, clock } = pair
const device = await pair.connect()

const check = async (token: string, target: Target = b, by = device) => {
  const { code, json } = await by.call(target, '/v1/session', { token, n: randomName() })
  return json.reason === undefined ? String(code) : `${code} ${json.reason}`
}
const exchange = (token: string, target: Target = a, by = device) =>
  by.call(target, '/v1/ticket/exchange', { token, to: 'skey', n: randomName() })

const partsOf = (ticket: string) => {
  const bytes = Buffer.from(ticket.slice(3), 'base64url')
  return {
    prefix: ticket.slice(0, 3),
    tag: bytes.subarray(0, 8),
    rest: bytes.subarray(8, 16),
    secret: bytes.subarray(16),
  }
}
const joinParts = ({ prefix, tag, rest, secret }: ReturnType<typeof partsOf>) =>
  prefix + Buffer.concat([tag, rest, secret]).toString('base64url')

t.test('an SKey belongs to the login that it names', async (t) => {
  const user = await registerUser(device, a)
  const other = ticketsOf(await device.call(a, '/v1/login', user.login))
  const altered = [
    joinParts({ ...partsOf(user.skey), rest: Buffer.alloc(8, 7) }),
    joinParts({ ...partsOf(user.skey), rest: partsOf(other.skey).rest }),
    joinParts({ ...partsOf(user.skey), tag: Buffer.alloc(8, 7) }),
    joinParts({ ...partsOf(user.skey), secret: partsOf(other.skey).secret }),
  ]
  for (const token of altered) t.equal(await check(token), '2040400')
  t.equal((await device.call(a, '/v1/logout', { token: user.skey })).code, codes.LOGGED_OUT)
  for (const token of altered) t.equal(await check(token), '2040400', 'nor does it get round a logout')
  t.equal(await check(other.skey), '1030200')
})

t.test('a ticket is of one tier, whatever its prefix says', async (t) => {
  const user = await registerUser(device, a)
  const { a2, skey } = user
  const swapped = [`sk_${a2.slice(3)}`, `a2_${skey.slice(3)}`, `ps_${skey.slice(3)}`, `ok_${skey.slice(3)}`]
  const shortened = [skey.slice(0, -1), `${skey}A`, `${skey} `, skey.toUpperCase(), 'sk_', '']
  for (const token of [...swapped, ...shortened]) {
    t.equal(await check(token), '2040400')
    t.equal(
      (await exchange(token)).code,
      token === shortened.at(-1) ? codes.NOT_LOGGED_IN : codes.NOT_LOGGED_IN,
    )
    t.equal((await device.call(a, '/v1/logout', { token, n: randomName() })).code, codes.NOT_LOGGED_IN)
  }
  t.equal((await exchange(skey)).code, codes.TIER_WANTED)
  t.equal(await check(a2), '1030200')
  t.equal(await check(skey), '1030200')
})

t.test('to another app a ticket is unknown, and nothing happens to it', async (t) => {
  const stranger = await pair.connect(await pair.admin.apps.add({ name: 'another' }))
  const user = await registerUser(device, a)
  const next = ticketsOf(await exchange(user.a2))
  for (const token of [user.a2, user.skey, next.a2, next.skey]) {
    t.equal(await check(token, b, stranger), '2040400')
    t.equal(
      (await exchange(token, b, stranger)).code,
      token.startsWith('a2_') ? codes.NOT_LOGGED_IN : codes.NOT_LOGGED_IN,
    )
    t.equal(
      (await stranger.call(b, '/v1/logout', { token, everywhere: true, n: randomName() })).code,
      codes.NOT_LOGGED_IN,
    )
  }
  t.equal(await check(next.a2), '1030200')
  t.equal(await check(next.skey), '1030200')
})

t.test('the A2 before is a retry for a while, and longer while its successors were not used', async (t) => {
  const user = await registerUser(device, a)
  const first = ticketsOf(await exchange(user.a2, a))
  clock.add(9_000)
  t.same(ticketsOf(await exchange(user.a2, b)), first)
  clock.add(3_600_000)
  const late = await exchange(user.a2, b)
  t.same(ticketsOf(late), first)
  t.equal(await check(first.skey), '1030200')
  t.equal(await check(first.a2), '1030200')
})

t.test('a retry after hours gets an SKey that can still be used', async (t) => {
  const clock = createTestClock()
  const server = await openTestServer({ clock })
  t.teardown(() => server.close())
  const by = createDevice((await server.connect()).device, clock.now)
  const user = await registerUser(by, server)
  const first = ticketsOf(await exchange(user.a2, server, by))
  clock.add(3 * 3_600_000)
  t.same(ticketsOf(await exchange(user.a2, server, by)), first)
  t.equal(await check(first.skey, server, by), '1030200')
})

t.test('a copied A2 ends its login in every process at once, with one audit event', async (t) => {
  for (const used of ['a2', 'skey'] as const) {
    const user = await registerUser(device, a)
    const first = ticketsOf(await exchange(user.a2, a))
    t.equal(await check(first[used], a), '1030200')
    clock.add(11_000)
    // The thief comes to the other process before the first has written that the successor was used.
    const thefts = await Promise.all(Array.from({ length: 30 }, (_, at) => exchange(user.a2, at % 2 ? a : b)))
    t.same(countCodes(thefts), { [codes.NOT_LOGGED_IN]: 30 }, `after its ${used} was used`)
    t.same(new Set(thefts.map(({ json }) => json.reason)), new Set(['reused']))
    for (const target of [a, b])
      for (const token of [user.a2, user.skey, first.a2, first.skey])
        t.equal(await check(token, target), '1030201 reused')
    const events = await pair.db.write
      .selectFrom('auditEvents')
      .select('kind')
      .where('userId', '=', Number(user.userId))
      .where('kind', '=', 'ticket.reused')
      .execute()
    t.equal(events.length, 1)
  }
})

t.test('an A2 two steps old ends its login', async (t) => {
  const user = await registerUser(device, a)
  const first = ticketsOf(await exchange(user.a2, a))
  const second = ticketsOf(await exchange(first.a2, b))
  t.equal((await exchange(user.a2, a)).json.reason, 'reused')
  t.equal(await check(second.a2), '1030201 reused')
  t.equal(await check(second.skey), '1030201 reused')
})

t.test('a stored login, exchange or logout brings no ended ticket back', async (t) => {
  const user = await registerUser(device, a)
  const exchanging = device.seal({ token: user.a2, to: 'skey' })
  const first = ticketsOf(await device.send(a, '/v1/ticket/exchange', exchanging))
  const leaving = device.seal({ token: first.skey })
  t.equal((await device.send(b, '/v1/logout', leaving)).code, codes.LOGGED_OUT)
  await device.send(a, '/v1/ticket/exchange', exchanging)
  await device.send(b, '/v1/logout', leaving)
  for (const token of [first.a2, first.skey]) t.equal(await check(token), '1030201 logged-out')
  const again = ticketsOf(await device.call(a, '/v1/login', user.login))
  await device.send(a, '/v1/logout', leaving)
  t.equal(await check(again.skey), '1030200', 'a captured logout ends no later login')
})

t.test('a logout that the store could not record is finished by the next call', async (t) => {
  const own = await startRedis({ folder: runFolder() })
  const client = new Redis(own.url)
  const settings = { ...pair.environment, TORII__STORE__URL: own.url }
  const [one, other] = await Promise.all([spawnServer(settings), spawnServer(settings)])
  t.teardown(async () => {
    await Promise.all([one.stop(), other.stop()])
    client.disconnect()
    await own.stop()
  })
  const by = createDevice(await provisionDevice(one.send, pair.app))
  for (const everywhere of [false, true]) {
    const user = await registerUser(by, one)
    const second = ticketsOf(await by.call(one, '/v1/login', user.login))
    const held = await lockRow(t, pair.database, 'SELECT * FROM logins WHERE user_id = ?', [user.userId])
    const logout = by.call(one, '/v1/logout', { token: user.a2, everywhere })
    await untilRunning(own.url, pair.database)
    // From here on the store answers, and takes no writes.
    await client.config('SET', 'maxmemory', '1')
    await held.release()
    t.equal((await logout).code, codes.STORE_UNREACHABLE)
    await client.config('SET', 'maxmemory', '0')
    t.equal(
      (await by.call(other, '/v1/logout', { token: user.a2, everywhere, n: 1 })).code,
      codes.NOT_LOGGED_IN,
    )
    const tokens = everywhere ? [user.skey, second.skey, second.a2] : [user.skey]
    for (const token of tokens)
      await until(
        `everywhere: ${everywhere}`,
        async () => (await check(token, other, by)) === '1030201 logged-out',
      )
  }
})

t.test('the gate of an account only rises', async (t) => {
  const { url, ...config } = loadConfig({
    ...raisedLimits(),
    TORII__STORE__URL: testServers().redis.url,
    TORII__STORE__KEY_PREFIX: `${randomName('gates').toLowerCase()}:`,
  }).store
  const memory = createMemoryStore({ maxKeys: 1_000, clock })
  const redis = await openRedisStore({ config: { url, ...config, commandTimeoutMs: 2_000 } })
  t.teardown(async () => {
    await memory.close()
    await redis.close()
  })
  for (const store of [memory, redis]) {
    const skeys = createSKeys({ store, primitives: nodeCrypto, createBatch, lifeMs: 60_000, idleMs: 60_000 })
    const record: TicketRecord = {
      ...{ userId: 1, userName: 'u', nickName: 'n', appId: 'a', counter: 1 },
      ...{
        epoch: 20,
        issuedAt: clock.now(),
        expiresAt: clock.now() + 60_000,
        writtenUntil: 0,
        minStrength: 0,
      },
    }
    const loginId = Buffer.alloc(16, 1)
    const secret = Buffer.alloc(32, 2)
    const ticket = { tier: 'skey', loginId, secret } as const
    await skeys.issue(ticket, record, clock.now())
    t.equal((await skeys.use(ticket)).state, 'live')
    const epochs = Array.from({ length: 21 }, (_, at) => at + 1)
    await Promise.all(
      epochs.map((epoch) => skeys.closeAccount(loginId.subarray(0, 8), { epoch, reason: 'logged-out' })),
    )
    await skeys.closeAccount(loginId.subarray(0, 8), { epoch: 20, reason: 'disabled' })
    const used = await skeys.use(ticket)
    t.match(used, { state: 'ended', reason: 'logged-out' })
  }
})

t.test('while everything ends everything, what is made last lives', async (t) => {
  const user = await registerUser(device, a)
  const tokens = [user.a2, user.skey]
  for (let round = 0; round < 10; round++) {
    const target = round % 2 ? a : b
    const [login, gone] = await Promise.all([
      device.call(target, '/v1/login', { ...user.login, round }),
      device.call(a, '/v1/login', { ...user.login, round: -round - 1 }).then(async (reply) => {
        if (reply.code !== codes.LOGGED_IN) return reply.code
        tokens.push(...Object.values(ticketsOf(reply)))
        const { skey } = ticketsOf(reply)
        return (await device.call(b, '/v1/logout', { token: skey, everywhere: true })).code
      }),
      pair.admin.accounts
        .disable(user.userName, 'test')
        .then(() => pair.admin.accounts.enable(user.userName)),
    ])
    if (login.code === codes.LOGGED_IN) tokens.push(...Object.values(ticketsOf(login)))
    for (const code of [login.code, gone])
      if (![codes.LOGGED_IN, codes.LOGGED_OUT, codes.ACCOUNT_DISABLED, codes.NOT_LOGGED_IN].includes(code))
        t.fail(`round ${round}: ${code}`)
  }
  await device.call(a, '/v1/logout', {
    token: ticketsOf(await device.call(b, '/v1/login', user.login)).skey,
    everywhere: true,
  })
  const last = ticketsOf(await device.call(a, '/v1/login', { ...user.login, last: true }))
  for (const target of [a, b]) {
    for (const token of new Set(tokens)) t.match(await check(token, target), /^1030201 /)
    t.equal(await check(last.a2, target), '1030200')
    t.equal(await check(last.skey, target), '1030200')
  }
})
