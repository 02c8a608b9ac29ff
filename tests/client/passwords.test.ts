/** The verbs of the client that set a password. */
import t from 'tap'
import { createClient } from '../../src/client/index.ts'
import { openTestServer } from '../harness/test-server.ts'

t.setTimeout(60_000)

t.test('a user changes the password, forgets it, and resets it by a code', async (t) => {
  const target = await openTestServer({ environment: { TORII__CODES__RESEND_SECONDS: '1' } })
  t.teardown(target.close)
  const headers = { host: 'localhost', 'content-type': 'application/json' }
  const readCode = async () => {
    const { body } = await target.send({ method: 'GET', url: '/dev/outbox', headers: { host: 'localhost' } })
    return /\n(\d{6})\n/.exec(body)?.[1] ?? ''
  }
  const connect = () =>
    createClient({
      url: 'http://localhost',
      appId: target.app.appId,
      appSecret: target.app.appSecret,
      transport: 'json',
      fetch: async (url, init) => {
        const payload = String(init?.body)
        const { pathname } = new URL(String(url))
        const reply = await target.send({ method: 'POST', url: pathname, headers, payload })
        return new Response(reply.body, { status: reply.status })
      },
    })
  const [first, second] = [connect(), connect()]
  const email = 'amber@mail.example'
  const sent = await first.registerAddress({ email, userName: 'amber', password: 'correct horse' })
  await first.confirm({ flow: sent.flow, code: await readCode() })
  await second.login({ login: email, password: 'correct horse' })

  await t.rejects(first.changePassword({ oldPassword: 'wrong one', newPassword: 'battery staple' }), {
    name: 'OLD_PASSWORD_WRONG',
  })
  await t.rejects(first.changePassword({ oldPassword: 'correct horse', newPassword: 'amber amber 12' }), {
    name: 'PASSWORD_COMMON',
  })
  await first.changePassword({ oldPassword: 'correct horse', newPassword: 'battery staple' })
  t.equal((await first.session()).user.userName, 'amber', 'the caller goes on')
  await t.rejects(second.session(), { name: 'NOT_LOGGED_IN', reason: 'password-changed' })
  await second.login({ login: 'amber', password: 'battery staple' })
  await second.login({ login: email, password: 'battery staple' })

  const { flow } = await second.sendResetCode(email)
  await t.rejects(second.resetPassword({ flow, code: 'x', newPassword: 'woaini1314' }), {
    name: 'PASSWORD_COMMON',
  })
  const { user } = await second.resetPassword({ flow, code: await readCode(), newPassword: 'another staple' })
  t.equal(user.userName, 'amber')
  await t.rejects(first.session(), { name: 'NOT_LOGGED_IN', reason: 'password-changed' })
  for (const login of [email, 'amber', user.userId]) await first.login({ login, password: 'another staple' })
})
