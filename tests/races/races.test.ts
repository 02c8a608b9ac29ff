/** Many at once, through two processes on MariaDB and Redis: what may happen once happens once. */
import t, { type Test } from 'tap'
import type { Db } from '../../src/adapters/db/index.ts'
import { codes as replyCodes } from '../harness/codes.ts'
import {
  clientHashOf,
  countCodes,
  createDevice,
  createDice,
  type Device,
  randomName,
  registerUser,
  registration,
  type Target,
  ticketsOf,
} from '../harness/devices.ts'
import { printTime } from '../harness/print-time.ts'
import { openShared, openTestServer, provisionDevice, testServers, until } from '../harness/test-server.ts'
import { openFleet, untilRunning } from './fleet.ts'

t.setTimeout(300_000)

const fleet = await openFleet(t)
const { a, b } = fleet
const device = await fleet.connect()
const seed = Date.now() % 1_000_000
t.comment(`seed ${seed}`)

const many = <T>(count: number, work: (at: number, target: Target) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => work(at, at % 2 ? a : b)))

const tokensOf = ({ a2, skey }: { a2: string; skey: string }) => [a2, skey]

/** The codes of session checks of all these tickets in both processes, none of them byte-equal. */
const checkSessions = async (tokens: readonly string[], targets: readonly Target[] = [a, b], by = device) =>
  countCodes(
    await Promise.all(
      tokens.flatMap((token) =>
        targets.map((target) => by.call(target, '/v1/session', { token, n: randomName() })),
      ),
    ),
  )

/** Other ways to write a letter that make the same name. */
const variants: Record<string, readonly string[]> = {
  k: ['K', '\u212a', '\uff4b', '\uff2b'],
  s: ['S', '\u017f', '\uff53'],
  é: ['É', 'e\u0301', 'E\u0301', '\uff25\u0301'],
  ß: ['ss', 'SS', '\u017f\uff33'],
  ﬁ: ['fi', 'FI', '\uff46\uff49'],
  ä: ['Ä', 'a\u0308', 'A\u0308'],
}
const respell = (name: string, dice: () => number) =>
  Array.from(name, (letter) => {
    const ways = [letter, ...(variants[letter] ?? [letter.toUpperCase()])]
    return ways[Math.floor(dice() * ways.length)]
  }).join('')

const embedded = await openTestServer()
t.teardown(() => embedded.close())
const engines: { name: string; db: Db; one: Target; other: Target; device: Device }[] = [
  { name: 'MariaDB, two processes', db: fleet.db, one: a, other: b, device },
  {
    name: 'SQLite',
    ...{ db: embedded.server.db, one: embedded, other: embedded },
    device: createDevice((await embedded.connect()).device),
  },
]

for (const { name, db, one, other, device } of engines)
  t.test(`of 200 registrations of one name, however it is spelt, one succeeds: ${name}`, async (t) => {
    const dice = createDice(seed)
    const tables = ['accounts', 'users', 'verifiers', 'logins'] as const
    const countRows = () =>
      Promise.all(tables.map(async (it) => (await db.write.selectFrom(it).selectAll().execute()).length))
    const base = randomName('ﬁskéßä')
    const { salt, clientHash } = await registration(device, one, base)
    const names = Array.from({ length: 200 }, () => respell(base, dice))
    t.ok(new Set(names).size > 190, `${new Set(names).size} spellings, as ${names.slice(0, 3).join(' ')}`)
    const before = await countRows()
    const replies = await Promise.all(
      names.map((userName, at) =>
        device.call(at % 2 ? one : other, '/v1/register', {
          regmode: 'anonymous',
          user: { userName, nickName: `number ${at}` },
          clientHash,
          salt,
        }),
      ),
    )
    t.same(countCodes(replies), { [replyCodes.REGISTERED]: 1, [replyCodes.ALREADY_REGISTERED]: 199 })
    const after = await countRows()
    t.same(
      after.map((count, at) => count - (before[at] ?? 0)),
      [1, 1, 2, 1],
      'one row in each table, and a verifier for the name and for the number',
    )
    const winner = replies.findIndex(({ code }) => code === replyCodes.REGISTERED)
    const user = replies[winner]?.json.user as { userId: string; userName: string }
    t.equal(user.userName, names[winner]?.normalize('NFKC'))
    for (const login of [...names.slice(0, 10), base, user.userId]) {
      const reply = await device.call(other, '/v1/login', { login, clientHash })
      t.equal(reply.code, replyCodes.LOGGED_IN)
      t.same(reply.json.user, user)
    }
  })

