/** What a user sees of the devices that the account is logged in on, and does to them. */
import t, { type Test } from 'tap'
import { codes } from '../../harness/codes.ts'
import { readCode, readMessages } from '../../harness/messages.ts'
import type { Environment } from '../../harness/test-server.ts'
import { type Answer, openWays, openWorld, type Tickets, writeLists } from '../../http/world.ts'

const password = 'pass word'
const mail = 'maple@good.example'
const minute = 60_000

type Device = Record<'id' | 'app' | 'type' | 'os' | 'osver' | 'device' | 'network', string> & {
  authenticatedAt: number
  lastSeenAt: number
  isThis: boolean
}

const open = async (t: Test, environment: Environment = {}) => {
  const world = await openWorld(t, environment)
  const { JSON: call } = await openWays(world)
  const { flow } = await call('/v1/register', {
    regmode: 'email',
    user: { email: mail, userName: 'maple' },
    password,
  })
  const device = { type: 'pc', os: 'Debian', device: 'Desk', osver: '13' }
  const code = await readCode(world.send, mail)
  const { tickets } = await call('/v1/verify', { flow, code, device })
  let count = 0
  const logIn = async (type: string, name: string) => {
    const device = { type, device: name, osver: '17.1 <b>see evil.example' }
    const reply = await call('/v1/login', { login: 'maple', password, device, rid: String(++count) })
    t.equal(reply.code, codes.LOGGED_IN)
    return (reply.tickets as Tickets).skey
  }
  const list = async (token: string) => (await call('/v1/device/list', { token })).devices as Device[]
  const isLive = async (token: string) => (await call('/v1/session', { token })).code === codes.TICKET_VALID
  const notices = async () =>
    (await readMessages(world.send)).filter(({ text }) => text.includes('logged-out'))
  return { ...world, call, token: (tickets as Tickets).skey, logIn, list, isLive, notices }
}

t.test('a user sees where the account is logged in', async (t) => {
  const { clock, token, logIn, list } = await open(t)
  const start = Math.floor(clock.now() / 1_000)
  clock.add(minute)
  const phone = await logIn('phone', '<a href="https://evil.example">Call 555</a>')
  const [second, first, ...others] = await list(token)
  t.same(others, [])
  t.match(first, {
    type: 'pc',
    os: 'Debian',
    osver: '13',
    device: 'Desk',
    network: '127.0.0.0/24',
    authenticatedAt: start,
    isThis: true,
  })
  t.ok(first?.app, 'the name of the app')
  t.match(second, { type: 'phone', device: /^a href https evil example Call 555 a$/, isThis: false })
  t.equal(second?.osver, '17.1 b see evil example', 'no markup and no link in a version')
  t.match(await list(phone), [{ isThis: true }, { isThis: false }])
})

t.test('when a device was seen is known within an hour', async (t) => {
  const { clock, token, list, call, server } = await open(t)
  const seen = async () => {
    await server.flush()
    return (await list(token))[0]?.lastSeenAt
  }
  const start = Math.floor(clock.now() / 1_000)
  await call('/v1/session', { token })
  t.equal(await seen(), start)
  for (let at = 0; at < 4; at++) {
    clock.add(40 * minute)
    await call('/v1/session', { token })
  }
  const last = Number(await seen())
  const now = Math.floor(clock.now() / 1_000)
  t.ok(last > now - 3_600 && last <= now, `${now - last} s ago`)
})

t.test('a device has the name that its user gives it, also at its next login', async (t) => {
  const world = await open(t, { TORII__WORDS__FOLDER: await writeLists({ deny: ['badword'] }) })
  const phone = await world.connect()
  const logIn = async (rid: string) => {
    const { json } = await phone.call('/v1/login', { login: 'maple', password, rid })
    return ((json as Answer).tickets as Tickets).skey
  }
  const token = await logIn('1')
  const mine = (await world.list(token)).find(({ isThis }) => isThis)
  const { call } = world
  const asPhone = async (members: Record<string, unknown>) =>
    (await phone.call('/v1/device/rename', { token, rename: mine?.id, ...members })).json as Answer
  t.match(await asPhone({ name: '  Anna’s https://phone  ' }), {
    code: codes.OK,
    device: 'Anna’s https phone',
  })
  t.match(await asPhone({ name: 'a badword' }), { code: codes.WORD_FORBIDDEN })
  t.match(await asPhone({ name: '://' }), { code: codes.TEXT_CHARACTERS })
  const elsewhere = { token: world.token, rename: 'f'.repeat(32), name: 'x' }
  t.match(await call('/v1/device/rename', elsewhere), { code: codes.DEVICE_UNKNOWN })
  await phone.call('/v1/logout', { token })
  const again = (await world.list(await logIn('2'))).find(({ isThis }) => isThis)
  t.equal(again?.device, 'Anna’s https phone')
})

t.test('one device, or all others, are logged out, and the owner is told by mail', async (t) => {
  const { call, token, logIn, list, isLive, notices, clock } = await open(t)
  const [phone, pad, web] = [await logIn('phone', 'P'), await logIn('pad', 'T'), await logIn('web', 'W')]
  const idOf = async (type: string) => (await list(token)).find((it) => it.type === type)?.id
  t.match(await call('/v1/device/revoke', { token, revoke: await idOf('phone') }), {
    code: codes.OK,
    ended: 1,
  })
  t.match(await call('/v1/session', { token: phone }), { code: codes.TICKET_ENDED, reason: 'logged-out' })
  t.match([await isLive(pad), await isLive(web), await isLive(token)], [true, true, true])
  t.match(await call('/v1/device/revoke', { token, revoke: 'others' }), { code: codes.OK, ended: 2 })
  t.match([await isLive(pad), await isLive(web), await isLive(token)], [false, false, true])
  t.equal((await notices()).length, 2)
  t.match((await notices())[0]?.text, /127\.0\.0\.1/)
  t.match(await call('/v1/device/revoke', { token, revoke: 'others', rid: '2' }), {
    code: codes.OK,
    ended: 0,
  })
  t.equal((await notices()).length, 2, 'nothing ended, nothing is told')

  clock.add(10 * minute)
  t.match(
    await call('/v1/device/revoke', { token, revoke: 'others', rid: '3' }),
    { code: codes.FRESH_LOGIN_NEEDED },
    'a thief with an old ticket logs no device out',
  )
})

t.test('the devices of another user are unknown', async (t) => {
  const { call, token, list, isLive } = await open(t)
  const other = await call('/v1/register', { regmode: 'anonymous', user: { userName: 'willow' }, password })
  const theirs = (other.tickets as Tickets).skey
  const [device] = await list(theirs)
  for (const revoke of [device?.id, '0'.repeat(32)])
    t.match(await call('/v1/device/revoke', { token, revoke }), { code: codes.DEVICE_UNKNOWN })
  t.match(await call('/v1/device/rename', { token, rename: device?.id, name: 'mine' }), {
    code: codes.DEVICE_UNKNOWN,
  })
  t.ok(await isLive(theirs))
  t.equal((await list(theirs))[0]?.device, '')
})
