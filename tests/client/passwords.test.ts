/** The verbs of the client that set a password. */
import t from 'tap'
import { createAdmin } from '../../src/admin.ts'
import { createClient, isFailure } from '../../src/client/index.ts'
import { openHashing } from '../../tools/user/hashing.ts'
import { openTestServer, until } from '../harness/test-server.ts'

t.setTimeout(60_000)

const headers = { host: 'localhost', 'content-type': 'application/json' }

const connect = (target: Awaited<ReturnType<typeof openTestServer>>) =>
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

t.test('a user changes the password, forgets it, and resets it by a code', async (t) => {
  const target = await openTestServer({ environment: { TORII__CODES__RESEND_SECONDS: '1' } })
  t.teardown(target.close)
  const readCode = async () => {
    const { body } = await target.send({ method: 'GET', url: '/dev/outbox', headers: { host: 'localhost' } })
    return /\n(\d{6})\n/.exec(body)?.[1] ?? ''
  }
  const [first, second] = [connect(target), connect(target)]
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

  const { flow } = await until('another code may be sent', () =>
    second.sendResetCode(email).catch((error) => {
      if (isFailure(error, 'CODE_TOO_SOON')) return undefined
      throw error
    }),
  )
  await t.rejects(second.resetPassword({ flow, code: 'x', newPassword: 'woaini1314' }), {
    name: 'PASSWORD_COMMON',
  })
  const { user } = await second.resetPassword({ flow, code: await readCode(), newPassword: 'another staple' })
  t.equal(user.userName, 'amber')
  await t.rejects(first.session(), { name: 'NOT_LOGGED_IN', reason: 'password-changed' })
  for (const login of [email, 'amber', user.userId]) await first.login({ login, password: 'another staple' })
})

t.test('a user logs in with a password that an administrator has set, and another one', async (t) => {
  const target = await openTestServer()
  t.teardown(target.close)
  const [client, other] = [connect(target), connect(target)]
  const [oneTime, newPassword] = ['told by phone', 'battery staple']
  const { user } = await client.register({ userName: 'beryl', password: 'correct horse' })
  const { server, config } = target
  const hashing = await openHashing(config, server.db)
  const { accounts } = createAdmin({ db: server.db, config })
  await accounts.openSetPassword(hashing)(Number(user.userId), oneTime).finally(hashing.close)

  const login = 'beryl'
  await t.rejects(client.login({ login, password: oneTime }), { name: 'PASSWORD_MUST_CHANGE' })
  const end = await until('the login of before has ended', () =>
    client.session().then(
      () => undefined,
      (error: unknown) => error,
    ),
  )
  t.match(end, { name: 'NOT_LOGGED_IN' })
  await t.rejects(client.login({ login, password: 'wrong one', newPassword }), { name: 'LOGIN_FAILED' })
  await t.rejects(client.login({ login, password: oneTime, newPassword: 'beryl beryl 12' }), {
    name: 'PASSWORD_COMMON',
  })
  await client.login({ login, password: oneTime, newPassword })
  t.equal((await client.session()).user.userName, 'beryl')
  await t.rejects(other.login({ login, password: oneTime, newPassword: 'yet another' }), {
    name: 'LOGIN_FAILED',
  })
  for (const each of [login, user.userId]) await other.login({ login: each, password: newPassword })
  t.equal((await client.session()).user.userName, 'beryl', 'the login of the change goes on')
})
