/** How many logins one user can have: with one more than the bound the oldest ends, and no login is refused. */
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import { randomName, registerUser, type Target, type User } from '../harness/devices.ts'
import { openFleet } from './fleet.ts'

t.setTimeout(120_000)

const most = 5
const environment = { TORII__TICKETS__LOGINS_PER_USER: String(most) }

t.test('the oldest login of a user gives way, through two processes', async (t: Test) => {
  const fleet = await openFleet(t, environment)
  const device = await fleet.connect()
  const logIn = (target: Target, user: User) =>
    device.call(target, '/v1/login', { ...user.login, n: randomName() })
  const sessionOf = async (token: string) =>
    (await device.call(fleet.b, '/v1/session', { token, n: randomName() })) as { code: number; json: unknown }
  const countLive = async ({ userId }: User) => {
    const rows = await fleet.db.write
      .selectFrom('logins')
      .select('loginId')
      .where('userId', '=', Number(userId))
      .where('endedAt', 'is', null)
      .execute()
    return rows.length
  }

  const user = await registerUser(device, fleet.a)
  for (let at = 1; at < most; at++) t.equal((await logIn(fleet.a, user)).code, codes.LOGGED_IN)
  t.equal((await sessionOf(user.skey)).code, codes.TICKET_VALID, `${most} logins live`)
  t.equal((await logIn(fleet.a, user)).code, codes.LOGGED_IN, 'one more logs in')
  t.equal(await countLive(user), most)
  const ended = await sessionOf(user.skey)
  t.match(
    ended,
    { code: codes.TICKET_ENDED, json: { reason: 'replaced' } },
    'the oldest SKey ended everywhere',
  )
  t.match(await sessionOf(user.a2), { code: codes.TICKET_ENDED, json: { reason: 'replaced' } }, 'and its A2')

  const burst = await Promise.all(
    Array.from({ length: 40 }, (_, at) => logIn(at % 2 ? fleet.a : fleet.b, user)),
  )
  t.same(new Set(burst.map(({ code }) => code)), new Set([codes.LOGGED_IN]), 'no login is refused')
  await logIn(fleet.a, user)
  t.equal(await countLive(user), most)

  const other = await registerUser(device, fleet.a)
  await Promise.all(Array.from({ length: 40 }, (_, at) => logIn(at % 2 ? fleet.a : fleet.b, other)))
  await logIn(fleet.a, other)
  t.equal(await countLive(other), most, 'a burst from the start leaves no more either')
})
