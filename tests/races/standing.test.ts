/** Users are disabled, and roles revoked, while something else happens, through two processes. */
import t from 'tap'
import { createAdmin } from '../../src/admin.ts'
import { loadConfig } from '../../src/config/load.ts'
import { codes } from '../harness/codes.ts'
import { createDevice, type Reply, randomName, registerUser, type Target } from '../harness/devices.ts'
import { openFleet } from './fleet.ts'

t.setTimeout(200_000)

const rounds = 8
const fleet = await openFleet(t)
const { db, a, b } = fleet
const device = createDevice(await fleet.connect())
const { roles } = createAdmin({ db, config: loadConfig(fleet.environment) })

const register = async (role?: string) => {
  const user = await registerUser(device, a)
  if (role !== undefined) await roles.grant(Number(user.userId), { role, appId: '' })
  return user
}
const disable = (target: Target, { skey }: { skey: string }, { userId }: { userId: string }) =>
  device.call(target, '/v1/user/disable', {
    token: skey,
    disable: userId,
    reason: 'spam',
    rid: randomName(),
  })
const statusOf = async ({ userId }: { userId: string }) => {
  const { status } = await db.write
    .selectFrom('accounts')
    .select('status')
    .where('userId', '=', Number(userId))
    .executeTakeFirstOrThrow()
  return status
}
const recordsOf = async ({ userId }: { userId: string }, kind: 'account.disabled' | 'role.revoked') => {
  const rows = await db.write
    .selectFrom('auditEvents')
    .select('eventId')
    .where('userId', '=', Number(userId))
    .where('kind', '=', kind)
    .execute()
  return rows.map(({ eventId }) => eventId)
}
const eventsOf = ({ userId }: { userId: string }) =>
  db.write
    .selectFrom('userEvents')
    .select('number')
    .where('userId', '=', Number(userId))
    .where('kind', '=', 'user.disabled')
    .execute()
const session = async (target: Target, token: string) =>
  (await device.call(target, '/v1/session', { token, rid: randomName() })).code
const skeysOf = (replies: readonly Reply[]) =>
  replies.flatMap(({ json }) => (json.tickets as { skey?: string } | undefined)?.skey ?? [])

t.test('of a user who is disabled while logging in and exchanging, no ticket lives on', async (t) => {
  const chief = await register('admin')
  for (let round = 0; round < rounds; round++) {
    const user = await register()
    const logIn = (target: Target) => device.call(target, '/v1/login', { ...user.login, n: randomName() })
    const [disabled, ...others] = await Promise.all([
      disable(a, chief, user),
      logIn(b),
      device.call(b, '/v1/ticket/exchange', { token: user.a2, to: 'skey', n: randomName() }),
      logIn(a),
    ])
    t.equal(disabled.code, codes.OK)
    const expected: number[] = [codes.LOGGED_IN, codes.OK, codes.ACCOUNT_DISABLED, codes.NOT_LOGGED_IN]
    for (const { code } of others) t.ok(expected.includes(code), `${code}`)
    for (const skey of [user.skey, ...skeysOf(others)])
      for (const target of [a, b]) t.not(await session(target, skey), codes.TICKET_VALID)
    t.equal(await statusOf(user), 'disabled')
    t.match([await recordsOf(user, 'account.disabled'), await eventsOf(user)], [{ length: 1 }, { length: 1 }])
  }
})

t.test('a role that is revoked while its user acts: the act is whole and before it, or is not', async (t) => {
  for (let round = 0; round < rounds; round++) {
    const [helper, user] = [await register('support'), await register()]
    const [act] = await Promise.all([
      disable(b, helper, user),
      roles.revoke(Number(helper.userId), { role: 'support', appId: '' }),
    ])
    t.ok(act.code === codes.OK || act.code === codes.ROLE_NEEDED, `${act.code}`)
    const acts = await recordsOf(user, 'account.disabled')
    const [revoked = 0] = await recordsOf(helper, 'role.revoked')
    const done = act.code === codes.OK ? 1 : 0
    t.equal(await statusOf(user), done ? 'disabled' : 'active')
    t.match([acts, await eventsOf(user)], [{ length: done }, { length: done }])
    for (const at of acts) t.ok(at < revoked, 'before the role was revoked')
    t.equal((await disable(a, helper, user)).code, codes.ROLE_NEEDED, 'from then on nothing')
  }
})

t.test('of two administrators who disable each other, one stays', async (t) => {
  for (let round = 0; round < rounds; round++) {
    const [one, two] = [await register('admin'), await register('admin')]
    const acts = await Promise.all([disable(a, one, two), disable(b, two, one)])
    const won = acts.map(({ code }) => code === codes.OK)
    t.strictSame([...won].sort(), [false, true], acts.map(({ code }) => code).join(' '))
    const [winner, loser] = won[0] ? [one, two] : [two, one]
    t.strictSame([await statusOf(winner), await statusOf(loser)], ['active', 'disabled'])
    for (const target of [a, b]) {
      t.equal(await session(target, winner.skey), codes.TICKET_VALID)
      t.not(await session(target, loser.skey), codes.TICKET_VALID)
    }
  }
})
