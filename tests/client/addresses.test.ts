/** The verbs of the client that list, change and remove addresses. */
import t, { type Test } from 'tap'
import { createClient } from '../../src/client/index.ts'
import { readCode } from '../harness/messages.ts'
import { createTestClock, openTestServer } from '../harness/test-server.ts'

t.setTimeout(60_000)

const password = 'correct horse'
const email = 'amber@mail.example'

const open = async (t: Test) => {
  const clock = createTestClock(Date.now())
  const environment = {
    TORII__PASSWORD__COST: '4',
    TORII__CODES__RESEND_SECONDS: '1',
    TORII__ACCOUNTS__PASSWORD_REQUIRED: 'false',
  }
  const target = await openTestServer({ environment, clock })
  t.teardown(target.close)
  const headers = { host: 'localhost', 'content-type': 'application/json' }
  const client = createClient({
    url: 'http://localhost',
    ...target.app,
    transport: 'json',
    minimumKdfCost: 4,
    now: clock.now,
    fetch: async (url, init) => {
      const { pathname } = new URL(String(url))
      const reply = await target.send({ method: 'POST', url: pathname, headers, payload: String(init?.body) })
      return new Response(reply.body, { status: reply.status })
    },
  })
  return { client, clock, codeTo: (address: string) => readCode(target.send, address) }
}

t.test('a user adds an address, logs in with it, changes it and removes it', async (t) => {
  const { client, clock, codeTo } = await open(t)
  await client.register({ userName: 'amber', password })
  t.same(await client.listAddresses(), [])

  const { flow, resendSeconds } = await client.changeAddress({ kind: 'email', address: email, password })
  t.equal(resendSeconds, 1)
  const code = await codeTo(email)
  const wrong = code === '000000' ? '111111' : '000000'
  await t.rejects(client.confirmAddress({ flow, code: wrong }), { name: 'CODE_WRONG' })
  t.same(await client.listAddresses(), [], 'nothing changes before the code')
  await client.confirmAddress({ flow, code })
  const seconds = Math.floor(clock.now() / 1_000)
  t.same(await client.listAddresses(), [{ kind: 'email', address: email, verifiedAt: seconds }])
  const { user } = await client.login({ login: email, password })
  t.equal(user.userName, 'amber', 'the password opens it')
  await t.rejects(client.changeAddress({ kind: 'email', address: email }), { name: 'PARAMETER_INVALID' })
  await t.rejects(client.changeAddress({ kind: 'email', address: 'amber' }), { name: 'MAIL_INVALID' })

  clock.add(11 * 60_000)
  const next = { kind: 'email', address: 'new@mail.example' } as const
  await t.rejects(client.changeAddress(next), { name: 'FRESH_LOGIN_NEEDED' })
  await t.rejects(client.removeAddress('email'), { name: 'FRESH_LOGIN_NEEDED' })
  const wrongly = { ...next, password: 'battery staple' }
  await t.rejects(client.changeAddress(wrongly), { name: 'OLD_PASSWORD_WRONG' })
  const asked = await client.changeAddress({ ...next, password })
  t.match(asked.flow, /^change-email-/, 'the password confirms it')
  await t.rejects(client.removeAddress('email', { password: 'battery staple' }), {
    name: 'OLD_PASSWORD_WRONG',
  })
  clock.add(2_000)
  await client.login({ login: email, password })
  const changed = await client.changeAddress(next)
  await client.confirmAddress({ flow: changed.flow, code: await codeTo(next.address) })
  t.match(await client.listAddresses(), [{ address: next.address }])
  await t.rejects(client.login({ login: next.address, password }), { name: 'LOGIN_FAILED' })

  await client.login({ login: 'amber', password })
  await t.rejects(client.removeAddress('phone'), { name: 'PARAMETER_INVALID' })
  clock.add(11 * 60_000)
  await client.removeAddress('email', { password })
  t.same(await client.listAddresses(), [])
})

t.test('the last address of an account without a password stays', async (t) => {
  const { client, clock, codeTo } = await open(t)
  const made = await client.registerAddress({ email })
  await client.confirm({ flow: made.flow, code: await codeTo(email) })
  await t.rejects(client.removeAddress('email'), { name: 'LAST_LOGIN' })
  clock.add(2_000)
  const { flow } = await client.sendLoginCode(email)
  await client.confirm({ flow, code: await codeTo(email) })
  t.match(await client.listAddresses(), [{ kind: 'email', address: email }])
})

t.test('a password opens the address and the user name that were registered together', async (t) => {
  const { client, codeTo } = await open(t)
  const { flow } = await client.registerAddress({ email, userName: 'amber', password })
  const { user } = await client.confirm({ flow, code: await codeTo(email) })
  for (const login of [email, 'amber', user.userId]) {
    t.match(await client.login({ login, password }), { user }, login)
  }
})
