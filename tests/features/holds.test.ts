/** Names and addresses of an erased account are free for no other user for a time, on no way and on both engines. */
import t, { type Test } from 'tap'
import { createAdmin } from '../../src/admin.ts'
import { loadConfig } from '../../src/config/load.ts'
import { codes } from '../harness/codes.ts'
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
  TORII__ACCOUNTS__REGRET_DAYS: '1',
  TORII__ACCOUNTS__NAMES_FREED_DAYS: '60',
  TORII__SERVER__PUBLIC_URL: 'https://login.example',
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

type Members = Record<string, unknown>
const password = 'correct horse'
/** Without what differs from call to call, and the reason, which only a trial tells. */
const told = ({ flow: _, rid: _rid, timestamp: _at, info: _info, ...reply }: Members) => JSON.stringify(reply)

const open = async (t: Test, environment: Environment) => {
  const clock = createTestClock(Date.now())
  const world = await openTestServer({ environment, clock })
  t.teardown(() => world.close())
  const { db } = world.server
  const { findSaltKey, send } = world
  const openAdmin = (more: Members = { findSaltKey }) =>
    createAdmin({ db, config: loadConfig(environment), clock, ...more }).accounts
  let count = 0
  const call = async (path: string, members: Members) =>
    (await world.callJson(path, { ...members, rid: String(++count) })).json
  /** Redis waits by its own clock until the next code may be sent. */
  const ask = (path: string, members: Members) =>
    until(`${path} sends a code`, async () => {
      clock.add(1_000)
      const reply = await call(path, members)
      return reply.flow || reply.code === codes.ALREADY_REGISTERED ? reply : undefined
    })
  const begin = (email: string, user: Members = {}) =>
    ask('/v1/register', { regmode: 'email', user: { email, ...user } })
  const verify = async ({ flow }: Members, email: string) =>
    call('/v1/verify', { flow, code: await readCode(send, email) })
  const registerMail = async (email: string, userName: string) => {
    const made = await verify(await begin(email, { userName }), email)
    const { userId } = made.user as { userId: string }
    return { userId, token: (made.tickets as { skey: string }).skey }
  }
  const logIn = async (email: string) => {
    const { flow } = await ask('/v1/code/send', { purpose: 'login', address: email })
    const { tickets } = await call('/v1/login', { flow, code: await readCode(send, email) })
    return (tickets as { skey: string }).skey
  }
  const registerName = (userName: string) =>
    call('/v1/register', { regmode: 'anonymous', user: { userName }, password })
  /** Leaves, and is erased when the time of regret is over. */
  const erase = async (token: string) => {
    t.equal((await call('/v1/user/unregister', { token, unregister: true })).code, codes.OK)
    clock.add(dayMs + 1)
    await openAdmin().eraseDue()
  }
  const countMarks = async () => (await db.write.selectFrom('heldMarks').select('mark').execute()).length
  const tools = { call, ask, begin, verify, registerMail, registerName, logIn, erase, countMarks, openAdmin }
  return { ...world, ...tools, clock, db }
}

