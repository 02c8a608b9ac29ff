/** An old chat client, written from protocol.md alone: it registers, logs in and changes its address by codes. */
import t, { type Test } from 'tap'
import { readCode } from '../harness/messages.ts'
import { openTestServer, raisedLimits, until } from '../harness/test-server.ts'
import { jsonLine, post, postTotp, provision } from './client.ts'
import { suites1 } from './exchange.ts'
import { exchange1, helloOn1 } from './frames.ts'
import { jsonOps, protobufOps, type SendOp } from './user-ops.ts'

const op = { register: 1, setUserInfo: 5, verify: 6, login: 7, logout: 8 } as const
const password = 'correct horse'

const openWorld = async (t: Test) => {
  const world = await openTestServer({
    environment: {
      ...raisedLimits(),
      TORII__PASSWORD__COST: '4',
      TORII__CODES__RESEND_SECONDS: '1',
      TORII__CODES__PER_HOUR: '1000',
      TORII__CODES__PER_DAY: '1000',
      TORII__CAPTCHA__DEMAND: '[]',
    },
  })
  t.teardown(world.close)
  await world.server.http.listen({ host: '127.0.0.1', port: 0 })
  const address = world.server.http.server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}`
  const app = { appId: world.app.appId, appSecret: world.app.appSecret }
  const device = await provision(url, app)
  const json = jsonLine(url, app)
  const byBody = async (path: string, frame: Buffer) =>
    (await post(url + path, 'application/x-protobuf', Uint8Array.from(frame))).body
  const byTotp = async (path: string, frame: Buffer) => {
    const { plain, body } = await postTotp(url + path, device, frame)
    if (!plain) throw new Error(`not opened: ${body}`)
    return plain
  }
  const forms: Record<string, SendOp> = {
    JSON: jsonOps(json),
    'a body of protobuf': protobufOps(byBody, app),
    'protobuf in t/j': protobufOps(byTotp),
  }
  return { json, forms, codeOf: (to: string) => readCode(world.send, to) }
}

t.test('an old client registers, comes back and changes its address', async (t) => {
  const { json, forms, codeOf } = await openWorld(t)
  let count = 0
  for (const [form, send] of Object.entries(forms)) {
    const suite = suites1[count % 2] ?? 'AES-CTR'
    const email = `amber-${++count}@example.com`
    const key = await exchange1(json, suite)
    const user = { email, nickName: 'Amber' }
    const params = { regmode: 'Email' }
    const mistyped = await send({
      operation: op.register,
      user: { email: 'amber' },
      secrets: { pwd: password },
      params,
    })
    t.match(mistyped, { code: 2020201, error: { number: 19, name: 'ErrTEmail' } }, `${form}: no address`)
    const waiting = await send({ operation: op.register, user, secrets: { pwd: password }, params })
    t.match(waiting, { code: 1020001, operation: op.register, status: 'waitcode', users: [user] }, form)
    t.match(waiting.params, { status: 'waitcode', resendSeconds: '1', expiresSeconds: '600' })
    const { flow = '' } = waiting.params
    const wrong = await send({ operation: op.verify, params: { flow, code: '00000' } }, key)
    t.match(wrong, { code: 2020600, error: { number: 5, name: 'ErrTWrongCode' } }, `${form}: a wrong code`)

    const code = await codeOf(email)
    const made = await send({ operation: op.verify, params: { flow, code } }, key)
    t.match(made, { code: 1020000, operation: op.register, status: 'loginok', skey: /^sk_/ }, form)
    const { userId = '' } = made.users[0] ?? {}
    t.match(made.users[0], { userId: /^\d+$/, nickName: 'Amber' })
    const resumed = await helloOn1(json, key)
    t.match(resumed.body, { hello: { stage: 'waitdata' }, user: { userId } }, `${form}: logged in on the key`)

    const out = await send({ operation: op.logout, token: made.skey })
    t.match(out, { code: 1020103, operation: op.logout, status: 'logout' }, form)
    t.match((await helloOn1(json, key)).body, { hello: { stage: 'needlogin' } }, `${form}: logged out`)

    const asked = await until('a second has passed since the last code', async () => {
      const reply = await send({ operation: op.login, user: { email }, params: { loginmode: 'email' } })
      return reply.code === 2020601 ? undefined : reply
    })
    t.match(asked, { code: 1000000, operation: op.login, status: 'waitcode', users: [{ email }] }, form)
    const loginFlow = asked.params.flow ?? ''
    const given = { flow: loginFlow, code: await codeOf(email) }
    const back = await send({ operation: op.verify, params: given }, key)
    t.match(back, { code: 1020100, operation: op.login, status: 'loginok', users: [{ userId }] }, form)
    t.match((await helloOn1(json, key)).body, { hello: { stage: 'waitdata' } }, `${form}: by a code`)

    const byId = await send({ operation: op.login, user: { userId }, secrets: { pwd: password } }, key)
    t.match(byId, { code: 1020100, status: 'loginok', users: [{ userId }], a2: /^a2_/ }, `${form}: by number`)
    const no = await send({ operation: op.login, user: { userId }, secrets: { pwd: 'wrong' } })
    t.match(no, { code: 2040204, error: { number: 4, name: 'ErrTWrongPwd' } }, `${form}: a wrong password`)

    const newMail = `onyx-${count}@example.com`
    const change = { operation: op.setUserInfo, params: { email: newMail } }
    t.match(await send(change), { code: 2040400, error: { number: 15, name: 'ErrTNotLogin' } }, form)
    const both = { email: newMail, phone: '+8613800138000' }
    t.match(await send({ ...change, params: both, token: byId.skey }), { code: 2000102 }, form)
    t.match(
      await send({ ...change, params: { nickname: 'Onyx' }, token: byId.skey }),
      { code: 1000000, status: 'ok' },
      form,
    )
    const changing = await send({ ...change, token: byId.skey })
    t.match(changing, { code: 1000000, operation: op.setUserInfo, status: 'waitcode' }, form)
    const ofChange = { flow: changing.params.flow ?? '', code: await codeOf(newMail) }
    const changed = await send({ operation: op.verify, params: ofChange, token: byId.skey })
    t.match(changed, { code: 1000000, operation: op.setUserInfo, status: 'ok' }, form)
    const oldMail = await send({
      operation: op.login,
      user: { email },
      secrets: { pwd: password },
      params: { loginmode: 'email' },
    })
    t.match(oldMail, { code: 2040204 }, `${form}: the old address opens nothing`)
    t.match(await send({ operation: 9 }), { code: 2000104, error: { number: 14 } }, `${form}: not served`)
  }
})
