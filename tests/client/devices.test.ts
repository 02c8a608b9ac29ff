/** The verbs of the client about devices and fresh logins. */
import t from 'tap'
import { createClient } from '../../src/client/index.ts'
import { readCode } from '../harness/messages.ts'
import { createTestClock, openTestServer } from '../harness/test-server.ts'

t.setTimeout(60_000)

const password = 'correct horse'
const email = 'amber@mail.example'
const minute = 60_000

t.test('a user names a device, logs out the others, and proves again who is asking', async (t) => {
  const clock = createTestClock(Date.now())
  const environment = { TORII__PASSWORD__COST: '4', TORII__CODES__RESEND_SECONDS: '1' }
  const target = await openTestServer({ environment, clock })
  t.teardown(target.close)
  const headers = { host: 'localhost', 'content-type': 'application/json' }
  const open = () =>
    createClient({
      url: 'http://localhost',
      ...target.app,
      transport: 'json',
      minimumKdfCost: 4,
      now: clock.now,
      fetch: async (url, init) => {
        const { pathname } = new URL(String(url))
        const reply = await target.send({
          method: 'POST',
          url: pathname,
          headers,
          payload: String(init?.body),
        })
        return new Response(reply.body, { status: reply.status })
      },
    })
  const [phone, desk] = [open(), open()]
  const { flow } = await phone.registerAddress({ email, password })
  await phone.confirm({ flow, code: await readCode(target.send, email) })
  // The list is in order of the logins, and the clock stands still.
  clock.add(1_000)
  await desk.login({ login: email, password })
  const [, first] = await phone.devices()
  t.equal(first?.isThis, true)
  t.equal(await desk.renameDevice({ id: first?.id ?? '', name: 'My phone' }), 'My phone')
  t.match(await phone.devices(), [{ isThis: false }, { device: 'My phone', isThis: true }])

  clock.add(10 * minute)
  await t.rejects(phone.revokeDevice('others'), { name: 'FRESH_LOGIN_NEEDED' })
  await t.rejects(phone.reauth({ password: 'wrong horse' }), { name: 'LOGIN_FAILED' })
  await phone.reauth({ password })
  t.equal(await phone.revokeDevice('others'), 1)
  await t.rejects(desk.session(), { name: 'NOT_LOGGED_IN' })

  clock.add(10 * minute)
  const sent = await phone.sendCode({ purpose: 'confirm', address: email })
  await phone.reauth({ flow: sent.flow, code: await readCode(target.send, email) })
  t.equal(await phone.revokeDevice('others'), 0)
  await phone.exchange()
  t.equal((await phone.devices()).length, 1, 'the A2 is that of before')
})
