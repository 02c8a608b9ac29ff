/** A user fetches everything that is held about them; on both engines. */
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import { createDevice, registerUser } from '../harness/devices.ts'
import {
  createTestClock,
  type Environment,
  openShared,
  openTestServer,
  raisedLimits,
  until,
} from '../harness/test-server.ts'

t.setTimeout(120_000)

const engines: [name: string, open: (t: Test) => Promise<Environment>][] = [
  ['SQLite', async () => raisedLimits()],
  [
    'MariaDB',
    async (t) => {
      const shared = await openShared(raisedLimits())
      t.teardown(() => shared.close())
      return shared.environment
    },
  ],
]

const open = async (t: Test, environment: Environment) => {
  const clock = createTestClock(Date.now())
  const world = await openTestServer({ environment, clock })
  t.teardown(() => world.close())
  const device = createDevice((await world.connect()).device, () => clock.now())
  let count = 0
  const call = async (path: string, members: Record<string, unknown>) =>
    (await device.call(world, path, { ...members, rid: String(++count) })).json
  const ask = (token: string) => call('/v1/user/export', { token, export: true })
  const waitFor = (token: string) =>
    until('the export is ready', async () => {
      const reply = await ask(token)
      return reply.state === 'ready' ? reply : undefined
    })
  const fetchAll = async (token: string, parts: number) => {
    const tables: Record<string, Record<string, unknown>[]> = {}
    for (let exportPart = 1; exportPart <= parts; exportPart++) {
      const { part } = await call('/v1/user/export/part', { token, exportPart })
      const { table, rows } = JSON.parse(String(part)) as { table: string; rows: Record<string, unknown>[] }
      tables[table] = [...(tables[table] ?? []), ...rows]
    }
    return tables
  }
  return { ...world, clock, device, db: world.server.db, call, ask, waitFor, fetchAll }
}

/** So many rows of a user in one table. */
const rowCount = 10_000

for (const [engine, environment] of engines) {
  t.test(
    `${engine}: ten thousand rows of a user are exported, sealed at rest, within a minute`,
    async (t) => {
      const { db, clock, device, call, ask, waitFor, fetchAll, ...world } = await open(
        t,
        await environment(t),
      )
      const user = await registerUser(device, world)
      const rows = Array.from({ length: rowCount }, (_, at) => ({
        kind: 'test.row',
        happenedAt: clock.now() + at,
        userId: Number(user.userId),
        appId: null,
        network: '203.0.113.0/24',
        detail: '{"by":"an administrator","reason":"a test"}',
      }))
      for (let at = 0; at < rowCount; at += 1_000)
        await db.write
          .insertInto('auditEvents')
          .values(rows.slice(at, at + 1_000))
          .execute()
      const began = Date.now()
      t.match(await ask(user.skey), { code: codes.OK, state: 'making' })
      const ready = await waitFor(user.skey)
      t.comment(`${rowCount} rows, ${ready.bytes} bytes in ${ready.parts} parts: ${Date.now() - began} ms`)
      t.match(ready, { isComplete: true })
      const tables = await fetchAll(user.skey, Number(ready.parts))
      t.equal(tables.auditEvents?.length, rowCount, 'each row once')
      t.equal(new Set(tables.auditEvents?.map(({ happenedAt }) => happenedAt)).size, rowCount)
      t.match(tables.users, [{ userName: user.userName }])
      t.equal(tables.logins?.length, 1)
      t.notMatch(JSON.stringify(tables), /an administrator/, 'the name of an administrator is not the user')
      const stored = await db.write.selectFrom('exportParts').select('body').execute()
      for (const { body } of stored) t.notOk(body.includes('203.0.113'), 'sealed')

      const other = await registerUser(device, world)
      t.equal(
        (await call('/v1/user/export/part', { token: other.skey, exportPart: 1 })).code,
        codes.PARAMETER_INVALID,
      )
      const last = Number(ready.parts)
      for (const exportPart of [0, -1, last + 1, 1e9])
        t.equal(
          (await call('/v1/user/export/part', { token: user.skey, exportPart })).code,
          codes.PARAMETER_INVALID,
        )
      clock.add(600_000)
      t.equal((await ask(user.skey)).code, codes.FRESH_LOGIN_NEEDED)
      const late = { token: user.skey, exportPart: 1 }
      t.equal((await call('/v1/user/export/part', late)).code, codes.FRESH_LOGIN_NEEDED)
      clock.add(3_600_000)
      await world.server.removeOld()
      for (const table of ['exports', 'exportParts'] as const) {
        const left = await db.write.selectFrom(table).select('userId').execute()
        t.same(
          left.filter(({ userId }) => String(userId) === user.userId),
          [],
          `${table}: gone after its time`,
        )
      }
    },
  )

  t.test(`${engine}: an export of a process that was killed is finished by another one`, async (t) => {
    const { db, clock, device, ask, waitFor, fetchAll, ...world } = await open(t, await environment(t))
    const user = await registerUser(device, world)
    const row = {
      userId: Number(user.userId),
      exportId: Buffer.alloc(16, 1),
      askedAt: clock.now(),
      readyAt: null,
      expiresAt: clock.now() + 86_400_000,
      claimedUntil: clock.now() + 60_000,
      section: 'users',
      behind: null,
      parts: 0,
      bytes: 0,
      isComplete: 1,
    }
    await db.write.insertInto('exports').values(row).execute()
    t.match(await ask(user.skey), { state: 'making' }, 'while its lease lasts')
    clock.add(60_000)
    const { parts } = await waitFor(user.skey)
    const tables = await fetchAll(user.skey, Number(parts))
    t.equal(tables.users?.length, 1)
    t.notOk(tables.addresses, 'what the first process had done is not done again')
  })

  t.test(`${engine}: exports have bounds, of one and of all`, async (t) => {
    const world = await open(t, { ...(await environment(t)), TORII__EXPORTS__MAX_WAITING: '1' })
    const { db, clock, device, ask } = world
    const [first, second] = [await registerUser(device, world), await registerUser(device, world)]
    const made = {
      exportId: Buffer.alloc(16, 1),
      askedAt: clock.now(),
      expiresAt: clock.now() + 86_400_000,
      claimedUntil: clock.now() + 86_400_000,
      section: '',
      behind: null,
      parts: 0,
      isComplete: 1,
    }
    const userId = Number(first.userId)
    await db.write
      .insertInto('exports')
      .values({ ...made, userId, readyAt: null, bytes: 0 })
      .execute()
    t.equal((await ask(second.skey)).code, codes.OVERLOADED, 'too many are being made')
    await db.write.updateTable('exports').set({ readyAt: clock.now(), bytes: 1_000_000_000 }).execute()
    t.equal((await ask(second.skey)).code, codes.OVERLOADED, 'too many bytes are kept')
    await db.write.updateTable('exports').set({ bytes: 999 }).execute()
    const both = await Promise.all([ask(second.skey), ask(second.skey)])
    for (const reply of both) t.equal(reply.code, codes.OK, 'asked twice, it is one')
  })
}
