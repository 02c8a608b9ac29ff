/** A password that an administrator has set: what it opens, and what it does not. */
import t, { type Test } from 'tap'
import { createAdmin } from '../../src/admin.ts'
import { openHashing } from '../../tools/user/hashing.ts'
import { codes } from '../harness/codes.ts'
import { exchangeKey, helloFrame, proofOf } from '../harness/key-client.ts'
import { readCode, readMessages } from '../harness/messages.ts'
import { type Answer, clientHashOf, openWays, openWorld, register, type Tickets, type User } from './world.ts'

t.setTimeout(60_000)

const hourMs = 3_600_000

const [oldWord, oneTime, newWord] = ['quite right', 'told by phone', 'much better now']
const [mail, phone] = ['amber@mail.example', '+8613800138000']

type Salts = { cost: number; logins: { kind: string; salt: string }[] }

/** A user with both kinds of address, and what `torii user set-password` does. */
const openUser = async (t: Test) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const { config, clock, server } = world
  const userId = Number(((await register(call, 'amber', oldWord)).user as User).userId)
  const now = { createdAt: clock.now() }
  for (const [kind, text] of [['email', mail] as const, ['phone', phone] as const]) {
    const loginKey = Buffer.from(`${kind}:${text}`)
    const own = { userId, loginKey, ...now }
    const { write } = server.db
    await write
      .insertInto('addresses')
      .values({ kind, text, verifiedAt: now.createdAt, ...own })
      .execute()
    const none = { verifier: 'none', nextVerifier: null, saltFrom: null, updatedAt: now.createdAt }
    await write
      .insertInto('verifiers')
      .values({ ...own, ...none })
      .execute()
  }
  const { accounts } = createAdmin({ db: server.db, config, clock })
  const setPassword = async (password: string) => {
    const hashing = await openHashing(config, server.db)
    await accounts.openSetPassword(hashing)(userId, password).finally(hashing.close)
  }
  const logIn = (login: string, password: string, more = {}) =>
    call('/v1/login', { login, password, ...more })
  const codeFor = async (purpose: 'login' | 'reset') => {
    // Messages of one moment have no order.
    clock.add(1)
    const { flow } = await call('/v1/code/send', { purpose, address: mail })
    return { flow, code: await readCode(world.send, mail) }
  }
  const logins = ['amber', String(userId), mail, phone]
  return { ...world, call, setPassword, logIn, codeFor, logins }
}

const mustChange = (t: Test, reply: Answer, what: string) => {
  t.equal(reply.code, codes.PASSWORD_MUST_CHANGE, `${what}: ${JSON.stringify(reply)}`)
  t.strictSame([reply.tickets, reply.user], [undefined, undefined], `${what}: no ticket, no user`)
}

t.test(
  'a password that was set gives no ticket, in no way, and everything of before has ended',
  async (t) => {
    const { call, clock, setPassword, logIn, codeFor, logins } = await openUser(t)
    const tm = () => String(clock.now())
    const key = await exchangeKey(call, 'AES-CTR', clock.now)
    const { a2 } = (await logIn('amber', oldWord, proofOf(key, tm()))).tickets as Tickets
    const early = await codeFor('login')
    clock.add(6_000)
    t.match(await call('/v1/hello', helloFrame(key, tm())), { user: { userName: 'amber' } }, 'it resumes')

    await setPassword(oneTime)
    const ended = { code: codes.NOT_LOGGED_IN, reason: 'password-changed', tickets: undefined }
    t.match(await call('/v1/ticket/exchange', { token: a2, to: 'skey' }), ended)
    const resume = async () => {
      clock.add(6_000)
      const { tickets, user, hello } = await call('/v1/hello', helloFrame(key, tm()))
      t.strictSame([tickets, user], [undefined, undefined], JSON.stringify(hello))
    }
    await resume()
    for (const login of ['amber', mail])
      t.equal((await logIn(login, oldWord)).code, codes.LOGIN_FAILED, login)
    for (const login of logins) mustChange(t, await logIn(login, oneTime), login)
    const device = { type: 'phone', device: 'another' }
    mustChange(t, await logIn('amber', oneTime, { device, ...proofOf(key, tm()) }), 'on a key')
    await resume()
    mustChange(t, await call('/v1/login', early), 'a code that was sent before')
    mustChange(t, await call('/v1/login', early), 'the code is not used up, and opens no more')
  },
)

