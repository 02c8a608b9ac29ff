/** The notice by mail of a login on a device that an account has not seen. */
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import { readCode, readMessages } from '../harness/messages.ts'
import { formOf, openWays, openWorld, type Tickets } from './world.ts'

const password = 'correct horse'
const mail = 'ann@good.example'

const open = async (t: Test) => {
  const world = await openWorld(t, {
    TORII__CODES__RESEND_SECONDS: '1',
    TORII__SERVER__PUBLIC_URL: 'https://login.example',
  })
  const { JSON: call } = await openWays(world)
  const sent = await call('/v1/register', {
    regmode: 'email',
    user: { email: mail, userName: 'Ann' },
    password,
  })
  await call('/v1/verify', { flow: sent.flow, code: await readCode(world.send, mail) })
  const notices = async () =>
    (await readMessages(world.send)).filter(({ text }) => text.includes('new-device'))
  const linkIn = (text = '') => /login\.example\/login\/end#([\w.-]+)/.exec(text)?.[1] ?? ''
  const end = async (login: string) => {
    const { status } = await world.request({ url: '/login/end', post: formOf({ login }) })
    return status
  }
  return { ...world, call, notices, linkIn, end }
}

t.test('a login on a new device is told by mail, once for each device', async (t) => {
  const { call, connect, notices, clock } = await open(t)
  const logIn = { login: mail, password }
  t.equal((await call('/v1/login', logIn)).code, codes.LOGGED_IN)
  t.same(await notices(), [], 'the device of the registration')
  const phone = await connect()
  t.equal((await phone.call('/v1/login', { ...logIn, password: 'wrong one' })).json?.code, codes.LOGIN_FAILED)
  t.same(await notices(), [], 'a wrong password tells nothing')
  for (let at = 0; at < 3; at++) {
    clock.add(60_000)
    t.equal((await phone.call('/v1/login', logIn)).json?.code, codes.LOGGED_IN)
  }
  t.equal((await notices()).length, 1)
  const device = { type: 'pc', device: 'Firefox <b>https://evil.example</b>' }
  t.equal((await call('/v1/login', { login: 'Ann', password, device })).code, codes.LOGGED_IN)
  t.equal((await call('/v1/login', { login: 'Ann', password, device })).code, codes.LOGGED_IN)
  const told = await notices()
  t.equal(told.length, 2, 'also by user name')
  const text = told.find((it) => it.text.includes('Firefox'))?.text
  t.match(text, /Firefox b https evil example b/, 'no link and no markup of a stranger')
  t.match(text, /127\.0\.0\.1/)
})

t.test('a login with a code on a new device is told, too', async (t) => {
  const { call, connect, notices, clock, send } = await open(t)
  const phone = await connect()
  clock.add(2_000)
  const sent = await call('/v1/code/send', { purpose: 'login', address: mail })
  const code = await readCode(send, mail)
  t.equal((await phone.call('/v1/login', { flow: sent.flow, code })).json?.code, codes.LOGGED_IN)
  t.equal((await notices()).length, 1)
})

t.test('the link of a notice ends that login, after a click', async (t) => {
  const { call, connect, notices, linkIn, end, request } = await open(t)
  const own = await call('/v1/login', { login: mail, password })
  const phone = await connect()
  const stolen = (await phone.call('/v1/login', { login: mail, password })).json
  const [notice] = await notices()
  const link = linkIn(notice?.text)
  t.match(link, /^[0-9a-f]{32}\.[\w-]{43}$/)
  const isLive = async (tickets: unknown) =>
    (await call('/v1/session', { token: (tickets as Tickets).skey })).code === codes.TICKET_VALID
  for (const method of ['GET', 'HEAD']) {
    t.equal((await request({ url: '/login/end', method })).status, 200, 'a scanner ends nothing')
  }
  const other = (from: string) => (from === '0' ? '1' : '0')
  const otherLogin = link.replace(/^./, other)
  const otherProof = link.replace(/(?<=\.)./, other)
  for (const wrong of ['', 'x', otherLogin, otherProof, link.split('.')[0] ?? '']) {
    t.equal(await end(wrong), 400, `refuses ${wrong}`)
  }
  t.equal(await isLive(stolen?.tickets), true)
  t.equal(await end(link), 200)
  t.equal(await isLive(stolen?.tickets), false)
  t.equal(await isLive(own.tickets), true, 'no other login ends')
  t.equal(await end(link), 200, 'again: nothing more')
})

t.test('a thief with many devices does not fill the mailbox', async (t) => {
  const { call, notices } = await open(t)
  for (let at = 0; at < 13; at++) {
    const reply = await call('/v1/login', { login: mail, password, device: { device: `device ${at}` } })
    t.equal(reply.code, codes.LOGGED_IN)
  }
  t.equal((await notices()).length, 10)
})

t.test('an account without an e-mail address logs in on new devices without a notice', async (t) => {
  const { call, connect, notices } = await open(t)
  await call('/v1/register', { regmode: 'anonymous', user: { userName: 'Amber' }, password })
  const phone = await connect()
  t.equal((await phone.call('/v1/login', { login: 'Amber', password })).json?.code, codes.LOGGED_IN)
  t.same(await notices(), [])
})
