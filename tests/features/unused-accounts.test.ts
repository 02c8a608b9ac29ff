/** Which accounts leave because their users never came back, on both engines; and what a removed account leaves behind. */
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { createAdmin } from '../../src/admin.ts'
import { loadConfig } from '../../src/config/load.ts'
import { codes } from '../harness/codes.ts'
import { createDevice, registerUser } from '../harness/devices.ts'
import { readCode } from '../harness/messages.ts'
import {
  createTestClock,
  type Environment,
  openShared,
  openTestServer,
  raisedLimits,
  until,
} from '../harness/test-server.ts'

t.setTimeout(120_000)

const dayMs = 24 * 3_600_000
const settings: Environment = {
  ...raisedLimits(),
  TORII__ACCOUNTS__UNUSED_DAYS: '40',
  TORII__ACCOUNTS__PASSWORD_REQUIRED: 'false',
  TORII__CAPTCHA__MODE: 'never',
  TORII__CODES__RESEND_SECONDS: '1',
  TORII__CODES__PER_HOUR: '100',
  TORII__CODES__PER_DAY: '100',
}

const engines: [name: string, open: (t: Test) => Promise<Environment>][] = [
  ['SQLite', async () => settings],
  [
    'MariaDB',
    async (t) => {
      const shared = await openShared(settings)
      t.teardown(() => shared.close())
      return shared.environment
    },
  ],
]

const open = async (t: Test, environment: Environment) => {
  const clock = createTestClock(Date.now())
  const world = await openTestServer({ environment, clock })
  t.teardown(() => world.close())
  const device = createDevice((await world.connect()).device, () => clock.now())
  const { db, removeOld } = world.server
  const statusOf = async (userId: string) => {
    const row = await db.write
      .selectFrom('accounts')
      .select('status')
      .where('userId', '=', Number(userId))
      .executeTakeFirstOrThrow()
    return row.status
  }
  const registerMail = async (email: string) => {
    const { json } = await world.callJson('/v1/register', { regmode: 'email', user: { email } })
    const code = await readCode(world.send, email)
    return (await world.callJson('/v1/verify', { flow: json.flow, code })).json
  }
  const { accounts } = createAdmin({ db, config: loadConfig(environment) })
  return { ...world, accounts, clock, device, db, removeOld, statusOf, registerMail }
}

