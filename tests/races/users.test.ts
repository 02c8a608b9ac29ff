/** Changes of profiles and names through two processes at once. */
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import {
  clientHashOf,
  countCodes,
  createDevice,
  type Device,
  randomName,
  registerUser,
  registration,
  type Target,
  type User,
} from '../harness/devices.ts'
import { until } from '../harness/test-server.ts'
import { lockRow, openFleet } from './fleet.ts'

t.setTimeout(240_000)

const open = async (t: Test) => {
  const fleet = await openFleet(t)
  const device = createDevice(await fleet.connect())
  const places = [fleet.a, fleet.b] as const
  return { ...fleet, device, placeOf: (at: number): Target => places[at % 2] ?? fleet.a }
}

const set = (device: Device, target: Target, { skey: token }: User, members: Record<string, unknown>) =>
  device.call(target, '/v1/user/set', { token, rid: randomName(), ...members })

/** What a rename has to bring: a hash for the login by the new name. */
const nameOf = async (device: Device, target: Target, userName: string) => {
  const { json } = await device.call(target, '/v1/prelogin', { login: userName })
  return { userName, clientHash: clientHashOf(userName), salt: json.salt }
}

t.test('of many users who choose one name at once one gets it', async (t) => {
  const { a, device, placeOf, db } = await open(t)
  const users = await Promise.all(Array.from({ length: 12 }, () => registerUser(device, a)))
  const named = await nameOf(device, a, randomName())
  const replies = await Promise.all(users.map((user, at) => set(device, placeOf(at), user, named)))
  t.same(countCodes(replies), { [codes.OK]: 1, [codes.ALREADY_REGISTERED]: 11 })
  const rows = await db.write.selectFrom('users').select('userName').execute()
  t.equal(rows.filter(({ userName }) => userName === named.userName).length, 1)
  for (const [at, user] of users.entries()) {
    const login = replies[at]?.code === codes.OK ? { ...named, login: named.userName } : user.login
    const { code } = await device.call(placeOf(at), '/v1/login', { ...login, n: randomName() })
    t.equal(code, codes.LOGGED_IN, 'each user has a name that opens the account')
  }
})

t.test('of two names that a user chooses at once one counts', async (t) => {
  const { a, device, placeOf, db } = await open(t)
  const user = await registerUser(device, a)
  const names = await Promise.all(Array.from({ length: 6 }, () => nameOf(device, a, randomName())))
  const replies = await Promise.all(names.map((named, at) => set(device, placeOf(at), user, named)))
  t.same(countCodes(replies), { [codes.OK]: 1, [codes.TOO_OFTEN]: 5 })
  const keys = await db.write
    .selectFrom('verifiers')
    .select('loginKey')
    .where('userId', '=', Number(user.userId))
    .execute()
  t.equal(keys.length, 2, 'the name and the number')
})

t.test('a name that is given up is no other user’s at any moment', async (t) => {
  const { a, device, placeOf } = await open(t)
  for (let round = 0; round < 10; round++) {
    const user = await registerUser(device, a)
    const named = await nameOf(device, a, randomName())
    const taken = await registration(device, a, user.userName)
    const others = [user.userName, user.userName.toUpperCase(), user.userName]
    const [renamed, ...registered] = await Promise.all([
      set(device, placeOf(0), user, named),
      ...others.map((userName, at) =>
        device.call(placeOf(at + 1), '/v1/register', { ...taken, user: { userName }, rid: randomName() }),
      ),
    ])
    t.equal(renamed?.code, codes.OK)
    t.same(countCodes(registered), { [codes.ALREADY_REGISTERED]: others.length })
  }
})

t.test('a name that is being given up is not taken by a rename that waits for it', async (t) => {
  const { a, b, device, database, db } = await open(t)
  const [owner, thief] = [await registerUser(device, a), await registerUser(device, a)]
  const fresh = await nameOf(device, a, randomName())
  const { userName } = owner
  const stolen = await nameOf(device, a, userName)
  // The last row that a change of the owner's profile needs.
  const held = await lockRow(t, database, 'SELECT user_id FROM event_lists WHERE user_id = ?', [owner.userId])
  const waits = (count: number) =>
    until(`${count} statements wait`, async () => {
      const [rows] = await held.connection.query(
        "SELECT id FROM information_schema.processlist WHERE db = ? AND command = 'Execute' AND time_ms > 100",
        [database],
      )
      return (rows as unknown[]).length >= count
    })
  const renaming = set(device, a, owner, fresh)
  await waits(1)
  const stealing = set(device, b, thief, stolen)
  await waits(2)
  await held.release()
  t.equal((await renaming).code, codes.OK)
  t.equal((await stealing).code, codes.ALREADY_REGISTERED)
  const rows = await db.write.selectFrom('users').select('userId').where('userName', '=', userName).execute()
  t.same(rows, [])
})

t.test('members that two devices set at once both stay', async (t) => {
  const { a, device, placeOf } = await open(t)
  const user = await registerUser(device, a)
  for (let round = 0; round < 5; round++) {
    const changes = [
      { region: `region ${round}` },
      { introduction: `text ${round}` },
      { nickName: `name ${round}` },
      { privacy: { region: round % 2 ? 'nobody' : 'friends' } },
      { privacy: { gender: round % 2 ? 'friends' : 'nobody' } },
      { findBy: { nickName: round % 2 === 0 } },
    ]
    const replies = await Promise.all(changes.map((change, at) => set(device, placeOf(at), user, change)))
    t.same(countCodes(replies), { [codes.OK]: changes.length })
    const { json } = await device.call(a, '/v1/user/get', { token: user.skey, rid: randomName() })
    t.match(json.user, Object.assign({}, ...changes.slice(0, 3)))
    t.match(json.user, { privacy: { ...changes[3]?.privacy, ...changes[4]?.privacy } })
    // The replica may be late.
    await until('the key of the search follows both', async () => {
      const search = { token: user.skey, by: 'nickName', text: `name ${round}`, rid: randomName() }
      const { json } = await device.call(a, '/v1/user/find', search)
      return (json.users as unknown[]).length === (round % 2 === 0 ? 1 : 0)
    })
  }
})