for (const [engine, environment] of engines) {
  t.test(
    `${engine}: no way gives out the name or the address of an erased account before its time`,
    async (t) => {
      const world = await open(t, await environment(t))
      const { call, ask, begin, verify, registerMail, registerName, logIn, erase, clock, server } = world
      const email = 'ann@good.example'
      const { token } = await registerMail(email, 'annlovelace')
      await registerMail('bea@good.example', 'beatrice')
      await erase(token)

      const taken = await registerName('beatrice')
      t.equal(taken.code, codes.ALREADY_REGISTERED)
      for (const name of ['annlovelace', 'AnnLovelace', 'annIovelace']) {
        t.equal(told(await registerName(name)), told(taken), `${name} is refused as a name that is taken`)
      }
      const named = await begin('cleo@good.example', { userName: 'annlovelace' })
      t.equal(told(named), told(await begin('cleo@good.example', { userName: 'beatrice' })))
      t.equal(named.code, codes.ALREADY_REGISTERED)

      const held = await begin('Ann@Good.example')
      const ofTaken = await begin('bea@good.example')
      t.equal(told(held), told(ofTaken), 'asking for a code does not tell that it is held')
      const [guess, guessTaken] = await Promise.all(
        [held, ofTaken].map(({ flow }) => call('/v1/verify', { flow, code: '000000' })),
      )
      t.equal(told(guess ?? {}), told(guessTaken ?? {}), 'nor does a wrong code')
      t.match(
        await verify(held, 'Ann@good.example'),
        { code: codes.ALREADY_REGISTERED },
        'its owner learns it',
      )

      const bea = await logIn('bea@good.example')
      const asked = { token: bea, kind: 'email', address: email }
      const change = await ask('/v1/address/change', asked)
      t.equal((await verify(change, email)).code, codes.ALREADY_REGISTERED)
      const { addresses } = await call('/v1/address/list', { token: bea })
      t.match(addresses, [{ address: 'bea@good.example' }], 'the address of before stays')
      const rename = (userName: string) => call('/v1/user/set', { token: bea, userName })
      t.equal(
        told(await rename('annlovelace')),
        told(await rename('admin')),
        'another user cannot take it either',
      )
      t.equal((await rename('annIovelace')).code, codes.ALREADY_REGISTERED)

      clock.add(59 * dayMs)
      await server.removeOld()
      t.equal((await registerName('annlovelace')).code, codes.ALREADY_REGISTERED, 'until the last day')
      clock.add(dayMs)
      t.equal((await registerName('annlovelace')).code, codes.REGISTERED)
      t.equal((await verify(await begin(email), email)).code, codes.REGISTERED)
      await server.removeOld()
      t.equal(await world.countMarks(), 0, 'its marks have left')
    },
  )

  t.test(`${engine}: a former owner takes an address back that a later one was erased with`, async (t) => {
    const world = await open(t, await environment(t))
    const { call, ask, verify, registerMail, erase, countMarks, request } = { ...world, request: world.send }
    const email = 'ann@good.example'
    const { token } = await registerMail(email, 'annlovelace')
    const change = await ask('/v1/address/change', { token, kind: 'email', address: 'new@good.example' })
    t.equal((await verify(change, 'new@good.example')).code, codes.OK)
    const notice = (await readMessages(world.send)).find(
      ({ to, text }) => to === email && text.includes('undo#'),
    )
    const secret = /\/address\/undo#([\w-]+)/.exec(notice?.text ?? '')?.[1] ?? ''
    const later = await registerMail(email, 'another')
    await erase(later.token)
    const marks = await countMarks()
    const reply = await request({
      method: 'POST',
      url: '/address/undo',
      headers: { host: 'localhost', 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ secret }).toString(),
    })
    t.equal(reply.status, 200, reply.body)
    t.equal(await countMarks(), marks - 1, 'the address is held no more: it has an owner')
    t.ok(await world.logIn(email))
    t.equal((await call('/v1/session', { token })).code, codes.TICKET_ENDED)
  })

  t.test(
    `${engine}: a name that was given up before stays held for its time, and no table keeps it`,
    async (t) => {
      const { call, registerMail, registerName, erase, clock, db } = await open(t, await environment(t))
      const { token } = await registerMail('ann@good.example', 'annlovelace')
      t.equal((await call('/v1/user/set', { token, userName: 'countess' })).code, codes.OK)
      await erase(token)
      t.same(await db.write.selectFrom('heldNames').selectAll().execute(), [])
      for (const name of ['annlovelace', 'countess'])
        t.equal((await registerName(name)).code, codes.ALREADY_REGISTERED, name)
      clock.add(60 * dayMs)
      t.equal((await registerName('countess')).code, codes.REGISTERED, 'accounts.namesFreedDays')
      t.equal((await registerName('annlovelace')).code, codes.ALREADY_REGISTERED, 'users.holdNameDays')
      clock.add(30 * dayMs)
      t.equal((await registerName('annlovelace')).code, codes.REGISTERED)
    },
  )

  t.test(
    `${engine}: without the server key an administrator erases too, and all is free at once`,
    async (t) => {
      const { registerMail, registerName, countMarks, openAdmin } = await open(t, await environment(t))
      const { userId } = await registerMail('ann@good.example', 'annlovelace')
      await openAdmin({}).remove(userId)
      t.equal(await countMarks(), 0)
      t.equal((await registerName('annlovelace')).code, codes.REGISTERED)
    },
  )
}
