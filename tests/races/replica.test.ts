/** Own writes read back at once, though the replica is ten seconds behind. */
import t, { type Test } from 'tap'
import { startPrimaryAndReplica, waitForReplica } from '../../tools/test/harness.ts'
import { codes } from '../harness/codes.ts'
import {
  countCodes,
  type Device,
  randomName,
  registerUser,
  registration,
  type Target,
  ticketsOf,
} from '../harness/devices.ts'
import { type Answer, beginExchange, type Call, exchangeSealedKeys } from '../harness/key-client.ts'
import { printTime } from '../harness/print-time.ts'
import { testServers, until } from '../harness/test-server.ts'
import { openConnection, openFleet, runFolder } from './fleet.ts'

t.setTimeout(120_000)

const { primary, replica } = await startPrimaryAndReplica({ folder: runFolder() })
const login = ({ host, port, user, password }: typeof primary) => ({ host, port, user, password })
// Databases of this file are made on its own pair.
process.env.TORII_TEST_SERVERS = JSON.stringify({
  ...testServers(),
  primary: login(primary),
  replica: login(replica),
})

t.teardown(() => Promise.all([primary.stop(), replica.stop()]))

/** What the replica knows. */
const askReplica = async (sql: string, values: unknown[]) => {
  const connection = await openConnection(t, fleet.database, testServers().replica)
  const [rows] = await connection.query(sql, values)
  connection.destroy()
  return rows as Record<string, unknown>[]
}

/** The whole round, each call to the other process than the one before. */
const goRound = async (t: Test, { a, b }: { a: Target; b: Target }, device: Device) => {
  const members = await registration(device, a)
  const registered = await device.call(b, '/v1/register', members)
  t.equal(registered.code, codes.REGISTERED)
  const user = registered.json.user as { userId: string; userName: string; nickName: string }
  const { clientHash } = members
  const byName = await device.call(a, '/v1/login', { login: members.user.userName, clientHash })
  t.equal(byName.code, codes.LOGGED_IN)
  t.same(byName.json.user, user)
  const prelogin = await device.call(a, '/v1/prelogin', { login: user.userId })
  t.equal(prelogin.json.salt, members.salt, 'a number has the salt of its name at once')
  const byNumber = await device.call(b, '/v1/login', { login: user.userId, clientHash })
  t.equal(byNumber.code, codes.LOGGED_IN)

  const { a2, skey } = ticketsOf(byNumber)
  for (const [target, token] of [
    [a, skey],
    [a, a2],
    [b, a2],
  ] as const) {
    const session = await device.call(target, '/v1/session', { token, n: randomName() })
    t.equal(session.code, codes.TICKET_VALID)
    t.same(session.json.user, user, 'names and number are there')
  }
  const exchanged = await device.call(a, '/v1/ticket/exchange', { token: a2, to: 'skey' })
  t.equal(exchanged.code, codes.OK)
  const next = ticketsOf(exchanged)
  for (const token of [next.a2, next.skey]) {
    const session = await device.call(b, '/v1/session', { token })
    t.equal(session.code, codes.TICKET_VALID)
    t.same(session.json.user, user, 'names and number are there after the exchange')
  }
  t.equal((await device.call(a, '/v1/logout', { token: next.skey })).code, codes.LOGGED_OUT)
  for (const token of [next.a2, next.skey])
    t.equal((await device.call(b, '/v1/session', { token, n: randomName() })).code, codes.TICKET_ENDED)
  return user
}

const fleet = await openFleet(t)
const early = await registerUser(await fleet.connect(), fleet.a)
const [watched, unseen, loading] = [await fleet.connect(), await fleet.connect(), await fleet.connect()]
await waitForReplica(primary, replica)
// What is written from here on the replica has ten seconds later.
await replica.asRoot('STOP SLAVE')
await replica.asRoot('CHANGE MASTER TO MASTER_DELAY=10')
await replica.asRoot('START SLAVE')

t.test('reads follow the own write for replicaLagBudgetMs, then the replica answers', async (t) => {
  const device = await fleet.connect()
  const { login, userId, userName } = early
  await fleet.db.write
    .updateTable('users')
    .set({ nickName: 'renamed' })
    .where('userId', '=', Number(userId))
    .execute()
  const started = performance.now()
  const { a2 } = ticketsOf(await device.call(fleet.a, '/v1/login', login))
  const nickName = async () => {
    const { json } = await device.call(fleet.b, '/v1/session', { token: a2, n: randomName() })
    return (json.user as { nickName: string }).nickName
  }
  for (;;) {
    const name = await nickName()
    // Only by then it is known when it was asked.
    if (performance.now() - started >= 1_990) break
    t.equal(name, 'renamed', 'from the primary')
  }
  await until('the replica answers', async () => (await nickName()) === userName, 30_000)
  printTime(t, 'the replica is read again', performance.now() - started)
})

