/** Which events what users do leaves behind, and what they say. */
import t from 'tap'
import { codes } from '../../harness/codes.ts'
import { clientHashOf, createDevice, registerUser } from '../../harness/devices.ts'
import { engines, openEvents } from './world.ts'

t.setTimeout(120_000)

type Listed = { code: number; events: { kind: string; detail: object }[]; last: number }

/** The login that a ticket names. */
const loginIdOf = (skey: string) => Buffer.from(skey.slice(3), 'base64url').subarray(0, 16).toString('hex')

for (const [engine, environment] of engines) {
  t.test(`${engine}: logins, devices and secrets are told`, async (t) => {
    const world = await openEvents(t, await environment(t))
    const { clock, rowsOf } = world
    const device = createDevice((await world.connect()).device, clock.now)
    const other = createDevice((await world.connect()).device, clock.now)
    const user = await registerUser(device, world)
    const userId = Number(user.userId)
    const eventsOf = async () =>
      (await rowsOf(userId)).map(({ kind, detail, appId }) => ({ kind, detail: JSON.parse(detail), appId }))
    const { appId } = world.app
    const logIn = async (from: typeof device) => {
      const members = {
        ...user.login,
        n: String(Math.random()),
        device: { type: 'phone', device: 'My <phone>' },
      }
      const { json } = await from.call(world, '/v1/login', members)
      return (json.tickets as { skey: string }).skey
    }
    t.same(await eventsOf(), [{ kind: 'user.registered', detail: {}, appId }])

    await logIn(device)
    t.equal((await eventsOf()).length, 1, 'a login on the same device is not told')
    const second = await logIn(other)
    const login = loginIdOf(second)
    t.match((await eventsOf()).at(-1), {
      kind: 'login.new-device',
      detail: { login, deviceType: 'phone' },
      appId,
    })
    t.notMatch(
      JSON.stringify(await eventsOf()),
      /[<>]|sk_|a2_/,
      'nothing that a page would take for markup, no ticket',
    )

    await other.call(world, '/v1/logout', { token: second })
    t.match((await eventsOf()).at(-1), { kind: 'login.ended', detail: { login, reason: 'logged-out' } })
    const count = (await eventsOf()).length
    await other.call(world, '/v1/logout', { token: second, n: 2 })
    t.equal((await eventsOf()).length, count, 'a login ends once')

    await logIn(other)
    const revoke = { token: user.skey, revoke: 'others' }
    t.match(await device.call(world, '/v1/device/revoke', revoke), { code: codes.OK })
    const { kind, detail } = (await eventsOf()).at(-1) as { kind: string; detail: { logins: string[] } }
    t.match({ kind, detail }, { kind: 'login.ended', detail: { reason: 'logged-out' } })
    t.equal(detail.logins.length, 2, 'one event for all that ended')

    const { json } = await device.call(world, '/v1/prelogin', { login: user.userName })
    const hashes = [{ salt: json.salt, clientHash: clientHashOf('another one') }]
    const change = { token: user.skey, salt: json.salt, clientHash: user.login.clientHash, hashes }
    const changed = await device.call(world, '/v1/password/change', change)
    t.match(String(changed.code), /^1/, changed.body)
    t.match((await eventsOf()).slice(-2), [
      { kind: 'login.ended', detail: { everywhere: true, reason: 'password-changed' } },
      { kind: 'user.changed', detail: { members: ['password'] }, appId },
    ])
  })

  t.test(`${engine}: a call that waits is refused when its login ends`, async (t) => {
    const world = await openEvents(t, await environment(t))
    const { clock, callJson } = world
    const device = createDevice((await world.connect()).device, clock.now)
    const user = await registerUser(device, world)
    const logIn = async () => {
      const { json } = await device.call(world, '/v1/login', { ...user.login, n: String(Math.random()) })
      return (json.tickets as { skey: string }).skey
    }
    const list = async (token: string, members: object) =>
      (await callJson('/v1/event/list', { token, ...members })).json as Listed
    const ends: [name: string, everywhere: boolean][] = [
      ['this login', false],
      ['all logins', true],
    ]
    for (const [name, everywhere] of ends) {
      const token = await logIn()
      const stays = await logIn()
      const { last } = await list(token, {})
      const waiting = list(token, { since: last, waitSeconds: 25 })
      const other = list(stays, { since: last, waitSeconds: 25 })
      await world.untilWaiting(2)
      await callJson('/v1/logout', { token, ...(everywhere && { everywhere }) })
      const refused = { code: codes.NOT_LOGGED_IN, reason: 'logged-out' }
      t.match(await waiting, refused, name)
      t.match(await other, everywhere ? refused : { code: codes.OK, events: [{ kind: 'login.ended' }] })
    }
    const token = await logIn()
    const { last } = await list(token, {})
    const waiting = list(token, { since: last, waitSeconds: 25 })
    await world.untilWaiting(1)
    await world.admin.accounts.disable(user.userName, 'test')
    t.match(await waiting, { code: codes.NOT_LOGGED_IN, reason: 'disabled' })
  })
}
