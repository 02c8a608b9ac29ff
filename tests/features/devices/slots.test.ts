/** Device slots: how many devices a user may be logged in on, and what a login does that finds none free. */
import t, { type Test } from 'tap'
import { createDeviceSlots, kindOf } from '../../../src/features/devices/slots.ts'
import type { LiveLogin } from '../../../src/features/tickets/api.ts'
import { Failure } from '../../../src/protocol/errors.ts'
import { codes } from '../../harness/codes.ts'
import type { Environment } from '../../harness/test-server.ts'
import { type Answer, openWays, openWorld, register, type Tickets } from '../../http/world.ts'

const none = { all: 0, phone: 0, pad: 0, pc: 0, web: 0, tv: 0, watch: 0, other: 0 }
const loginOf = (number: number, deviceType: string): LiveLogin => ({
  loginId: Buffer.alloc(16, number),
  appId: 'app',
  deviceId: null,
  deviceType,
  deviceName: `device ${number}`,
  givenName: null,
  os: '',
  osver: '',
  authenticatedAt: number * 1_000,
})
const live = ['phone', 'web', 'phone', 'Tablet'].map((type, at) => loginOf(at + 1, type))

t.test('the oldest devices give way: of the kind first, then of all', async (t) => {
  const rows: [slots: string, coming: string, ends: number[]][] = [
    ['all=5', 'phone', []],
    ['all=4', 'phone', [1]],
    ['all=2', 'tv', [1, 2, 3]],
    ['phone=2', 'web', []],
    ['phone=2', 'Mobile', [1]],
    ['phone=1', 'phone', [1, 3]],
    ['all=4,phone=1', 'phone', [1, 3]],
    ['all=3,web=1', 'web', [1, 2]],
    ['pad=1', 'tablet', [4]],
    ['other=1', 'toaster', []],
    ['all=0', 'phone', []],
  ]
  const slots = createDeviceSlots({ slots: none, policy: 'replace-oldest', groups: [] })
  for (const [text, deviceType, ends] of rows) {
    const rule = slots.find(text)
    const chosen = rule ? slots.choose(rule, { live, deviceType, giveUp: [] }) : []
    t.same(
      chosen.map(({ loginId }) => loginId[0]),
      ends,
      `${text}, ${deviceType}`,
    )
  }
  t.equal(kindOf(''), 'other')
})

t.test('an account has the slots of its group, of its own, or of the configuration', async (t) => {
  const groups = [{ name: 'family', slots: { ...none, all: 6 }, policy: 'ask' as const }]
  const slots = createDeviceSlots({ slots: { ...none, all: 3 }, policy: 'refuse', groups })
  t.match(slots.find(null), { slots: { all: 3 }, policy: 'refuse' })
  t.match(slots.find('family'), { slots: { all: 6 }, policy: 'ask' })
  t.match(slots.find('gone'), { slots: { all: 3 } }, 'a group that is not configured any more')
  t.match(slots.find('phone=1, policy=ask'), { slots: { phone: 1 }, policy: 'ask' })
  t.equal(slots.find('all=0'), undefined, 'no limit')
  for (const text of ['gone', 'all=-1', 'all=1001', 'all', 'cars=1', 'policy=none', ''])
    t.equal(slots.isKnown(text), false, text)
})

const open = async (t: Test, environment: Environment) => {
  const world = await openWorld(t, environment)
  const { JSON: call } = await openWays(world)
  const { tickets } = await register(call, 'maple')
  let count = 0
  return {
    world,
    call,
    first: tickets as Tickets,
    logIn: (type: string, more: Record<string, unknown> = {}) => {
      world.clock.add(1_000)
      const device = { type, os: 'System', device: `My ${type}`, osver: '7' }
      return call('/v1/login', {
        login: 'maple',
        password: 'pass word',
        device,
        rid: String(++count),
        ...more,
      })
    },
    session: (token: string) => call('/v1/session', { token }),
  }
}
const skeyOf = ({ tickets }: Answer) => (tickets as Tickets).skey