t.test('of 1,000 calls at once through two processes a limit of 10 in 60 s passes 10', async (t) => {
  const limits = { TORII__LIMITS__ECHO: '[60, 10]' }
  const [one, other] = await Promise.all([fleet.start(t, limits), fleet.start(t, limits)])
  const sealed = Array.from({ length: 1_000 }, (_, at) => device.seal({ at }))
  const started = performance.now()
  const replies = await Promise.all(sealed.map((j, at) => device.send(at % 2 ? one : other, '/v1/echo', j)))
  t.comment(`1,000 calls in ${Math.round(performance.now() - started)} ms`)
  t.same(countCodes(replies), { [replyCodes.OK]: 10, [replyCodes.TOO_OFTEN]: 990 })
  for (const { code, headers, status } of replies) {
    if (code === replyCodes.OK) continue
    const seconds = Number(headers['retry-after'])
    if (status === 403 && seconds >= 1 && seconds <= 60) continue
    t.fail(`a refusal with status ${status} and Retry-After ${seconds}`)
  }
})

for (const { name, db, one, other, device } of engines)
  t.test(`200 exchanges of one A2 at once give one pair, and the login lives on: ${name}`, async (t) => {
    const user = await registerUser(device, one)
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        device.call(n % 2 ? one : other, '/v1/ticket/exchange', { token: user.a2, to: 'skey', n }),
      ),
    )
    t.same(countCodes(replies), { [replyCodes.OK]: 200 })
    t.equal(new Set(replies.map((reply) => JSON.stringify(ticketsOf(reply)))).size, 1)
    const [pair] = replies.map(ticketsOf)
    t.same(await checkSessions(tokensOf(pair ?? user), [one, other], device), {
      [replyCodes.TICKET_VALID]: 4,
    })
    const rows = await db.write
      .selectFrom('logins')
      .select(['a2Counter', 'endedAt'])
      .where('userId', '=', Number(user.userId))
      .execute()
    t.same(rows, [{ a2Counter: 2, endedAt: null }], 'rotated once')
  })

for (const { name, db, one, other, device } of engines)
  t.test(`of 200 wrong passwords at once five are checked: ${name}`, async (t) => {
    const user = await registerUser(device, one)
    const replies = await Promise.all(
      Array.from({ length: 200 }, (_, at) =>
        device.call(at % 2 ? one : other, '/v1/login', {
          ...user.login,
          clientHash: clientHashOf(`guess ${at}`),
        }),
      ),
    )
    t.same(countCodes(replies), { [replyCodes.LOGIN_FAILED]: 5, [replyCodes.TOO_OFTEN]: 195 })
    for (const reply of replies.filter(({ code }) => code === replyCodes.TOO_OFTEN))
      if (!(Number(reply.headers['retry-after']) > 0)) t.fail('a refusal without Retry-After')
    for (const target of [one, other])
      t.equal(
        (await device.call(target, '/v1/login', { ...user.login, n: randomName() })).code,
        replyCodes.TOO_OFTEN,
      )
    const byNumber = { login: user.userId, clientHash: user.login.clientHash }
    t.equal((await device.call(one, '/v1/login', byNumber)).code, replyCodes.TOO_OFTEN, 'nor by its number')
    const [row] = await db.write
      .selectFrom('loginStreaks')
      .innerJoin('accounts', 'accounts.tag', 'loginStreaks.loginKey')
      .select('failures')
      .where('accounts.userId', '=', Number(user.userId))
      .execute()
    // A burst may have counted some that were not judged.
    t.ok(Number(row?.failures) >= 5, `${row?.failures} in a row`)
  })