t.test('the whole round works at once through two processes', async (t) => {
  const device = await fleet.connect(fleet.a)
  t.equal((await device.call(fleet.b, '/v1/echo')).code, codes.OK, 'a device provisioned a moment ago opens')
  const user = await goRound(t, fleet, device)
  t.same(await askReplica('SELECT user_id FROM users WHERE user_id = ?', [user.userId]), [])
  t.same(await askReplica('SELECT device_id FROM devices WHERE device_id = UNHEX(?)', [device.t]), [])
})

t.test('the round works too if the replica is further behind than was allowed for', async (t) => {
  const settings = { TORII__DATABASE__REPLICA_LAG_BUDGET_MS: '0' }
  const [a, b] = await Promise.all([fleet.start(t, settings), fleet.start(t, settings)])
  const user = await goRound(t, { a, b }, await fleet.connect(b))
  t.same(await askReplica('SELECT user_id FROM users WHERE user_id = ?', [user.userId]), [])
})

t.test('twenty devices at once provision with one process and call the other', async (t) => {
  const replies = await Promise.all(
    Array.from({ length: 20 }, async (_, at) => {
      const [one, other] = at % 2 ? [fleet.a, fleet.b] : [fleet.b, fleet.a]
      return (await fleet.connect(one)).call(other, '/v1/echo', { at })
    }),
  )
  t.same(countCodes(replies), { [codes.OK]: 20 })
})

t.test('a device that is held to the sealed envelope by one process is so in every other', async (t) => {
  const budgetMs = 8_000
  const settings = { TORII__DATABASE__REPLICA_LAG_BUDGET_MS: String(budgetMs) }
  const [a, b] = await Promise.all([fleet.start(t, settings), fleet.start(t, settings)])
  const startedAt = performance.now()
  const callOf =
    (target: Target, device: Device): Call =>
    async (path, members) =>
      (await device.call(target, path, members)).json as Answer
  const echo = (target: Target, device: Device) => callOf(target, device)('/v1/echo', { n: randomName() })
  const isHeld = async (target: Target, device: Device, title: string) => {
    t.equal((await echo(target, device)).code, codes.ENCRYPTION_REQUIRED, title)
    const { answer } = await beginExchange(callOf(target, device), 'AES-CTR')
    t.equal(answer.code, codes.ENCRYPTION_REQUIRED, `${title}: version 1`)
  }
  const hold = async (device: Device) => {
    const { fourth } = await exchangeSealedKeys(callOf(a, device), fleet.app.appId)
    t.equal(fourth.code, codes.OK)
    await isHeld(a, device, 'at once where it was done')
  }
  for (const device of [watched, unseen, loading]) t.equal((await echo(a, device)).code, codes.OK)
  t.equal((await echo(b, watched)).code, codes.OK)
  const isOlder = () => performance.now() - startedAt > budgetMs
  await until('nothing changed while a process started', isOlder, budgetMs + 2_000)
  // From here on it hears of nothing, and whoever asks it for a device waits until everything is over.
  await replica.asRoot('STOP SLAVE SQL_THREAD')
  const slow = await openConnection(t, fleet.database, testServers().replica)
  await replica.asRoot('SET GLOBAL read_only = OFF')
  await slow.query('LOCK TABLES devices WRITE')
  const asked = echo(b, loading)
  await until('the replica is asked', async () => {
    const rows = await replica.asRoot('SHOW FULL PROCESSLIST')
    return rows.some(({ State }) => String(State).includes('table metadata lock'))
  })
  for (const device of [loading, unseen, watched]) await hold(device)
  await until(
    'the other process has heard of it',
    async () => (await echo(b, watched)).code === codes.ENCRYPTION_REQUIRED,
  )
  await slow.query('UNLOCK TABLES')
  await replica.asRoot('SET GLOBAL read_only = ON')
  t.equal((await asked).code, codes.ENCRYPTION_REQUIRED, 'a device that was just being looked up')
  for (const device of [loading, unseen, watched]) await isHeld(b, device, 'in the other process')
  t.match(
    await askReplica('SELECT min_strength FROM devices WHERE device_id = UNHEX(?)', [watched.t]),
    [{ min_strength: 0 }],
    'the replica has not heard of it',
  )
  await replica.asRoot('START SLAVE SQL_THREAD')
  const late = await fleet.start(t, settings)
  for (const device of [loading, unseen, watched]) await isHeld(late, device, 'in a process that began later')
})
