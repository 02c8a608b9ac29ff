/** Re-authentication: the user of a login proves again who is asking. */
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import { readCode } from '../harness/messages.ts'
import { type Answer, clientHashOf, openWays, openWorld, register, type Tickets } from '../http/world.ts'

const password = 'pass word'
const mail = 'maple@good.example'
const minute = 60_000

const open = async (t: Test) => {
  const world = await openWorld(t, { TORII__CODES__RESEND_SECONDS: '1' })
  const { JSON: call } = await openWays(world)
  const sent = await call('/v1/register', {
    regmode: 'email',
    user: { email: mail, userName: 'maple' },
    password,
  })
  const typed = { flow: sent.flow, code: await readCode(world.send, mail) }
  const tickets = (await call('/v1/verify', typed)).tickets as Tickets
  let count = 0
  const reauth = (members: Record<string, unknown>) =>
    call('/v1/reauth', { ...members, rid: String(++count) })
  /** An operation that asks for a fresh login. */
  const isFresh = async (token: unknown) => {
    const { code } = await call('/v1/device/revoke', { token, revoke: 'others', rid: String(++count) })
    if (code !== codes.OK && code !== codes.FRESH_LOGIN_NEEDED) t.fail(`revoke answered ${code}`)
    return code === codes.OK
  }
  const sendCode = async (address = mail) => {
    world.clock.add(2_000)
    const { flow } = await call('/v1/code/send', { purpose: 'confirm', address })
    return { flow, code: await readCode(world.send, address) }
  }
  return { ...world, call, tickets, reauth, isFresh, sendCode }
}
const skeyOf = ({ tickets }: Answer) => (tickets as Tickets).skey

t.test('the password makes a login fresh again; older SKeys keep their time', async (t) => {
  const { call, clock, tickets, reauth, isFresh, server } = await open(t)
  const { skey: token } = tickets
  t.equal(await isFresh(token), true)
  clock.add(10 * minute)
  t.equal(await isFresh(token), false)
  t.match(await call('/v1/device/revoke', { token, revoke: 'others', rid: 'x' }), {
    code: codes.FRESH_LOGIN_NEEDED,
    how: ['password', 'code'],
  })
  const proven = await reauth({ token, how: 'password', password })
  t.match(proven, { code: codes.OK, authenticatedAt: Math.floor(clock.now() / 1_000) })
  t.notOk((proven.tickets as Tickets).a2, 'no other A2')
  t.equal(await isFresh(skeyOf(proven)), true)
  t.equal(await isFresh(token), false)
  t.equal((await server.db.write.selectFrom('logins').select('loginId').execute()).length, 1, 'no new login')
  const next = await call('/v1/ticket/exchange', { token: tickets.a2, to: 'skey' })
  t.equal(await isFresh(skeyOf(next)), true, 'what the A2 gives is of the same login')
  clock.add(10 * minute)
  t.equal(await isFresh(skeyOf(proven)), false)
  await call('/v1/logout', { token: skeyOf(next) })
  t.match(await call('/v1/session', { token: skeyOf(proven) }), { code: codes.TICKET_ENDED })
})

t.test('a client hash, or a code to an address of the account, is as good', async (t) => {
  const { call, clock, tickets, reauth, isFresh, sendCode } = await open(t)
  const { skey: token } = tickets
  clock.add(10 * minute)
  const salts = await call('/v1/password/logins', { token })
  const [login] = salts.logins as { salt: string }[]
  const { cost } = salts as unknown as { cost: number }
  const salt = login?.salt ?? ''
  const clientHash = await clientHashOf(password, { salt, cost })
  const byHash = await reauth({ token, how: 'password', salt, clientHash })
  t.equal(await isFresh(skeyOf(byHash)), true)

  clock.add(10 * minute)
  const typed = await sendCode()
  const wrong = typed.code === '000000' ? '111111' : '000000'
  t.match(await reauth({ token, how: 'code', ...typed, code: wrong }), { code: codes.CODE_WRONG })
  const byCode = await reauth({ token, how: 'code', ...typed })
  t.equal(await isFresh(skeyOf(byCode)), true)
  t.match(await reauth({ token, how: 'code', ...typed }), { code: codes.CODE_EXPIRED }, 'a code works once')
  t.match(await reauth({ token, how: 'code' }), { code: codes.PARAMETER_MISSING })
  t.match(await reauth({ token, how: 'magic' }), { code: codes.PARAMETER_INVALID })
})

t.test('wrong passwords count as failed logins, and the right one does not pass the pause', async (t) => {
  const { call, clock, tickets, reauth } = await open(t)
  const { skey: token } = tickets
  for (let at = 0; at < 5; at++)
    t.match(await reauth({ token, how: 'password', password: `guess ${at}` }), { code: codes.LOGIN_FAILED })
  t.match(await reauth({ token, how: 'password', password }), { code: codes.TOO_OFTEN })
  t.match(await call('/v1/login', { login: 'maple', password }), { code: codes.TOO_OFTEN }, 'nor at a login')
  clock.add(16 * minute)
  t.match(await reauth({ token, how: 'password', password }), { code: codes.OK })
})

t.test('a code, a password or a ticket of another user renews nothing', async (t) => {
  const { call, tickets, reauth, sendCode } = await open(t)
  const other = await register(call, 'willow', 'their word')
  const theirs = skeyOf(other)
  const typed = await sendCode()
  t.match(await reauth({ token: theirs, how: 'code', ...typed }), { code: codes.CODE_EXPIRED })
  t.match(await reauth({ token: theirs, how: 'password', password }), { code: codes.LOGIN_FAILED })
  t.match(
    await reauth({ token: tickets.skey, how: 'code', ...typed }),
    { code: codes.OK },
    'it is not used up',
  )
  t.match(await reauth({ token: tickets.a2, how: 'password', password }), { code: codes.TIER_WANTED })
})

t.test('an SKey that left its device cannot renew the login', async (t) => {
  const { call, connect, reauth } = await open(t)
  const phone = await connect()
  const { json } = await phone.call('/v1/login', { login: 'maple', password })
  const token = skeyOf(json as Answer)
  t.match(await reauth({ token, how: 'password', password }), { code: codes.OTHER_DEVICE })
  const own = await phone.call('/v1/reauth', { token, how: 'password', password })
  t.match(own.json, { code: codes.OK })
  await call('/v1/logout', { token })
  t.match(await reauth({ token, how: 'password', password }), { code: codes.NOT_LOGGED_IN })
})
