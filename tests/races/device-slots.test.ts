/** Device slots: logins that race for the last slot never make more than the limit, and each pushed-out one has ended. */
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import { countCodes, type Device, randomName, registerUser, type Target } from '../harness/devices.ts'
import { until } from '../harness/test-server.ts'
import { openEmbedded, openFleet } from './fleet.ts'

t.setTimeout(240_000)

const most = 3
const slots = { TORII__DEVICES__SLOTS__ALL: String(most) }
const racers = 24

type Place = { one: Target; other: Target; connect(): Promise<Device> }

const openPlaces = async (t: Test, policy: string): Promise<Record<string, Place>> => {
  const environment = { ...slots, TORII__DEVICES__POLICY: policy }
  const fleet = await openFleet(t, environment)
  const embedded = await openEmbedded(t, environment)
  return {
    'two processes on MariaDB': { one: fleet.a, other: fleet.b, connect: () => fleet.connect() },
    SQLite: { one: embedded.target, other: embedded.target, connect: embedded.connect },
  }
}

/** Each login is another device: without a `t`, as browsers log in. */
const raceOf = async ({ one, other, connect }: Place, policy: string) => {
  const device = await connect()
  const user = await registerUser(device, one)
  const devices = await Promise.all(Array.from({ length: racers }, connect))
  const replies = await Promise.all(
    devices.map((each, at) =>
      each.call(at % 2 ? one : other, '/v1/login', { ...user.login, n: randomName() }),
    ),
  )
  const tickets = [
    user.skey,
    ...replies.map(({ json }) => (json.tickets as { skey: string } | undefined)?.skey),
  ]
  const sessions = await Promise.all(
    tickets
      .filter((token) => token !== undefined)
      .map((token, at) => device.call(at % 2 ? one : other, '/v1/session', { token, n: randomName() })),
  )
  const live = sessions.filter(({ code }) => code === codes.TICKET_VALID).length
  const reasons = new Set(
    sessions.filter(({ code }) => code === codes.TICKET_ENDED).map(({ json }) => json.reason),
  )
  const pushedOut = replies.flatMap(
    ({ json }) => (json.logouts ?? (json.logout ? [json.logout] : [])) as object[],
  )
  return { policy, live, reasons, pushedOut: pushedOut.length, counts: countCodes(replies) }
}

t.test('logins that replace the oldest', async (t) => {
  for (const [name, place] of Object.entries(await openPlaces(t, 'replace-oldest'))) {
    const { live, reasons, pushedOut, counts } = await raceOf(place, name)
    t.same(counts, { [codes.LOGGED_IN]: racers }, `${name}: each logs in`)
    t.equal(live, most, `${name}: so many are left`)
    t.same(reasons, new Set(['replaced']), name)
    t.equal(pushedOut, racers + 1 - most, `${name}: each that ended is in one reply`)
  }
})

t.test('logins that are refused', async (t) => {
  for (const [name, place] of Object.entries(await openPlaces(t, 'refuse'))) {
    const { live, reasons, counts } = await raceOf(place, name)
    const [free, refused] = [most - 1, racers + 1 - most]
    t.same(counts, { [codes.LOGGED_IN]: free, [codes.NO_DEVICE_SLOT]: refused }, name)
    t.equal(live, most, name)
    t.same(reasons, new Set(), `${name}: none ended`)
  }
})

t.test('what an administrator ends, ends in every process', async (t) => {
  const fleet = await openFleet(t)
  const device = await fleet.connect()
  const user = await registerUser(device, fleet.a)
  const { json } = await device.call(fleet.b, '/v1/login', { ...user.login, n: randomName() })
  const { skey } = json.tickets as { skey: string }
  const isLive = async (target: Target, token: string) =>
    (await device.call(target, '/v1/session', { token, n: randomName() })).code === codes.TICKET_VALID
  const logins = async () => (await fleet.admin.accounts.logins(user.userId)).logins
  const [newest] = await logins()
  await fleet.admin.accounts.logout(user.userId, newest?.login)
  for (const target of [fleet.a, fleet.b])
    await until('the login has ended', async () => !(await isLive(target, skey)))
  t.ok(await isLive(fleet.b, user.skey), 'the other goes on')
  t.equal((await logins()).length, 1)
  await fleet.admin.accounts.logout(user.userId)
  for (const target of [fleet.a, fleet.b])
    await until('all logins have ended', async () => !(await isLive(target, user.skey)))
})

t.test('an administrator lowers the slots of one user, in a running fleet', async (t) => {
  const fleet = await openFleet(t)
  const user = await registerUser(await fleet.connect(), fleet.a)
  const [first, second] = [await fleet.connect(), await fleet.connect()]
  await first.call(fleet.a, '/v1/login', { ...user.login, n: randomName() })
  await fleet.admin.accounts.setDeviceSlots(user.userId, 'all=1')
  const { json } = await second.call(fleet.b, '/v1/login', { ...user.login, n: randomName() })
  t.match(json, { code: codes.LOGGED_IN, logouts: { length: 2 } })
  t.equal((await fleet.admin.accounts.logins(user.userId)).logins.length, 1)
})
