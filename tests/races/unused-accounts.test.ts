/** One process removes accounts that were never used, while their users come back through another one. */
import { sql } from 'kysely'
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { createDevice, randomName, registerUser } from '../harness/devices.ts'
import { openTestServer, until } from '../harness/test-server.ts'
import { openFleet } from './fleet.ts'

t.setTimeout(200_000)

const dayMs = 24 * 3_600_000
const count = 40

t.test('a login at the moment of the removal keeps its account, or is refused', async (t) => {
  const fleet = await openFleet(t, { TORII__ACCOUNTS__UNUSED_DAYS: '1' })
  const remover = await openTestServer({ environment: fleet.environment })
  t.teardown(() => remover.close())
  const device = createDevice(await fleet.connect())
  const users = await Promise.all(Array.from({ length: count }, () => registerUser(device, fleet.a)))
  const { write } = fleet.db
  const old = Date.now() - 2 * dayMs
  await write.updateTable('logins').set({ endedAt: old, authenticatedAt: old }).execute()
  // Nothing is due before all calls are on their way.
  await write.updateTable('accounts').set({ createdAt: old, updatedAt: old }).execute()
  const logIn = (user: (typeof users)[number], at: number) =>
    device.call(at % 2 ? fleet.a : fleet.b, '/v1/login', { ...user.login, n: randomName() })
  await write
    .updateTable('accounts')
    .set((eb) => ({ unusedSince: eb.ref('createdAt') }))
    .execute()
  const [, replies] = await Promise.all([
    remover.server.removeOld(),
    // From the end, so that both meet in the middle.
    Promise.all([...users].reverse().map(logIn)),
  ])
  const found = await write.selectFrom('accounts').select(['userId', 'status']).execute()
  const statusOf = new Map(found.map(({ userId, status }) => [String(userId), status]))
  for (const [at, user] of [...users].reverse().entries()) {
    const isIn = replies[at]?.code === codes.LOGGED_IN
    t.equal(statusOf.get(user.userId), isIn ? 'active' : 'deleted', `login ${replies[at]?.code}`)
    const { tickets } = (replies[at]?.json ?? {}) as { tickets?: { skey: string } }
    if (!tickets) continue
    const session = await device.call(fleet.a, '/v1/session', { token: tickets.skey, n: randomName() })
    t.equal(session.code, codes.TICKET_VALID, 'and its login lives')
  }
  t.comment(`${replies.filter(({ code }) => code === codes.LOGGED_IN).length} of ${count} kept`)
})

t.test('a login that is judged while its account is being removed waits, and is refused', async (t) => {
  const fleet = await openFleet(t)
  const device = createDevice(await fleet.connect())
  const user = await registerUser(device, fleet.a)
  const userId = Number(user.userId)
  const { db, b } = fleet
  let reply: ReturnType<typeof device.call> | undefined
  await db.transaction(async (trx) => {
    await trx.updateTable('accounts').set({ status: 'deleted' }).where('userId', '=', userId).execute()
    reply = device.call(b, '/v1/login', user.login)
    await until('the login is in its statement', async () => {
      const { rows } = await sql`
        select id from information_schema.processlist where info like 'insert into %logins%' and time_ms > 50`.execute(
        trx,
      )
      return rows.length > 0
    })
  })
  t.not((await reply)?.code, codes.LOGGED_IN)
  const logins = await db.write.selectFrom('logins').selectAll().where('userId', '=', userId).execute()
  t.equal(logins.length, 1, 'no login was written')
})
