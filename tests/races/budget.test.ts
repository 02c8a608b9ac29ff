/** Trips to the database and the store for each operation, counted so that they can't creep up. */
import { createECDH } from 'node:crypto'
import t from 'tap'
import { codes } from '../harness/codes.ts'
import {
  clientHashOf,
  createDevice,
  type Reply,
  randomName,
  registerUser,
  registration,
  ticketsOf,
} from '../harness/devices.ts'
import {
  type Answer,
  beginExchange,
  type Call,
  createSealedClient,
  exchangeKey,
  exchangeSealedKeys,
  frame,
  helloFrame,
  pemOf,
  proofOf,
  thirdOf,
} from '../harness/key-client.ts'
import { readCode } from '../harness/messages.ts'
import { openShared, openTestServer, testServers } from '../harness/test-server.ts'
import { challengeOf } from '../harness/web-codes.ts'

t.setTimeout(60_000)
t.ok(testServers().redis.url, 'counted on MariaDB and Redis')

const shared = await openShared()
const target = await openTestServer({ environment: shared.environment })
t.teardown(async () => {
  await target.close()
  await shared.close()
})
const device = createDevice((await target.connect()).device)
const { db, store } = target.server

/** Trips of one call. What runs in the background now and then can only add: the least of seven is meant. */
const count = async (code: number, call: () => Promise<() => Promise<Reply | { code: number }>>) => {
  const trips: { db: number; store: number }[] = []
  for (let round = 0; round < 7; round++) {
    const run = await call()
    const before = { db: db.trips, store: store.trips }
    const reply = await run()
    t.equal(reply.code, code)
    trips.push({ db: db.trips - before.db, store: store.trips - before.store })
  }
  const least = (which: 'db' | 'store') => Math.min(...trips.map((it) => it[which]))
  return { db: least('db'), store: least('store') }
}

const user = await registerUser(device, target)
const businesses = target.server.businesses
await businesses.add({ name: 'pay', idleSeconds: 600, routes: [], appIds: [target.app.appId] })
await businesses.reload()
const map = await target.server.apps.add({ name: 'map', isThirdParty: true, scopes: ['profile'] })
await target.server.apps.reload()
const current = { a2: user.a2, skey: user.skey }
await device.call(target, '/v1/consent/grant', { token: user.skey, grantTo: map.appId, n: randomName() })
const call = (path: string, members: Record<string, unknown>) => async () => () =>
  device.call(target, path, { n: randomName(), ...members })

/** A minute lies between two codes that one network asks for; of the two of a row, the first is asked for elsewhere. */
const elsewhere: typeof target.send = async ({ method, url, headers, payload }) => {
  const body = payload === undefined ? {} : { payload }
  const reply = await target.server.http.inject({ method, url, headers, remoteAddress: '10.8.0.1', ...body })
  return { status: reply.statusCode, headers: reply.headers, body: reply.body }
}
/** Without digits, which a test would take for a code. */
const mailName = () =>
  `${randomName().replace(/\d/g, (digit) => 'ghijklmnop'[Number(digit)] ?? '')}@example.com`
const mailRegistration = async (email: string) => {
  const { json } = await device.call(target, '/v1/prelogin', { login: email })
  const hash = { clientHash: clientHashOf('a password'), salt: json.salt }
  return { regmode: 'email', user: { email }, n: randomName(), ...hash }
}
/** A flow that waits for its code, and the code. */
const beginRegistering = async (email: string) => {
  const members = await mailRegistration(email)
  const { json } = await device.call({ send: elsewhere }, '/v1/register', members)
  return { flow: json.flow as string, code: await readCode(target.send, email) }
}
const registerMail = async () => {
  const email = mailName()
  await device.call(target, '/v1/verify', await beginRegistering(email))
  return email
}
const sendCode = (address: string) =>
  device.call(target, '/v1/code/send', { purpose: 'login', address, n: randomName() })