t.test('hashes of a new password for all salts log in, and the one-time password is over', async (t) => {
  const { server, setPassword, logIn, logins } = await openUser(t)
  await setPassword(oneTime)
  const refusal = await logIn(mail, oneTime)
  const { cost, logins: salts } = refusal as unknown as Salts
  t.strictSame(salts.map(({ kind }) => kind).sort(), ['email', 'name', 'number', 'phone'])
  const hashAll = (password: string) =>
    Promise.all(
      salts.map(async ({ salt }) => ({ salt, clientHash: await clientHashOf(password, { salt, cost }) })),
    )
  const refused: [what: string, members: object, code: number][] = [
    ['the same again', { newPassword: oneTime }, codes.PARAMETER_INVALID],
    ['the hashes of the same', { hashes: await hashAll(oneTime) }, codes.PARAMETER_INVALID],
    ['a common one', { newPassword: 'woaini1314' }, codes.PASSWORD_COMMON],
    ['a hash too few', { hashes: (await hashAll(newWord)).slice(1) }, codes.PARAMETER_MISSING],
  ]
  for (const [what, members, code] of refused) {
    const reply = await logIn(mail, oneTime, members)
    t.match([reply.code, reply.tickets], [code, undefined], what)
  }
  const reply = await logIn(mail, oneTime, { hashes: await hashAll(newWord) })
  t.match(reply, {
    code: codes.LOGGED_IN,
    user: { userName: 'amber' },
    tickets: { a2: /^a2_/, skey: /^sk_/ },
  })
  t.equal((await logIn('amber', oneTime)).code, codes.LOGIN_FAILED)
  t.equal((await logIn(mail, oneTime, { newPassword: 'yet another' })).code, codes.LOGIN_FAILED)
  for (const login of logins) t.equal((await logIn(login, newWord)).code, codes.LOGGED_IN, login)
  const events = await server.db.write.selectFrom('auditEvents').select('kind').execute()
  const kinds = events.map(({ kind }) => kind).filter((kind) => kind.startsWith('password.'))
  t.strictSame(kinds, ['password.set', 'password.changed'])
})

t.test('of several new passwords at once for a one-time password one counts', async (t) => {
  const { setPassword, logIn } = await openUser(t)
  await setPassword(oneTime)
  const words = ['first good one', 'second good one', 'third good one']
  const replies = await Promise.all(words.map((newPassword) => logIn('amber', oneTime, { newPassword })))
  const good = words.filter((_, at) => replies[at]?.code === codes.LOGGED_IN)
  t.equal(good.length, 1, JSON.stringify(replies.map(({ code }) => code)))
  t.equal((await logIn('amber', good[0] ?? '')).code, codes.LOGGED_IN)
})

t.test('a reset by a code goes on without the one-time password', async (t) => {
  const { call, setPassword, logIn, codeFor } = await openUser(t)
  await setPassword(oneTime)
  const reply = await call('/v1/password/reset', { ...(await codeFor('reset')), newPassword: newWord })
  t.match(reply, { code: codes.OK, tickets: { skey: /^sk_/ } })
  t.equal((await logIn('amber', newWord)).code, codes.LOGGED_IN)
  t.equal((await logIn('amber', oneTime)).code, codes.LOGIN_FAILED)
})

t.test('a password that was set works for a time, and its user is told by mail', async (t) => {
  const { setPassword, logIn, codeFor, call, clock, send } = await openUser(t)
  await setPassword(oneTime)
  const told = (await readMessages(send)).filter(({ to }) => to === mail)
  t.equal(told.length, 1)
  t.match(told[0]?.text, /password-changed/)
  clock.add(71 * hourMs)
  mustChange(t, await logIn('amber', oneTime), 'in time')
  clock.add(2 * hourMs)
  const over = await logIn('amber', oneTime)
  t.match(over, { code: codes.LOGIN_FAILED, info: /one-time password is over/ })
  t.match(await logIn('amber', oneTime, { newPassword: newWord }), { code: codes.LOGIN_FAILED })
  await setPassword('told once more')
  const again = await logIn('amber', 'told once more', { newPassword: newWord })
  t.equal(again.code, codes.LOGGED_IN, 'another one')
  await setPassword(oneTime)
  clock.add(73 * hourMs)
  const reset = await call('/v1/password/reset', { ...(await codeFor('reset')), newPassword: 'a third one' })
  t.equal(reset.code, codes.OK, 'a code is the way on')
})