t.test('the right password does not get through once five failures are recorded', async (t) => {
  const user = await registerUser(device, a)
  const password = 'correct horse'
  const named = randomName()
  const registered = await device.call(a, '/v1/register', {
    regmode: 'anonymous',
    user: { userName: named },
    password,
  })
  t.equal(registered.code, replyCodes.REGISTERED)
  // The server hashes one password after the other: the right one is judged behind these, long after it was
  // let in, and in the meantime five failures are recorded through the other process.
  const ahead = Array.from({ length: 10 }, () =>
    device.call(a, '/v1/login', { login: randomName('nobody'), password }),
  )
  const other = await fleet.connect(b)
  const right = other.call(a, '/v1/login', { login: named, password })
  let isRightAnswered = false
  right.then(() => {
    isRightAnswered = true
  })
  await untilRunning(testServers().redis.url, fleet.database, other)
  // By a device that has not logged in: failures of a known one are its own.
  const stranger = await fleet.connect()
  const wrong = await Promise.all(
    Array.from({ length: 5 }, (_, at) =>
      stranger.call(b, '/v1/login', { login: named, clientHash: clientHashOf(`guess ${at}`) }),
    ),
  )
  t.same(countCodes(wrong), { [replyCodes.LOGIN_FAILED]: 5 })
  t.comment(`the right one ${isRightAnswered ? 'came too late to matter' : 'was still being judged'}`)
  t.equal((await right).code, replyCodes.TOO_OFTEN)
  t.same(countCodes(await Promise.all(ahead)), { [replyCodes.LOGIN_FAILED]: 10 })

  // Whatever the order: each success begins a new count, and five are judged in each.
  const dice = createDice(seed + 1)
  const mixed = await many(120, (at, target) =>
    device.call(target, '/v1/login', {
      ...user.login,
      ...(dice() < 0.9 && { clientHash: clientHashOf(`mixed ${at}`) }),
      at,
    }),
  )
  const counts = countCodes(mixed)
  const successes = counts[replyCodes.LOGGED_IN] ?? 0
  t.ok((counts[replyCodes.LOGIN_FAILED] ?? 0) <= 5 * (successes + 1), JSON.stringify(counts))
  t.equal(
    successes + (counts[replyCodes.LOGIN_FAILED] ?? 0) + (counts[replyCodes.TOO_OFTEN] ?? 0),
    120,
    'and nothing else came of it',
  )
})

t.test('a logout is final at once in every process', async (t) => {
  for (const which of ['a2', 'skey'] as const) {
    const user = await registerUser(device, b)
    t.same(await checkSessions(tokensOf(user)), { [replyCodes.TICKET_VALID]: 4 })
    t.equal((await device.call(a, '/v1/logout', { token: user[which] })).code, replyCodes.LOGGED_OUT)
    const checks = await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        device.call(b, '/v1/session', { token: at % 2 ? user.skey : user.a2, at }),
      ),
    )
    t.same(countCodes(checks), { [replyCodes.TICKET_ENDED]: 100 })
    t.same(new Set(checks.map(({ json }) => json.reason)), new Set(['logged-out']))
    const exchange = await device.call(b, '/v1/ticket/exchange', { token: user.a2, to: 'skey' })
    t.equal(exchange.code, replyCodes.NOT_LOGGED_IN)
  }
})

t.test('a logout everywhere ends every login in every process, and no later one', async (t) => {
  const user = await registerUser(device, a)
  const other = await fleet.connect(b)
  const logins = await many(6, (at, target) =>
    (at % 3 ? device : other).call(target, '/v1/login', { ...user.login, at }),
  )
  t.same(countCodes(logins), { [replyCodes.LOGGED_IN]: 6 })
  const tokens = [user, ...logins.map(ticketsOf)].flatMap(tokensOf)
  t.equal(
    (await device.call(a, '/v1/logout', { token: user.skey, everywhere: true })).code,
    replyCodes.LOGGED_OUT,
  )
  t.same(await checkSessions(tokens, [b, b, b]), { [replyCodes.TICKET_ENDED]: 42 })
  const later = await device.call(b, '/v1/login', user.login)
  t.same(await checkSessions(tokensOf(ticketsOf(later))), { [replyCodes.TICKET_VALID]: 4 })
})