/** Members of a new password for every salt of a new user, with the old one. */
const passwordChange = async () => {
  const { userName, skey, login } = await registerUser(device, target)
  const { json } = await device.call(target, '/v1/prelogin', { login: userName })
  const { salt } = json
  const hashes = [{ salt, clientHash: clientHashOf('another one') }]
  return { token: skey, salt, clientHash: login.clientHash, hashes }
}
const passwordReset = async () => {
  const address = await registerMail()
  const { json } = await device.call(target, '/v1/code/send', { purpose: 'reset', address, n: randomName() })
  const typed = { flow: json.flow, code: await readCode(target.send, address) }
  const reply = await device.call(target, '/v1/password/reset', typed)
  const { grant, logins } = reply.json as { grant: string; logins: { salt: string }[] }
  const salts = [...new Set(logins.map(({ salt }) => salt))]
  return { grant, hashes: salts.map((salt) => ({ salt, clientHash: clientHashOf('another one') })) }
}
/** A new user asks for an address; the flow, the code, and the ticket. */
const beginAddress = async () => {
  const { skey: token } = await registerUser(device, target)
  const address = mailName()
  const { json } = await device.call(target, '/v1/address/change', { token, kind: 'email', address })
  return { token, typed: { flow: json.flow, code: await readCode(target.send, address) } }
}

const now = () => String(Date.now())
const callJson: Call = async (path, members) => (await target.callJson(path, members)).json as Answer
const plain = (path: string, make: () => Record<string, unknown>) => async () => {
  const members = make()
  return () => callJson(path, members)
}
const anyKey = pemOf(createECDH('prime256v1').generateKeys())
const key = await exchangeKey(callJson, 'AES-CTR')
await callJson('/v1/login', { ...user.login, ...proofOf(key, now()) })
const { keys } = await exchangeSealedKeys(callJson, target.app.appId)
const sealed = createSealedClient(keys, (url, form) => {
  const headers = { host: 'localhost', 'content-type': 'application/x-www-form-urlencoded' }
  return target.send({ method: 'POST', url, headers, payload: new URLSearchParams(form).toString() })
})
const sealedLogin = await sealed.call('/v1/login', user.login)
const sealedSkey = (sealedLogin.tickets as { skey: string }).skey
let sealedA2 = (sealedLogin.tickets as { a2: string }).a2

const verifier = 'v'.repeat(43)
/** Of a user who has just registered. */
const ofUser =
  (path: string, members: Record<string, unknown> = {}) =>
  async () => {
    const { skey: token } = await registerUser(device, target)
    return () => device.call(target, path, { token, rid: randomName(), ...members })
  }

await target.server.apps.set(target.app.appId, { friends: 'friend' })
const chat = await target.server.apps.add({ name: 'chat', checks: [target.app.appId] })
await target.server.apps.reload()
const friendCall = (act: string, members: Record<string, unknown>) => () =>
  device.call(target, `/v1/friend/${act}`, { rid: randomName(), ...members })
/** A new user asks the user; the members of an answer. */
const receiveRequest = async () => {
  const { skey: token, userId } = await registerUser(device, target)
  await friendCall('request', { token, requestTo: user.userId })()
  return { token: user.skey, acceptFrom: userId }
}
/** An administrator acts on a new user. */
const disableCall = async () => {
  const { userId } = await registerUser(device, target)
  const members = { token: chief.skey, disable: userId, reason: 'spam', rid: randomName() }
  return { userId, run: () => device.call(target, '/v1/user/disable', members) }
}
const chief = await registerUser(device, target)
await db.write
  .insertInto('roleGrants')
  .values({ userId: Number(chief.userId), role: 'admin', appId: '', grantedAt: Date.now() })
  .execute()