t.test('the newcomer learns which device it has pushed out, and that device learns it too', async (t) => {
  const { world, logIn, session, first } = await open(t, { TORII__DEVICES__SLOTS__ALL: '2' })
  const phone = await logIn('phone')
  t.notOk(phone.logout, 'a free slot')
  const pad = await logIn('pad')
  t.match(pad.logout, { type: '', device: '', at: Math.floor(world.clock.now() / 1_000) - 2 })
  t.match(await session(first.skey), { code: codes.TICKET_ENDED, reason: 'replaced' })
  t.match(await session(first.a2), { code: codes.TICKET_ENDED, reason: 'replaced' })
  const web = await logIn('web')
  t.same(web.logout, {
    type: 'phone',
    os: 'System',
    device: 'My phone',
    osver: '7',
    at: Math.floor(world.clock.now() / 1_000) - 2,
  })
  t.notOk(web.logouts, 'one')
  t.match(await session(skeyOf(pad)), { code: codes.TICKET_VALID })
  await world.server.db.write.updateTable('accounts').set({ deviceSlots: 'all=1' }).execute()
  const several = await logIn('pc')
  t.match(several, { logout: { type: 'web' }, logouts: [{ type: 'web' }, { type: 'pad' }] })
})

t.test('a wrong password pushes no device out', async (t) => {
  const { logIn, session, first } = await open(t, { TORII__DEVICES__SLOTS__ALL: '1' })
  t.match(await logIn('phone', { password: 'guess' }), { code: codes.LOGIN_FAILED })
  t.match(await session(first.skey), { code: codes.TICKET_VALID })
})

t.test('a device that logs in again takes its own slot', async (t) => {
  const world = await openWorld(t, { TORII__DEVICES__SLOTS__ALL: '1', TORII__DEVICES__POLICY: 'refuse' })
  const { JSON: json, 't and j by POST': call } = await openWays(world)
  const { tickets } = await register(call, 'maple')
  const again = await call('/v1/login', { login: 'maple', password: 'pass word' })
  t.match(again, { code: codes.LOGGED_IN })
  t.notOk(again.logout)
  t.match(await call('/v1/session', { token: (tickets as Tickets).skey }), { reason: 'replaced' })
  const elsewhere = await json('/v1/login', { login: 'maple', password: 'pass word' })
  t.match(elsewhere, { code: codes.NO_DEVICE_SLOT, policy: 'refuse', devices: { length: 1 } })
  t.match(await call('/v1/session', { token: skeyOf(again) }), { code: codes.TICKET_VALID }, 'it stays')
  await call('/v1/logout', { token: skeyOf(again) })
  t.match(
    await json('/v1/login', { login: 'maple', password: 'pass word', rid: '2' }),
    { code: codes.LOGGED_IN },
    'once the device has logged out',
  )
})

t.test('the user chooses which login to give up', async (t) => {
  const { logIn, session, first } = await open(t, {
    TORII__DEVICES__SLOTS__ALL: '3',
    TORII__DEVICES__SLOTS__PHONE: '1',
    TORII__DEVICES__POLICY: 'ask',
  })
  const phone = await logIn('phone')
  const web = await logIn('web')
  const asked = await logIn('phone', { giveUp: ['0'.repeat(32)] })
  t.match(asked, { code: codes.NO_DEVICE_SLOT, policy: 'ask' })
  const [only, ...others] = asked.devices as { id: string; type: string; device: string }[]
  t.match(only, { type: 'phone', device: 'My phone', os: 'System', osver: '7' }, 'the one that has the slot')
  t.same(others, [])
  for (const token of [first.skey, skeyOf(phone), skeyOf(web)])
    t.match(await session(token), { code: codes.TICKET_VALID }, 'a question ends nothing')
  const second = await logIn('phone', { giveUp: [only?.id] })
  t.match(second, { code: codes.LOGGED_IN, logout: { type: 'phone' } })
  t.match(await session(skeyOf(phone)), { code: codes.TICKET_ENDED, reason: 'replaced' })
  t.match(await session(skeyOf(web)), { code: codes.TICKET_VALID })
  const all = await logIn('pc')
  t.match(all, { code: codes.NO_DEVICE_SLOT, devices: { length: 3 } }, 'no slot at all')
})

t.test('choose throws only its own refusal', async (t) => {
  const slots = createDeviceSlots({ slots: { ...none, phone: 1 }, policy: 'refuse', groups: [] })
  const rule = slots.find(null)
  if (!rule) throw new Error('there is a limit')
  t.throws(() => slots.choose(rule, { live, deviceType: 'phone', giveUp: [] }), new Failure('NO_DEVICE_SLOT'))
})
