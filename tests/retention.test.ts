/** What is removed for its age, and what stays, in every table that would only grow. */
import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { createDevice, registerUser } from './harness/devices.ts'
import { createTestClock, type Environment, openShared, openTestServer } from './harness/test-server.ts'

t.setTimeout(60_000)

const dayMs = 24 * 3_600_000
const skeyMs = 2 * dayMs

const engines: [name: string, open: (t: Test) => Promise<Environment>][] = [
  ['SQLite', async () => ({})],
  [
    'MariaDB',
    async (t) => {
      const shared = await openShared()
      t.teardown(() => shared.close())
      return shared.environment
    },
  ],
]

for (const [engine, open] of engines) {
  t.test(`${engine}: rows leave at their age, and no moment earlier`, async (t) => {
    const clock = createTestClock(Date.now())
    const world = await openTestServer({ environment: await open(t), clock })
    t.teardown(() => world.close())
    const { db, apps, removeOld } = world.server
    const { appId } = await apps.add({ name: 'retention' })
    const now = clock.now()
    const write = db.write

    const device = (expiresAt: number) =>
      write
        .insertInto('devices')
        .values({
          ...{ deviceId: randomBytes(16), appId, secretSealed: randomBytes(60), address: '', deviceType: '' },
          ...{ os: '', name: '', minStrength: 0, hello: '', createdAt: now, lastSeenAt: null, expiresAt },
          ...{ site: '', usedAt: now, hasLogin: 0 },
        })
        .execute()
    // A login needs its account: one of a real user is moved in time.
    const user = await registerUser(createDevice((await world.connect()).device), world)
    const [login] = await write
      .selectFrom('logins')
      .selectAll()
      .where('userId', '=', Number(user.userId))
      .execute()
    if (!login) throw new Error('no login')
    const loginOf = (expiresAt: number) =>
      write
        .insertInto('logins')
        .values({ ...login, loginId: randomBytes(16), a2Handle: randomBytes(16), expiresAt })
        .execute()
    const failure = (failed1: number) =>
      write
        .insertInto('loginFailures')
        .values({
          ...{ loginKey: randomBytes(8), network: 'x', failed1 },
          ...{ failed2: 0, failed3: 0, failed4: 0, failed5: 0 },
        })
        .execute()
    const streak = (lastFailedAt: number) =>
      write
        .insertInto('loginStreaks')
        .values({ loginKey: randomBytes(8), failures: 1, lastFailedAt })
        .execute()
    const { version = 0 } =
      (await write
        .selectFrom('changeLog')
        .select('version')
        .orderBy('version', 'desc')
        .limit(1)
        .executeTakeFirst()) ?? {}
    let next = version
    const change = (changedAt: number) =>
      write
        .insertInto('changeLog')
        .values({ version: ++next, kind: 'none', subject: '', changedAt })
        .execute()

    let slot = 0
    const event = (happenedAt: number) =>
      write
        .insertInto('userEvents')
        .values({
          ...{ userId: 1, slot: ++slot, number: slot, eventId: randomBytes(16), kind: 'user.changed' },
          ...{ appId: null, otherId: null, happenedAt, detail: '{}' },
        })
        .execute()

    const rows = [
      ['devices', 'expiresAt', 0, device],
      ['logins', 'expiresAt', 365 * dayMs, loginOf],
      ['loginFailures', 'failed1', dayMs, failure],
      ['loginStreaks', 'lastFailedAt', dayMs, streak],
      ['changeLog', 'changedAt', 2 * skeyMs, change],
      ['userEvents', 'happenedAt', 90 * dayMs, event],
    ] as const
    for (const [table, , ageMs, insert] of rows) {
      await write.deleteFrom(table).execute()
      await insert(now - ageMs)
      await insert(now - ageMs - 1)
    }
    for (const left of [1, 0]) {
      await removeOld()
      for (const [table, column] of rows) {
        const found = await write
          .selectFrom(table)
          .select(column as never)
          .execute()
        t.equal(
          found.length,
          left,
          `${table}: ${left ? 'the younger one stays' : 'a moment later it leaves too'}`,
        )
      }
      clock.add(1)
    }
  })
}
