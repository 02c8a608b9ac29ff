/** Events of one user that two processes write at once, and what a process that is killed leaves behind. */
import t from 'tap'
import { type Device, randomName, registerUser, type Target, ticketsOf } from '../harness/devices.ts'
import { openEmbedded, openFleet } from './fleet.ts'

t.setTimeout(120_000)

const fleet = await openFleet(t)
const embedded = await openEmbedded(t)
const { a, b } = fleet

type Event = { number: number; kind: string; detail: { login?: string } }
type Listed = { events: Event[]; last: number }

const places: { name: string; one: Target; other: Target; connect(): Promise<Device> }[] = [
  { name: 'two processes', one: a, other: b, connect: () => fleet.connect() },
  { name: 'embedded', one: embedded.target, other: embedded.target, connect: embedded.connect },
]

const count = 20

/** A user with many logins, on one device. */
const openLogins = async (device: Device, target: Target) => {
  const user = await registerUser(device, target)
  const logIn = () => device.call(target, '/v1/login', { ...user.login, n: randomName() })
  const skeys = (await Promise.all(Array.from({ length: count }, logIn))).map((it) => ticketsOf(it).skey)
  const list = async (at: Target, members: Record<string, unknown> = {}) =>
    (await device.call(at, '/v1/event/list', { token: user.skey, ...members })).json as Listed
  return { user, skeys, list, last: (await list(target)).last }
}

for (const { name, one, other, connect } of places)
  t.test(`${name}: a reader meets each event once, in its order`, async (t) => {
    const device = await connect()
    const { skeys, list, last } = await openLogins(device, one)
    const seen: Event[] = []
    const read = async () => {
      while (seen.length < count) {
        const { events } = await list(other, { since: last + seen.length, waitSeconds: 5 })
        if (events.length === 0) return
        seen.push(...events)
      }
    }
    const ends = skeys.map((token, at) => device.call(at % 2 === 0 ? one : other, '/v1/logout', { token }))
    await Promise.all([read(), ...ends])
    t.same(
      seen.map(({ number }) => number),
      Array.from({ length: count }, (_, at) => last + 1 + at),
    )
    t.equal(new Set(seen.map(({ detail }) => detail.login)).size, count)
  })

t.test('a process is killed between an act and its reply: the event is there, once', async (t) => {
  const device = await fleet.connect()
  const dying = await fleet.start(t)
  const { user, skeys, list, last } = await openLogins(device, a)
  const ends = skeys.map((token) => device.call(dying, '/v1/logout', { token }).catch(() => undefined))
  await Promise.race(ends)
  await dying.kill()
  await Promise.all(ends)
  const ended = await fleet.db.write
    .selectFrom('logins')
    .select('loginId')
    .where('userId', '=', Number(user.userId))
    .where('endedAt', 'is not', null)
    .execute()
  t.ok(ended.length > 0, `${ended.length} of ${count} logins have ended`)
  const { events } = await list(b, { since: last })
  t.same(
    events.map(({ detail }) => detail.login).sort(),
    ended.map(({ loginId }) => loginId.toString('hex')).sort(),
  )
  // A repeated call ends what is left, and tells nothing twice.
  for (const token of skeys) await device.call(b, '/v1/logout', { token, n: 2 })
  const all = (await list(a, { since: last })).events
  t.equal(all.length, count)
  t.equal(new Set(all.map(({ detail }) => detail.login)).size, count)
})
