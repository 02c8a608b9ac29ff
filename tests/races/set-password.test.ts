/** A password that an administrator sets, against logins at two processes at the same time. */
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { registerUser, type Target, ticketsOf } from '../harness/devices.ts'
import { ask, createTorii } from '../tools/torii-process.ts'
import { openFleet } from './fleet.ts'

t.setTimeout(180_000)

const rounds = 3

t.test('no login by the old password outlives the new one, which is changed once', async (t) => {
  const { a, b, environment, connect } = await openFleet(t)
  const torii = createTorii(environment)
  const device = await connect()
  for (let round = 0; round < rounds; round++) {
    const user = await registerUser(device, a)
    const { userName: login } = user
    const old = { login, clientHash: user.login.clientHash }
    let count = 0
    const call = (at: Target, path: string, members: object) =>
      device.call(at, path, { ...members, rid: `${round}-${count++}` })
    /** Until the old password is refused. */
    const logInWhileGood = async (at: Target) => {
      const a2s: string[] = []
      for (;;) {
        const reply = await call(at, '/v1/login', old)
        if (reply.code !== codes.LOGGED_IN) return { a2s, last: reply.code }
        a2s.push(ticketsOf(reply).a2)
      }
    }
    const first = ticketsOf(await call(a, '/v1/login', old))
    const [{ password }, ...ended] = await Promise.all([
      ask<{ password: string }>(torii, 'user', 'set-password', login),
      logInWhileGood(a),
      logInWhileGood(b),
    ])
    t.strictSame(
      ended.map(({ last }) => last),
      [codes.LOGIN_FAILED, codes.LOGIN_FAILED],
    )
    const a2s = [first.a2, ...ended.flatMap((each) => each.a2s)]
    for (const token of a2s.slice(-10)) {
      const { code } = await call(b, '/v1/ticket/exchange', { token, to: 'skey' })
      t.equal(code, codes.NOT_LOGGED_IN)
    }
    const words = ['first good one', 'second good one']
    const replies = await Promise.all(
      words.map((newPassword, at) => call([a, b][at] ?? a, '/v1/login', { login, password, newPassword })),
    )
    const good = words.filter((_, at) => replies[at]?.code === codes.LOGGED_IN)
    t.equal(good.length, 1, JSON.stringify(replies.map(({ code }) => code)))
    t.equal((await call(b, '/v1/login', { login, password: good[0] })).code, codes.LOGGED_IN)
    t.equal((await call(a, '/v1/login', { login, password })).code, codes.LOGIN_FAILED)
  }
})