t.test('disabling an account ends it everywhere within a second', async (t) => {
  const user = await registerUser(device, a)
  const started = Date.now()
  await fleet.admin.accounts.disable(user.userName, 'test')
  t.same(await checkSessions([user.a2]), { [replyCodes.TICKET_ENDED]: 2 }, 'its A2 at once')
  t.equal((await device.call(b, '/v1/login', user.login)).code, replyCodes.ACCOUNT_DISABLED)
  await until('its SKey ends', async () => {
    const checks = await Promise.all([a, b].map((it) => device.call(it, '/v1/session', { token: user.skey })))
    return checks.every(({ code, json }) => code === replyCodes.TICKET_ENDED && json.reason === 'disabled')
  })
  printTime(t, 'its SKey ends everywhere', Date.now() - started)
  await fleet.admin.accounts.enable(user.userName)
  const again = await device.call(a, '/v1/login', { ...user.login, n: 1 })
  t.equal(again.code, replyCodes.LOGGED_IN)
  t.same(await checkSessions(tokensOf(user)), { [replyCodes.TICKET_ENDED]: 4 })
  t.same(await checkSessions(tokensOf(ticketsOf(again))), { [replyCodes.TICKET_VALID]: 4 })
})

t.test('whatever races a logout, nothing of its login is accepted after it', async (t) => {
  const rounds = 40
  const user = await registerUser(device, a)
  const later = (dice: () => number) => new Promise((resolve) => setTimeout(resolve, dice() * 12))
  const refused: number[] = []
  for (let round = 0; round < rounds; round++) {
    const dice = createDice(seed + round)
    const pick = () => (dice() < 0.5 ? a : b)
    const first = ticketsOf(await device.call(pick(), '/v1/login', { ...user.login, round }))
    const tokens = tokensOf(first)
    const everywhere = dice() < 0.3
    const exchange = async (n: number) => {
      await later(dice)
      const reply = await device.call(pick(), '/v1/ticket/exchange', { token: first.a2, to: 'skey', n })
      if (reply.code === replyCodes.OK) tokens.push(...tokensOf(ticketsOf(reply)))
      else refused.push(reply.code)
    }
    const logout = async () => {
      await later(dice)
      const token = dice() < 0.5 ? first.a2 : first.skey
      const reply = await device.call(pick(), '/v1/logout', { token, everywhere, round })
      const known = [...tokens]
      const atOnce = await checkSessions(known)
      if (reply.code !== replyCodes.LOGGED_OUT) t.fail(`logout of seed ${seed + round}: ${reply.code}`)
      if (atOnce[replyCodes.TICKET_VALID]) t.fail(`a ticket outlives the logout of seed ${seed + round}`)
    }
    const use = async () => {
      await later(dice)
      await device.call(pick(), '/v1/session', { token: first.skey, round })
    }
    await Promise.all([exchange(1), exchange(2), logout(), use(), use()])
    const atLast = await checkSessions([...new Set(tokens)])
    if (atLast[replyCodes.TICKET_VALID])
      t.fail(`a ticket of seed ${seed + round} lives: ${JSON.stringify(atLast)}`)
    if (Object.keys(atLast).join() !== '1030201') t.fail(`seed ${seed + round}: ${JSON.stringify(atLast)}`)
  }
  t.ok(
    refused.length > 0 && refused.length < 2 * rounds,
    `${refused.length} of ${2 * rounds} exchanges refused`,
  )
})