for (const [engine, environment] of engines) {
  t.test(`${engine}: an account whose user never came back leaves, every other one stays`, async (t) => {
    const world = await open(t, await environment(t))
    const { clock, device, db, removeOld, statusOf, accounts } = world
    const call = (path: string, members: Record<string, unknown>) => device.call(world, path, members)
    const add = () => registerUser(device, world)
    const unused = await add()
    const left = await add()
    await call('/v1/logout', { token: left.skey })
    const back = await add()
    t.equal((await call('/v1/login', back.login)).code, codes.LOGGED_IN)
    const exchanged = await add()
    t.equal((await call('/v1/ticket/exchange', { token: exchanged.a2, to: 'skey', n: 'x' })).code, codes.OK)
    const disabled = await add()
    await accounts.disable(disabled.userId, 'test')
    const enabled = await add()
    await accounts.disable(enabled.userId, 'test')
    await accounts.enable(enabled.userId)
    const { user: verified } = (await world.registerMail('ann@good.example')) as { user: { userId: string } }
    const kept = { back, exchanged, disabled, enabled, verified }

    clock.add(40 * dayMs)
    await removeOld()
    t.equal(await statusOf(unused.userId), 'active', 'not before its day')
    // The device has expired by now.
    const later = createDevice((await world.connect()).device, () => clock.now())
    const young = await registerUser(later, world)
    clock.add(1)
    await removeOld()
    for (const user of [unused, left]) t.equal(await statusOf(user.userId), 'deleted')
    for (const [name, { userId }] of Object.entries({ ...kept, young }))
      t.equal(await statusOf(userId), name === 'disabled' ? 'disabled' : 'active', `${name}: stays`)
    t.equal((await later.call(world, '/v1/login', unused.login)).code, codes.LOGIN_FAILED)
    await registerUser(later, world, unused.userName)
    const events = await db.write
      .selectFrom('auditEvents')
      .select(['userId', 'detail'])
      .where('kind', '=', 'account.removed')
      .orderBy('userId')
      .execute()
    t.match(events, [{ userId: Number(unused.userId), detail: /unused/ }, { userId: Number(left.userId) }])
    const rows = await db.write
      .selectFrom('accounts')
      .select('userId')
      .where('unusedSince', 'is not', null)
      .execute()
    t.equal(rows.length, 2, 'only the young ones will be judged again')
  })

  t.test(`${engine}: an account with a live login waits until it expires`, async (t) => {
    const world = await open(t, {
      ...(await environment(t)),
      TORII__ACCOUNTS__UNUSED_DAYS: '1',
      TORII__TICKETS__A2_SECONDS: String(5 * 86_400),
    })
    const { userId } = await registerUser(world.device, world)
    world.clock.add(5 * dayMs - 1)
    await world.removeOld()
    t.equal(await world.statusOf(userId), 'active')
    world.clock.add(2)
    await world.removeOld()
    t.equal(await world.statusOf(userId), 'deleted')
  })

  t.test(`${engine}: they are found by an index`, async (t) => {
    const { db } = await open(t, await environment(t))
    const many =
      engine === 'SQLite'
        ? 'with recursive s(n) as (select 1 union all select n + 1 from s where n < 20000) select'
        : 'select'
    const tag = engine === 'SQLite' ? "x'00'" : "'x'"
    const from = engine === 'SQLite' ? 's' : '(select seq as n from seq_1_to_20000) as s'
    await sql
      .raw(
        `insert into accounts (tag, status, status_reason, epoch, created_at, updated_at, unused_since) ${many} ${tag}, 'active', '', 1, n, n, n from ${from}`,
      )
      .execute(db.write)
    const query = 'select user_id from accounts where unused_since < 400 order by unused_since limit 500'
    const explain = engine === 'SQLite' ? 'explain query plan' : 'explain'
    const { rows } = await sql.raw(`${explain} ${query}`).execute(db.write)
    t.match(JSON.stringify(rows), /accounts_unused/)
    t.notMatch(JSON.stringify(rows), /SCAN|"type":"ALL"|filesort|TEMP B-TREE/)
  })

  t.test(`${engine}: what was begun before an account was removed does nothing afterwards`, async (t) => {
    const world = await open(t, await environment(t))
    const { callJson, send, db, accounts, registerMail } = world
    const email = 'ann@good.example'
    const registered = (await registerMail(email)) as {
      user: { userId: string }
      tickets: { skey: string }
    }
    const { userId } = registered.user
    const begin = async (path: string, members: Record<string, unknown>, to = email) => {
      // Redis waits by its own clock until the next code may be sent.
      const flow = await until(`${path} sends a code`, async () => {
        world.clock.add(1_000)
        return (await callJson(path, members)).json.flow
      })
      return { flow, code: await readCode(send, to) }
    }
    const other = 'bea@good.example'
    const token = registered.tickets.skey
    const changed = await begin('/v1/address/change', { token, kind: 'email', address: other }, other)
    const login = await begin('/v1/code/send', { purpose: 'login', address: email })
    const spent = await begin('/v1/code/send', { purpose: 'reset', address: email })
    const granted = await callJson('/v1/password/reset', spent)
    t.equal(granted.json.code, codes.OK, JSON.stringify(granted.json))
    const reset = await begin('/v1/code/send', { purpose: 'reset', address: email })

    await accounts.remove(userId)
    const newPassword = 'six blue lanterns hum'
    const late: [what: string, path: string, members: Record<string, unknown>][] = [
      ['a reset', '/v1/password/reset', { ...reset, newPassword }],
      ['a grant', '/v1/password/reset', { grant: granted.json.grant, newPassword }],
      ['a login by code', '/v1/login', login],
      ['a change of address', '/v1/verify', changed],
    ]
    for (const [what, path, members] of late)
      t.equal((await callJson(path, members)).json.code, codes.CODE_EXPIRED, what)
    for (const table of ['addresses', 'addressChanges', 'verifiers', 'users'] as const)
      t.same(await db.write.selectFrom(table).selectAll().execute(), [], `${table}: nothing came back`)
    t.equal(await world.statusOf(userId), 'deleted')
    const again = await begin('/v1/register', { regmode: 'email', user: { email } })
    t.equal((await callJson('/v1/verify', again)).json.code, codes.REGISTERED, 'the address is free')
  })
}
