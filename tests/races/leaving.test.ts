/** Accounts that leave while their users do something else, through two processes. */
import t from 'tap'
import { createAdmin } from '../../src/admin.ts'
import { loadConfig } from '../../src/config/load.ts'
import { codes } from '../harness/codes.ts'
import { createDevice, randomName, registerUser } from '../harness/devices.ts'
import { openFleet } from './fleet.ts'

t.setTimeout(200_000)

const count = 12

t.test(
  'of leaving and logging in at once, the later one counts, and no ticket of the earlier lives',
  async (t) => {
    const fleet = await openFleet(t)
    const device = createDevice(await fleet.connect())
    const { db, a, b } = fleet
    for (let at = 0; at < count; at++) {
      const user = await registerUser(device, a)
      const ask = { token: user.skey, unregister: true }
      const [left, again, login] = await Promise.all([
        device.call(a, '/v1/user/unregister', { ...ask, rid: randomName() }),
        device.call(b, '/v1/user/unregister', { ...ask, rid: randomName() }),
        device.call(b, '/v1/login', { ...user.login, n: randomName() }),
      ])
      const done = [left, again].filter(({ code }) => code === codes.OK)
      t.ok(done.length > 0, `it left: ${left.code} ${again.code}`)
      t.equal(login.code, codes.LOGGED_IN)
      const { skey } = (login.json.tickets ?? {}) as { skey: string }
      const { status } = await db.write
        .selectFrom('accounts')
        .select('status')
        .where('userId', '=', Number(user.userId))
        .executeTakeFirstOrThrow()
      const session = await device.call(a, '/v1/session', { token: skey, n: randomName() })
      t.equal(session.code, status === 'active' ? codes.TICKET_VALID : codes.TICKET_ENDED, status)
      const old = await device.call(b, '/v1/session', { token: user.skey, n: randomName() })
      t.equal(old.code, codes.TICKET_ENDED, 'what was issued before has ended')
    }
  },
)

t.test('two processes erase accounts at once, and one goes on where another one was killed', async (t) => {
  const fleet = await openFleet(t)
  const device = createDevice(await fleet.connect())
  const { db, a } = fleet
  const users = await Promise.all(Array.from({ length: count }, () => registerUser(device, a)))
  const past = Date.now() - 1_000
  const ids = users.map(({ userId }) => Number(userId))
  await db.write
    .updateTable('accounts')
    .set({ status: 'leaving', finalAt: past })
    .where('userId', 'in', ids)
    .execute()
  const admin = () => createAdmin({ db, config: loadConfig(fleet.environment) }).accounts
  await Promise.all([admin().eraseDue(), admin().eraseDue()])
  const removed = await db.write
    .selectFrom('auditEvents')
    .select('userId')
    .where('kind', '=', 'account.removed')
    .execute()
  t.equal(removed.length, count, 'each is removed once')
  // Killed between the transaction and the rest.
  const [one = 0] = ids
  await db.write.updateTable('accounts').set({ finalAt: past }).where('userId', '=', one).execute()
  await db.write.updateTable('logins').set({ network: '203.0.113.0/24' }).where('userId', '=', one).execute()
  await admin().eraseDue()
  const left = await db.write
    .selectFrom('logins')
    .select('network')
    .where('userId', 'in', ids)
    .where('network', '!=', '')
    .execute()
  t.same(left, [])
  const due = await db.write
    .selectFrom('accounts')
    .select('userId')
    .where('finalAt', 'is not', null)
    .execute()
  t.same(due, [], 'nothing is left to do')
})
