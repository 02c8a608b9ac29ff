/** A user ends the account, has days to think again, and then everything personal is gone; on both engines. */
import t, { type Test } from 'tap'
import { createAdmin } from '../../src/admin.ts'
import { loadConfig } from '../../src/config/load.ts'
import { codes } from '../harness/codes.ts'
import { createDevice, registerUser } from '../harness/devices.ts'
import { readCode, readMessages } from '../harness/messages.ts'
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
  TORII__CAPTCHA__MODE: 'never',
  TORII__ACCOUNTS__PASSWORD_REQUIRED: 'false',
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
  const { db } = world.server
  const { findSaltKey } = world
  const { accounts } = createAdmin({ db, config: loadConfig(environment), clock, findSaltKey })
  let count = 0
  const call = async (path: string, members: Record<string, unknown>) =>
    (await world.callJson(path, { ...members, rid: String(++count) })).json
  const accountOf = (userId: string) =>
    db.write
      .selectFrom('accounts')
      .select(['status', 'finalAt'])
      .where('userId', '=', Number(userId))
      .executeTakeFirstOrThrow()
  const eventsOf = async (userId: string) => {
    const rows = await db.write
      .selectFrom('userEvents')
      .select('kind')
      .where('userId', '=', Number(userId))
      .orderBy('number')
      .execute()
    return rows.map(({ kind }) => kind)
  }
  const sendCode = async (purpose: string, address: string) => {
    // Redis waits by its own clock until the next code may be sent.
    const flow = await until(`a code for ${purpose}`, async () => {
      clock.add(1_000)
      return (await call('/v1/code/send', { purpose, address })).flow
    })
    return { flow, code: await readCode(world.send, address) }
  }
  const registerMail = async (email: string, more: Record<string, unknown> = {}) => {
    const flow = await until('a code for register', async () => {
      clock.add(1_000)
      return (await call('/v1/register', { regmode: 'email', user: { email }, ...more })).flow
    })
    const registered = await call('/v1/verify', { flow, code: await readCode(world.send, email) })
    const { userId } = registered.user as { userId: string }
    return { userId, ...(registered.tickets as { a2: string; skey: string }) }
  }
  const leave = (token: string) => call('/v1/user/unregister', { token, unregister: true })
  return { ...world, clock, db, accounts, call, accountOf, eventsOf, sendCode, registerMail, leave }
}

