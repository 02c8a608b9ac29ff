/** How much room rows and keys take: the figures of docs/operations.md, measured anew. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import type { Tables } from '../src/adapters/db/index.ts'
import { createDevice, randomName, registerUser } from './harness/devices.ts'
import { openShared, openTestServer, testServers } from './harness/test-server.ts'

t.setTimeout(120_000)

const page = readFileSync(fileURLToPath(import.meta.resolve('#root/docs/operations.md')), 'utf8')
/** The bytes that the page names in the row that begins so; of several, the one at `place`. */
const documented = (row: string, place = 0): number => {
  const cell =
    page
      .split('\n')
      .find((line) => line.startsWith(`| ${row}`))
      ?.split('|')[2] ?? ''
  const [figure] = [...cell.replaceAll(',000', '000').matchAll(/([\d.]+)( KB)?/g)].slice(place)
  if (!figure) throw new Error(`docs/operations.md has no figure in the row "${row}"`)
  return Number(figure[1]) * (figure[2] ? 1_024 : 1)
}
const near = (t: Test, measured: number, row: string, place?: number) => {
  const said = documented(row, place)
  t.comment(`${row}: ${Math.round(measured)} bytes, ${said} on the page`)
  t.ok(measured > 0.75 * said && measured < 1.25 * said, `${row}: within a quarter of what the page says`)
}

const count = 20_000
const now = 1_800_000_000_000
const name = () => randomBytes(6).toString('hex')

/** Rows as a server writes them, with names of usual length. */
const makers = (appId: string) => {
  let userId = 20_000
  return {
    devices: () => ({
      ...{ deviceId: randomBytes(16), appId, secretSealed: randomBytes(68), address: '203.0.113.77' },
      ...{ deviceType: 'phone', os: 'Android', name: 'Pixel 9', minStrength: 0, hello: '' },
      ...{ createdAt: now, lastSeenAt: now, expiresAt: now },
      ...{ site: '203.0.113.0/24', usedAt: now, hasLogin: 1 },
    }),
    accounts: () => ({
      ...{ userId: ++userId, tag: randomBytes(8), status: 'active' as const, statusReason: '' },
      ...{ epoch: 1, createdAt: now, updatedAt: now },
    }),
    logins: (user: number) => ({
      ...{ loginId: randomBytes(16), userId: user, appId, deviceId: randomBytes(16), deviceType: 'phone' },
      ...{ deviceName: 'Pixel 9', epoch: 1, a2Handle: randomBytes(16), a2Hash: randomBytes(32) },
      ...{ a2PreviousHash: randomBytes(32), a2Nonce: randomBytes(16), a2Counter: 2, a2RotatedAt: now },
      ...{ a2Confirmed: 1, authenticatedAt: now, expiresAt: now, endedAt: null, endReason: null },
      ...{ endDetail: null, keyPrint: null, minStrength: 0 },
    }),
    auditEvents: () => ({
      ...{ happenedAt: now, kind: 'ticket.reused', userId: 10_001, appId, network: null, detail: '{}' },
    }),
  }
}

type World = Awaited<ReturnType<typeof openTestServer>>