/** Architecture's budget where it has one; the other figures pin what is so today. */
const rows: [name: string, db: number, store: number, code: number, Parameters<typeof count>[1]][] = [
  ['session of an SKey', 0, 2, codes.TICKET_VALID, call('/v1/session', { token: current.skey })],
  // Two limits, of the address and of the backend, and one look at the ticket; a batch has one look for each.
  ['verify', 0, 3, codes.TICKET_VALID, call('/v1/ticket/verify', { token: current.skey })],
  [
    'verify of 10 tickets',
    0,
    12,
    codes.OK,
    call('/v1/ticket/verify', { tokens: Array.from({ length: 10 }, () => current.skey) }),
  ],
  // One read for each, for all tickets of the call.
  [
    'verify with roles and what is withheld',
    2,
    12,
    codes.OK,
    call('/v1/ticket/verify', {
      tokens: Array.from({ length: 10 }, () => current.skey),
      wants: ['roles', 'withheld'],
    }),
  ],
  [
    'web code',
    0,
    5,
    codes.OK,
    call('/v1/ticket/web-code', { token: current.skey, challenge: challengeOf(verifier) }),
  ],
  [
    'web code redeemed',
    1,
    5,
    codes.LOGGED_IN,
    async () => {
      const members = { token: current.skey, challenge: challengeOf(verifier), n: randomName() }
      const { json } = await device.call(target, '/v1/ticket/web-code', members)
      return () => device.call(target, '/v1/ticket/web-code/redeem', { webCode: json.webCode, verifier })
    },
  ],
  ['session of an A2', 2, 1, codes.TICKET_VALID, call('/v1/session', { token: current.a2 })],
  [
    'session of an unknown SKey',
    0,
    2,
    codes.NOT_LOGGED_IN,
    call('/v1/session', { token: `sk_${'A'.repeat(64)}` }),
  ],
  ['echo', 0, 1, codes.OK, call('/v1/echo', {})],
  ['prelogin', 0, 1, codes.OK, call('/v1/prelogin', { login: user.userName })],
  ['prelogin of a taken number', 1, 1, codes.OK, call('/v1/prelogin', { login: user.userId })],
  ['prelogin of a free number', 1, 1, codes.OK, call('/v1/prelogin', { login: 999_999_999 })],
  ['login', 2, 4, codes.LOGGED_IN, call('/v1/login', user.login)],
  [
    'login, replacing a device',
    // Two of them tell of the login that ended, three look for and tell of the new device.
    12,
    5,
    codes.LOGGED_IN,
    async () => {
      const { login, userId } = await registerUser(device, target)
      const other = createDevice((await target.connect()).device)
      await db.write
        .updateTable('accounts')
        .set({ deviceSlots: 'all=1' })
        .where('userId', '=', Number(userId))
        .execute()
      return () => other.call(target, '/v1/login', { ...login, n: randomName() })
    },
  ],
  [
    'list of events',
    1,
    2,
    codes.OK,
    async () => () => device.call(target, '/v1/event/list', { token: current.skey }),
  ],
  [
    'events read',
    2,
    4,
    codes.OK,
    async () => {
      const { skey: token } = await registerUser(device, target)
      return () => device.call(target, '/v1/event/read', { token, readUpTo: 1 })
    },
  ],
  [
    'history',
    3,
    2,
    codes.OK,
    async () => () => device.call(target, '/v1/user/history', { token: current.skey }),
  ],
  ['list of devices', 2, 2, codes.OK, call('/v1/device/list', { token: current.skey })],
  [
    'reauthentication',
    4,
    5,
    codes.OK,
    async () => {
      const { skey: token, login } = await registerUser(device, target)
      const { json } = await device.call(target, '/v1/prelogin', { login: login.login })
      const { clientHash } = login
      return () => device.call(target, '/v1/reauth', { token, how: 'password', clientHash, salt: json.salt })
    },
  ],
  [
    'unregistering',
    17,
    // The bound of an account in a day, and its gate.
    7,
    codes.OK,
    async () => {
      const { skey: token } = await registerUser(device, target)
      return () => device.call(target, '/v1/user/unregister', { token, unregister: true })
    },
  ],
  ['prelogin of an e-mail', 0, 1, codes.OK, call('/v1/prelogin', { login: 'ann@example.com' })],
  [
    'login by e-mail',
    2,
    4,
    codes.LOGGED_IN,
    async () => {
      const login = { login: await registerMail(), clientHash: clientHashOf('a password') }
      return () => device.call(target, '/v1/login', { ...login, n: randomName() })
    },
  ],
  [
    'login, byte-equal copy',
    1,
    3,
    codes.LOGGED_IN,
    async () => {
      const j = device.seal({ ...user.login, n: randomName() })
      await device.send(target, '/v1/login', j)
      return () => device.send(target, '/v1/login', j)
    },
  ],
  [
    'login with a wrong password',
    4,
    // Two of them count failures of the network: for its limit, and for the captcha.
    5,
    codes.LOGIN_FAILED,
    async () => {
      const { login } = await registerUser(device, target)
      const wrong = { ...login, clientHash: '.'.repeat(31) }
      return () => device.call(target, '/v1/login', wrong)
    },
  ],
  [
    'register',
    // Two of them are the event of the new user, for the app that keeps a copy of its users; one asks for names that are held.
    8,
    // One of them counts registrations of the network.
    7,
    codes.REGISTERED,
    async () => {
      const members = await registration(device, target)
      return () => device.call(target, '/v1/register', members)
    },
  ],
  ['code sent, no account', 4, 8, codes.OK, async () => () => sendCode(mailName())],
  [
    'code sent to an account',
    4,
    8,
    codes.OK,
    async () => {
      const email = await registerMail()
      return () => sendCode(email)
    },
  ],
  [
    'register by mail',
    6,
    11,
    codes.REGISTERED_MAIL_SENT,
    async () => {
      const members = await mailRegistration(mailName())
      return () => device.call(target, '/v1/register', members)
    },
  ],
  [
    'wrong code',
    3,
    5,
    codes.CODE_WRONG,
    async () => {
      const { flow } = await beginRegistering(mailName())
      return () => device.call(target, '/v1/verify', { flow, code: '000000' })
    },
  ],
  [
    'right code, registering',
    // Two of them ask whether an erased account had the name or the address lately.
    12,
    6,
    codes.REGISTERED,
    async () => {
      const typed = await beginRegistering(mailName())
      return () => device.call(target, '/v1/verify', typed)
    },
  ],
  [
    'login by code',
    5,
    4,
    codes.LOGGED_IN,
    async () => {
      const email = await registerMail()
      const { json } = await sendCode(email)
      const typed = { flow: json.flow, code: await readCode(target.send, email) }
      return () => device.call(target, '/v1/login', typed)
    },
  ],
  [
    'password changed',
    20,
    7,
    codes.OK,
    async () => {
      const members = await passwordChange()
      return () => device.call(target, '/v1/password/change', members)
    },
  ],
  [
    'password reset, by a grant',
    23,
    6,
    codes.OK,
    async () => {
      const members = await passwordReset()
      return () => device.call(target, '/v1/password/reset', members)
    },
  ],
  // The standing, the locks, what is known of the two, the bounds of both (2), the row, the counters, the event (2), the end.
  [
    'friend request',
    10,
    4,
    codes.OK,
    async () => {
      const { userId: requestTo } = await registerUser(device, target)
      return friendCall('request', { token: user.skey, requestTo })
    },
  ],
  ['friend request accepted', 9, 4, codes.OK, async () => friendCall('accept', await receiveRequest())],
  [
    'stranger blocked',
    7,
    4,
    codes.OK,
    async () => {
      const { userId: blockUser } = await registerUser(device, target)
      return friendCall('block', { token: user.skey, blockUser })
    },
  ],
  [
    'settings of friends read',
    1,
    4,
    codes.OK,
    async () => friendCall('settings', { token: user.skey, friendSettings: {} }),
  ],
  ['user disabled', 22, 9, codes.OK, async () => (await disableCall()).run],
  [
    'user enabled',
    18,
    8,
    codes.OK,
    async () => {
      const { userId, run } = await disableCall()
      await run()
      const members = { token: chief.skey, enable: userId, rid: randomName() }
      return () => device.call(target, '/v1/user/enable', members)
    },
  ],
  ['own profile', 5, 2, codes.OK, ofUser('/v1/user/get')],
  // A page: its rows, and at once the names, and what the two are to each other. Without a row it is one trip.
  [
    'friend list',
    3,
    2,
    codes.OK,
    async () => {
      await friendCall('accept', await receiveRequest())()
      return friendCall('list', { token: user.skey, list: 'friends' })
    },
  ],
  [
    'friend requests',
    3,
    2,
    codes.OK,
    async () => {
      await receiveRequest()
      return friendCall('requests', { token: user.skey, list: 'received' })
    },
  ],
  [
    'friend set',
    3,
    4,
    codes.OK,
    async () => {
      const received = await receiveRequest()
      await friendCall('accept', received)()
      return friendCall('set', { token: user.skey, setFor: received.acceptFrom, remark: 'met in Kyoto' })
    },
  ],
  [
    'friend check of 100',
    1,
    2,
    codes.OK,
    async () => {
      const users = Array.from({ length: 100 }, (_, index) => String(Number(user.userId) + index + 1))
      const members = { appid: chat.appId, appsecret: chat.appSecret, user: user.userId, users }
      return async () =>
        (await target.callJson('/v1/friend/check', { ...members, permission: 'chat' })).json as Answer
    },
  ],
  ['profile of another user', 3, 3, codes.OK, ofUser('/v1/user/get', { userId: user.userId })],
  ['profile changed', 9, 4, codes.OK, ofUser('/v1/user/set', { region: 'x' })],
  ['user found by number', 4, 6, codes.OK, ofUser('/v1/user/find', { by: 'number', text: user.userId })],
  ['users found by nickname', 4, 6, codes.OK, ofUser('/v1/user/find', { by: 'nickName', text: 'user' })],
  [
    'address asked for',
    6,
    9,
    codes.OK,
    async () => {
      const { skey: token } = await registerUser(device, target)
      const members = { token, kind: 'email', address: mailName() }
      return () => device.call(target, '/v1/address/change', members)
    },
  ],
  [
    'right code, new address',
    12,
    5,
    codes.OK,
    async () => {
      const { typed } = await beginAddress()
      return () => device.call(target, '/v1/verify', typed)
    },
  ],
  [
    'address removed',
    13,
    4,
    codes.OK,
    async () => {
      const { token, typed } = await beginAddress()
      await device.call(target, '/v1/verify', typed)
      return () => device.call(target, '/v1/address/remove', { token, remove: 'email' })
    },
  ],
  [
    'exchange',
    3,
    4,
    codes.OK,
    async () => async () => {
      const reply = await device.call(target, '/v1/ticket/exchange', { token: current.a2, to: 'skey' })
      current.a2 = ticketsOf(reply).a2
      return reply
    },
  ],
  // Three of the trips to the store are the limit and the replay guard, as in every write.
  [
    'exchange of an A2 for a pSKey',
    3,
    5,
    codes.OK,
    async () => async () => {
      const reply = await device.call(target, '/v1/ticket/exchange', {
        token: current.a2,
        to: 'pskey',
        business: 'pay',
      })
      current.a2 = ticketsOf(reply).a2
      return reply
    },
  ],
  [
    'exchange of an SKey for a pSKey',
    0,
    5,
    codes.OK,
    call('/v1/ticket/exchange', { token: current.skey, to: 'pskey', business: 'pay' }),
  ],
  [
    'exchange of an SKey for an OpenKey',
    1,
    5,
    codes.OK,
    call('/v1/ticket/exchange', { token: current.skey, to: 'openkey', app: map.appId }),
  ],
  [
    'exchange that binds to a key',
    3,
    7,
    codes.OK,
    async () => {
      const { tickets } = await callJson('/v1/login', { ...user.login, n: randomName() })
      const { a2: token } = tickets as { a2: string }
      return () => sealed.call('/v1/ticket/exchange', { token, to: 'skey' })
    },
  ],
  [
    'exchange on its key',
    3,
    5,
    codes.OK,
    async () => async () => {
      const reply = await sealed.call('/v1/ticket/exchange', { token: sealedA2, to: 'skey' })
      sealedA2 = (reply.tickets as { a2: string }).a2
      return reply
    },
  ],
  [
    'logout by SKey',
    // A transaction: the row, the two statements of its event, and COMMIT.
    4,
    5,
    codes.LOGGED_OUT,
    async () => {
      const { skey } = ticketsOf(await device.call(target, '/v1/login', { ...user.login, n: randomName() }))
      return () => device.call(target, '/v1/logout', { token: skey })
    },
  ],
  ['hello', 0, 1, codes.OK, plain('/v1/hello', () => helloFrame(undefined, now()))],
  [
    'stage 1',
    0,
    3,
    codes.OK,
    plain('/v1/key-exchange', () => frame('keyEx', { stage: 1, pubKey: anyKey }, now())),
  ],
  [
    'stage 3',
    0,
    4,
    codes.OK,
    async () => {
      const { shared } = await beginExchange(callJson, 'AES-CTR')
      if (!shared) throw new Error('refused')
      return () => callJson('/v1/key-exchange', thirdOf(shared, now()))
    },
  ],
  ['hello, resumed', 1, 3, codes.OK, plain('/v1/hello', () => helloFrame(key, now()))],
  [
    'login on a key',
    2,
    4,
    codes.LOGGED_IN,
    plain('/v1/login', () => ({ ...user.login, ...proofOf(key, now()) })),
  ],
  [
    'sealed session',
    0,
    3,
    codes.TICKET_VALID,
    async () => () => sealed.call('/v1/session', { token: sealedSkey }),
  ],
  [
    'provisioning',
    4,
    1,
    codes.OK,
    async () => async () => {
      const { appId, appSecret } = target.app
      const url = `/v1/totp?n=${appId}&s=${appSecret}`
      const { body } = await target.send({ method: 'GET', url, headers: { host: 'localhost' } })
      return { code: Number(JSON.parse(body).code) }
    },
  ],
]

t.test('each operation keeps its budget of trips', async (t) => {
  t.comment('operation                     db  store   (budget)')
  for (const [name, maxDb, maxStore, code, prepare] of rows) {
    const trips = await count(code, prepare)
    t.comment(
      `${name.padEnd(28)} ${String(trips.db).padStart(3)} ${String(trips.store).padStart(6)}   (${maxDb}, ${maxStore})`,
    )
    t.ok(trips.db <= maxDb, `${name}: ${trips.db} trips to the database, ${maxDb} allowed`)
    t.ok(trips.store <= maxStore, `${name}: ${trips.store} trips to the store, ${maxStore} allowed`)
  }
})
