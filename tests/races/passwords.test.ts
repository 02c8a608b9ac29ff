/** New passwords against each other, and against logins by the old one: with two processes, and on SQLite. */
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import {
  clientHashOf,
  countCodes,
  type Device,
  type Reply,
  registerUser,
  type Target,
  ticketsOf,
} from '../harness/devices.ts'
import { openEmbedded, openFleet } from './fleet.ts'

t.setTimeout(180_000)

type Place = { targets: readonly [Target, Target]; connect(): Promise<Device> }

const openPlaces = async (t: Test): Promise<Record<string, Place>> => {
  const fleet = await openFleet(t)
  const embedded = await openEmbedded(t)
  return {
    'MariaDB and Redis, two processes': { targets: [fleet.a, fleet.b], connect: () => fleet.connect() },
    SQLite: { targets: [embedded.target, embedded.target], connect: embedded.connect },
  }
}

const places = await openPlaces(t)
const rounds = 8

const openUser = async ({ targets, connect }: Place) => {
  const [target] = targets
  const device = await connect()
  const user = await registerUser(device, target)
  const { json } = await device.call(target, '/v1/prelogin', { login: user.userName })
  const logIn = (at: Target, clientHash: string) =>
    device.call(at, '/v1/login', {
      login: user.userName,
      clientHash,
      rid: clientHash.slice(0, 8) + Math.random(),
    })
  const change = (at: Target, token: string, password: string) => {
    const hashes = [{ salt: json.salt, clientHash: clientHashOf(password) }]
    const old = { salt: json.salt, clientHash: user.login.clientHash }
    return device.call(at, '/v1/password/change', { token, ...old, hashes })
  }
  const isLive = async (skey: string) =>
    (await device.call(target, '/v1/session', { token: skey })).code === codes.TICKET_VALID
  return { user, device, logIn, change, isLive }
}

for (const [name, place] of Object.entries(places)) {
  const [a, b] = place.targets
  t.test(`of two changes at once one counts, and ends the login of the other: ${name}`, async (t) => {
    for (let round = 0; round < rounds; round++) {
      const { user, logIn, change, isLive } = await openUser(place)
      const second = ticketsOf(await logIn(b, user.login.clientHash))
      const replies = await Promise.all([
        change(a, user.skey, 'first one'),
        change(b, second.skey, 'second one'),
      ])
      const won = replies.filter(({ code }) => code === codes.OK)
      t.equal(won.length, 1, JSON.stringify(countCodes(replies)))
      const lost = replies.find(({ code }) => code !== codes.OK)
      t.ok(lost && [codes.NOT_LOGGED_IN, codes.OLD_PASSWORD_WRONG].includes(lost.code), String(lost?.code))
      const opened = await Promise.all(
        ['first one', 'second one'].map(async (it) => (await logIn(a, clientHashOf(it))).code),
      )
      t.same(
        opened,
        replies.map(({ code }) => (code === codes.OK ? codes.LOGGED_IN : codes.LOGIN_FAILED)),
        'the password of the one that was told so',
      )
      t.equal((await logIn(b, user.login.clientHash)).code, codes.LOGIN_FAILED, 'the old one is gone')
      t.notOk(await isLive(user.skey))
      t.notOk(await isLive(second.skey))
      t.ok(won[0] && (await isLive(ticketsOf(won[0]).skey)))
    }
  })

  t.test(`no login by the old password lives after a change: ${name}`, async (t) => {
    for (let round = 0; round < rounds; round++) {
      const { user, logIn, change, isLive } = await openUser(place)
      const both: [Promise<Reply>, ...Promise<Reply>[]] = [
        change(a, user.skey, 'the new one'),
        ...[a, b, a, b].map((at) => logIn(at, user.login.clientHash)),
      ]
      const [changed, ...logins] = await Promise.all(both)
      t.equal(changed?.code, codes.OK)
      for (const login of logins) {
        if (login.code !== codes.LOGGED_IN) continue
        t.notOk(await isLive(ticketsOf(login).skey), 'ended with the old password')
      }
      t.equal((await logIn(a, clientHashOf('the new one'))).code, codes.LOGGED_IN)
    }
  })
}