const fill = async ({ server: { db }, app }: World) => {
  const make = makers(app.appId)
  const insert = async <T>(table: keyof Tables, rowOf: (place: number) => T) => {
    const rows = Array.from({ length: count }, (_, place) => rowOf(place))
    // SQLite takes 32,766 parameters in a statement.
    while (rows.length > 0)
      await db.write
        .insertInto(table)
        .values(rows.splice(0, 1_000) as never)
        .execute()
  }
  const accounts = Array.from({ length: count }, make.accounts)
  const accountAt = (place: number) => accounts[place] as (typeof accounts)[number]
  await insert('accounts', accountAt)
  await insert('users', (place) => {
    const nickName = name()
    const skeleton = randomBytes(32)
    return { userId: accountAt(place).userId, userName: nickName, nickName, skeleton, updatedAt: now }
  })
  const verifierOf = (userId: number, loginKey: string, salt?: string) => ({
    ...{ loginKey: Buffer.from(loginKey), userId, saltFrom: salt === undefined ? null : Buffer.from(salt) },
    ...{ verifier: `hmac$p1$${randomBytes(36).toString('base64')}$${randomBytes(32).toString('base64')}` },
    ...{ nextVerifier: null, createdAt: now, updatedAt: now },
  })
  await insert('verifiers', (place) => verifierOf(accountAt(place).userId, `name:${name()}`))
  await insert('verifiers', (place) => {
    const { userId } = accountAt(place)
    return verifierOf(userId, `number:${userId}`, `salt:${randomBytes(11).toString('hex')}`)
  })
  await insert('devices', make.devices)
  await insert('logins', (place) => make.logins(accountAt(place).userId))
  await insert('auditEvents', make.auditEvents)
}

t.test('rows in MariaDB', async (t) => {
  const shared = await openShared()
  const world = await openTestServer({ environment: shared.environment })
  t.teardown(async () => {
    await world.close()
    await shared.close()
  })
  await fill(world)
  const { write } = world.server.db
  const sizeOf = async (...tables: string[]) => {
    let sum = 0
    for (const table of tables) {
      await sql`analyze table ${sql.id(table)}`.execute(write)
      const { rows } = await sql<{ bytes: number }>`
        select data_length + index_length as bytes from information_schema.tables
        where table_schema = ${shared.database} and table_name = ${table}`.execute(write)
      sum += Number(rows[0]?.bytes) / count
    }
    return sum
  }
  near(t, await sizeOf('accounts', 'users', 'verifiers'), 'a user in MariaDB')
  near(t, await sizeOf('logins'), 'a login in MariaDB')
  near(t, await sizeOf('devices'), 'a device in MariaDB')
  near(t, await sizeOf('audit_events'), 'an audit event in MariaDB')
})

t.test('rows in SQLite', async (t) => {
  const world = await openTestServer()
  t.teardown(() => world.close())
  await fill(world)
  const { write } = world.server.db
  const sizeOf = async (...tables: string[]) => {
    const { rows } = await sql<{ bytes: number }>`
      select sum(s.pgsize) as bytes from dbstat s join sqlite_master m on m.name = s.name
      where m.tbl_name in (${sql.join(tables)})`.execute(write)
    return Number(rows[0]?.bytes) / count
  }
  near(t, await sizeOf('accounts', 'users', 'verifiers'), 'the same in SQLite', 0)
  near(t, await sizeOf('logins'), 'the same in SQLite', 1)
  near(t, await sizeOf('devices'), 'the same in SQLite', 2)
})

t.test('keys in Redis', async (t) => {
  const limit = 60
  const shared = await openShared({ TORII__LIMITS__SESSION: `[60, ${limit}]` })
  const world = await openTestServer({ environment: shared.environment })
  const redis = new Redis(testServers().redis.url)
  t.teardown(async () => {
    redis.disconnect()
    await world.close()
    await shared.close()
  })
  const device = createDevice((await world.connect()).device)
  const keysOf = async (pattern: string) => redis.keys(`${shared.database}:${pattern}`)
  /** With what Redis needs around them, and 0 samples: all elements of a list. */
  const bytesOf = async (keys: string[]) => {
    const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)))
    return sizes.reduce<number>((sum, size) => sum + Number(size), 0)
  }
  const user = await registerUser(device, world)
  near(t, await bytesOf(await keysOf('skey:*')), 'an SKey in Redis')
  for (let call = 0; call < limit; call++) await device.call(world, '/v1/session', { token: user.skey })
  near(t, await bytesOf(await keysOf('limit:*:session:*')), 'a limit of 60')
  const before = await keysOf('replay:*')
  await device.call(world, '/v1/login', { ...user.login, n: randomName() })
  const after = (await keysOf('replay:*')).filter((key) => !before.includes(key))
  near(t, await bytesOf(after), 'a write over t/j')
})