for (const [engine, environment] of engines) {
  t.test(`${engine}: every ticket ends at once, and the user is told the date`, async (t) => {
    const { clock, send, call, accountOf, eventsOf, registerMail, leave } = await open(
      t,
      await environment(t),
    )
    const email = 'ann@good.example'
    const { userId, a2, skey } = await registerMail(email)
    const reply = await leave(skey)
    const finalAt = Math.floor((clock.now() + 14 * dayMs) / 1_000)
    t.match(reply, { code: codes.OK, finalAt })
    t.match(await accountOf(userId), { status: 'leaving' })
    t.match(await call('/v1/session', { token: skey }), { code: codes.TICKET_ENDED, reason: 'leaving' })
    const exchange = await call('/v1/ticket/exchange', { token: a2, to: 'skey' })
    t.match(exchange, { code: codes.NOT_LOGGED_IN, reason: 'leaving' })
    t.equal((await leave(skey)).code, codes.NOT_LOGGED_IN, 'its ticket leaves no second time')
    const date = new Date(finalAt * 1_000).toISOString().slice(0, 10)
    const told = (await readMessages(send)).filter(({ to, text }) => to === email && text.includes(date))
    t.equal(told.length, 1, 'one mail with the date')
    t.same(await eventsOf(userId), ['user.registered', 'login.ended', 'user.leaving'])
  })

  t.test(`${engine}: it asks for a fresh login, a member of its own, and no other member`, async (t) => {
    const { clock, call, registerMail, leave, accountOf } = await open(t, await environment(t))
    const { userId, skey: token } = await registerMail('ann@good.example')
    t.equal((await call('/v1/user/unregister', { token })).code, codes.PARAMETER_MISSING)
    const more = { token, unregister: true, userId: '10001' }
    t.equal((await call('/v1/user/unregister', more)).code, codes.PARAMETER_INVALID)
    const no = { token, unregister: false }
    t.equal((await call('/v1/user/unregister', no)).code, codes.PARAMETER_INVALID)
    clock.add(600_000)
    t.equal((await leave(token)).code, codes.FRESH_LOGIN_NEEDED)
    t.match(await accountOf(userId), { status: 'active', finalAt: null })
  })

  t.test(
    `${engine}: logging in within the days takes it back, by a code, a password, or with a new one`,
    async (t) => {
      const world = await open(t, await environment(t))
      const { clock, call, accountOf, eventsOf, sendCode, registerMail, leave, send } = world
      const email = 'ann@good.example'
      const { userId, skey } = await registerMail(email)
      await leave(skey)
      clock.add(14 * dayMs - 60_000)
      const back = await call('/v1/login', await sendCode('login', email))
      t.match(back, { code: codes.LOGGED_IN, recovered: true })
      t.match(await accountOf(userId), { status: 'active', finalAt: null })
      t.same((await eventsOf(userId)).slice(-2), ['user.leaving', 'user.recovered'])
      t.match((await readMessages(send)).map(({ to }) => to).includes(email), true)
      const again = await call('/v1/login', await sendCode('login', email))
      t.notOk(again.recovered, 'only the login that took it back says so')

      const device = createDevice((await world.connect()).device, () => clock.now())
      const user = await registerUser(device, world)
      const ask = { token: user.skey, unregister: true }
      t.equal((await device.call(world, '/v1/user/unregister', ask)).code, codes.OK)
      const wrong = { ...user.login, clientHash: 'x'.repeat(31) }
      t.equal((await device.call(world, '/v1/login', wrong)).code, codes.LOGIN_FAILED)
      t.match(await accountOf(user.userId), { status: 'leaving' }, 'a wrong password takes nothing back')
      t.match((await device.call(world, '/v1/login', user.login)).json, { recovered: true })
      t.match(await accountOf(user.userId), { status: 'active' })
    },
  )

  t.test(
    `${engine}: a code for recover takes it back, and unlocks an account; asking tells nothing`,
    async (t) => {
      const { db, clock, call, accountOf, sendCode, registerMail, leave } = await open(
        t,
        await environment(t),
      )
      const email = 'ann@good.example'
      const { userId, skey } = await registerMail(email)
      await leave(skey)
      const reset = await call('/v1/password/reset', await sendCode('reset', email))
      t.match(reset, { code: codes.ACCOUNT_DISABLED, reason: 'leaving' })
      const login = await sendCode('login', email)
      t.equal((await call('/v1/user/recover', login)).code, codes.CODE_EXPIRED, 'no code of another purpose')
      const sent = await sendCode('recover', email)
      t.equal((await call('/v1/login', sent)).code, codes.CODE_EXPIRED)
      t.match(await call('/v1/user/recover', sent), { code: codes.OK, recovered: true, unlocked: false })
      t.match(await accountOf(userId), { status: 'active', finalAt: null })
      t.equal((await call('/v1/user/recover', sent)).code, codes.CODE_EXPIRED, 'once')

      const { tag } = await db.write
        .selectFrom('accounts')
        .select('tag')
        .where('userId', '=', Number(userId))
        .executeTakeFirstOrThrow()
      await db.write
        .insertInto('loginStreaks')
        .values({ loginKey: tag, failures: 50, lastFailedAt: clock.now() })
        .execute()
      const unlock = await call('/v1/user/recover', await sendCode('recover', email))
      t.match(unlock, { code: codes.OK, recovered: false, unlocked: true })
      const unknown = await sendCode('recover', 'no-one@good.example')
      t.equal(unknown.code, '', 'no code, and the same answer')
      const guess = { flow: unknown.flow, code: '000000' }
      t.equal((await call('/v1/user/recover', guess)).code, codes.CODE_WRONG)
    },
  )

  t.test(`${engine}: after its days it is erased for good, and its number is given to no one`, async (t) => {
    const world = await open(t, await environment(t))
    const { clock, db, accounts, call, accountOf, sendCode, registerMail, leave } = world
    const email = 'ann@good.example'
    const { userId, skey } = await registerMail(email)
    const { userId: other } = await registerMail('bea@good.example')
    await leave(skey)
    clock.add(14 * dayMs - 10_000)
    await accounts.eraseDue()
    t.match(await accountOf(userId), { status: 'leaving' }, 'not before its time')
    const login = await sendCode('login', email)
    clock.add(20_000)
    const late = await call('/v1/login', login)
    t.match(late, { code: codes.ACCOUNT_DISABLED, reason: 'leaving' }, 'also where the job comes late')
    await accounts.eraseDue()
    t.match(await accountOf(userId), { status: 'deleted', finalAt: null })
    t.match(await accountOf(other), { status: 'active' })
    for (const table of ['users', 'addresses', 'verifiers'] as const) {
      const rows = await db.write
        .selectFrom(table)
        .select('userId')
        .where('userId', '=', Number(userId))
        .execute()
      t.same(rows, [], table)
    }
    t.equal((await call('/v1/login', login)).code, codes.CODE_EXPIRED)
    clock.add(90 * dayMs)
    const { userId: next } = await registerMail(email)
    t.ok(Number(next) > Number(other), 'a new account has a new number')
    const audit = await db.write
      .selectFrom('auditEvents')
      .select(['kind', 'network'])
      .where('userId', '=', Number(userId))
      .orderBy('eventId')
      .execute()
    t.same(audit, [
      { kind: 'account.leaving', network: null },
      { kind: 'account.removed', network: null },
    ])
  })

  t.test(`${engine}: an administrator who disables a leaving account keeps it`, async (t) => {
    const { clock, accounts, call, accountOf, sendCode, registerMail, leave } = await open(
      t,
      await environment(t),
    )
    const email = 'ann@good.example'
    const { userId, skey } = await registerMail(email)
    await leave(skey)
    const { status, finalAt } = await accounts.show(userId)
    t.equal(status, 'leaving')
    t.ok(Number(finalAt) > clock.now(), 'the command shows the date')
    await accounts.disable(userId, 'looked into')
    clock.add(15 * dayMs)
    await accounts.eraseDue()
    t.match(await accountOf(userId), { status: 'disabled', finalAt: null })
    const refused = await call('/v1/user/recover', await sendCode('recover', email))
    t.match(refused, { code: codes.ACCOUNT_DISABLED, reason: 'disabled' })
    await accounts.enable(userId)
    t.match(await accountOf(userId), { status: 'active', finalAt: null })
  })

  t.test(`${engine}: an account leaves five times in a day at most`, async (t) => {
    const { call, sendCode, registerMail, leave, accountOf } = await open(t, await environment(t))
    const email = 'ann@good.example'
    const { userId, skey } = await registerMail(email)
    let token = skey
    for (let at = 0; at < 5; at++) {
      t.equal((await leave(token)).code, codes.OK)
      const { tickets } = await call('/v1/login', await sendCode('login', email))
      token = (tickets as { skey: string }).skey
    }
    t.equal((await leave(token)).code, codes.TOO_OFTEN)
    t.match(await accountOf(userId), { status: 'active' })
  })
}