t.test('a hundred logins of one user at once are a hundred logins', async (t) => {
  const user = await registerUser(device, a)
  const replies = await many(100, (at, target) => device.call(target, '/v1/login', { ...user.login, at }))
  t.same(countCodes(replies), { [replyCodes.LOGGED_IN]: 100 })
  const tickets = replies.map(ticketsOf)
  t.equal(new Set(tickets.flatMap(tokensOf)).size, 200)
  t.same(await checkSessions(tickets.flatMap(tokensOf)), { [replyCodes.TICKET_VALID]: 400 })
})

const provision = async (target: Target, app: { appId: string; appSecret: string }) => {
  const url = `/v1/totp?n=${app.appId}&s=${app.appSecret}&device=${randomName()}`
  const reply = await target.send({ method: 'GET', url, headers: { host: 'localhost' } })
  return { ...reply, code: Number(JSON.parse(reply.body).code) }
}

/** Eighty at once for a new app, through two processes of their own. */
const provisionMany = async (t: Test, settings: Record<string, string>) => {
  const app = await fleet.admin.apps.add({ name: 'capped' })
  const [one, other] = await Promise.all([fleet.start(t, settings), fleet.start(t, settings)])
  const replies = await Promise.all(
    Array.from({ length: 80 }, (_, at) => provision(at % 2 ? one : other, app)),
  )
  const devices = fleet.db.write.selectFrom('devices').select('deviceId')
  return { replies, rows: await devices.where('appId', '=', app.appId).execute() }
}

t.test('provisionings at once never hand out more devices than an address may have', async (t) => {
  const { replies, rows } = await provisionMany(t, { TORII__PROVISIONING__DEVICES_PER_ADDRESS: '10' })
  t.same(countCodes(replies), { [replyCodes.OK]: 10, [replyCodes.TOO_OFTEN]: 70 })
  t.equal(rows.length, 10)
})

t.test('two processes keep an app near its cap', async (t) => {
  const { replies, rows } = await provisionMany(t, { TORII__PROVISIONING__DEVICES_PER_APP: '10' })
  t.same(countCodes(replies), { [replyCodes.OK]: 80 })
  t.ok(rows.length >= 10 && rows.length <= 20, `${rows.length}: at most what each counted by itself`)
})

t.test('at the cap of an app the device without a login that was used longest ago goes', async (t) => {
  const capped = await openTestServer({ environment: { TORII__PROVISIONING__DEVICES_PER_APP: '10' } })
  t.teardown(() => capped.close())
  const rows = () => capped.server.db.write.selectFrom('devices').selectAll().execute()
  const replies = await Promise.all(Array.from({ length: 60 }, () => provision(capped, capped.app)))
  t.same(countCodes(replies), { [replyCodes.OK]: 60 })
  t.equal((await rows()).length, 10)
  const devices: Device[] = []
  for (let count = 0; count < 10; count++)
    devices.push(createDevice(await provisionDevice(capped.send, capped.app)))
  for (const it of devices) t.equal((await it.call(capped, '/v1/echo')).code, replyCodes.OK)
  await capped.server.db.write.updateTable('devices').set({ hasLogin: 1 }).execute()
  const more = await Promise.all(Array.from({ length: 5 }, () => provision(capped, capped.app)))
  t.same(countCodes(more), { [replyCodes.OVERLOADED]: 5 })
  t.equal((await rows()).length, 10)
})

t.test('the first changes of two administrators do not disturb each other', async (t) => {
  const fresh = await openShared()
  t.teardown(() => fresh.close())
  const { admin, db } = fresh
  await db.write.deleteFrom('changeLog').execute()
  await db.write.deleteFrom('settings').where('name', '=', 'changeLog.version').execute()
  // Connections that are open already let them meet.
  await Promise.all(Array.from({ length: 20 }, () => admin.bans.unban('192.0.2.0/32')))
  const until = Date.now() + 60_000
  await Promise.all(
    Array.from({ length: 20 }, (_, at) => admin.bans.ban(`192.0.2.${at}/32`, until, `number ${at}`)),
  )
  const changes = await db.write.selectFrom('changeLog').select('version').orderBy('version').execute()
  t.same(
    changes.map(({ version }) => Number(version)),
    Array.from({ length: 20 }, (_, at) => at + 1),
  )
})
