/** Accounts with an e-mail address or a phone: registering, logging in by password and by code. */
import t, { type Test } from 'tap'
import type { ErrorName } from '../../src/protocol/errors.ts'
import { codes } from '../harness/codes.ts'
import { readCode, readMessages } from '../harness/messages.ts'
import type { Environment } from '../harness/test-server.ts'
import { type Answer, clientHashOf, type Members, openWays, openWorld, type User } from './world.ts'

const open = async (t: Test, environment: Environment = {}) => {
  const world = await openWorld(t, {
    TORII__ADDRESSES__DEFAULT_REGION: 'CN',
    TORII__CODES__RESEND_SECONDS: '1',
    TORII__CODES__PER_HOUR: '1000',
    TORII__CODES__PER_DAY: '1000',
    ...environment,
  })
  const { JSON: call, 't and j by POST': callTotp } = await openWays(world)
  const codeOf = (to: string) => readCode(world.send, to)
  const kdfOf = async (login: string | number) =>
    (await call('/v1/prelogin', { login })) as unknown as { salt: string; cost: number }
  const verify = async (reply: Answer, to: string, more: Members = {}) =>
    call('/v1/verify', { flow: reply.flow, code: await codeOf(to), ...more })
  const registerMail = (email: string, more: Members = {}) =>
    call('/v1/register', { regmode: 'email', user: { email }, password: 'correct horse', ...more })
  const logIn = (login: string | number, password: string) => call('/v1/login', { login, password })
  /** From sending to being logged in. */
  const logInByCode = async (address: string, to = address) => {
    world.clock.add(2_000)
    const sent = await call('/v1/code/send', { purpose: 'login', address })
    return call('/v1/login', { flow: sent.flow, code: await codeOf(to) })
  }
  return { ...world, call, callTotp, codeOf, kdfOf, verify, registerMail, logIn, logInByCode }
}

const is = (t: Test, reply: Answer, name: ErrorName, what = '') =>
  t.equal(reply.code, codes[name], `${what || name}: ${JSON.stringify(reply)}`)

t.test('registers with an e-mail address; the account is there when the code is right', async (t) => {
  const { call, registerMail, logIn, codeOf, server } = await open(t)
  const waiting = await registerMail('Ann@Good.Example', {
    user: { email: 'Ann@Good.Example', nickName: 'Ann' },
  })
  is(t, waiting, 'REGISTERED_MAIL_SENT')
  t.match(waiting, { result: 'ok', status: 'waitcode', params: { status: 'waitcode' } })
  t.match(waiting, { flow: /^register-[0-9a-f]{32}$/, resendSeconds: 1, expiresSeconds: 600 })
  t.notOk(waiting.user)
  is(t, await logIn('ann@good.example', 'correct horse'), 'LOGIN_FAILED', 'not yet')
  t.same(await server.db.write.selectFrom('accounts').select('userId').execute(), [], 'no account yet')

  is(t, await call('/v1/verify', { flow: waiting.flow, code: '0' }), 'CODE_WRONG')
  const code = await codeOf('Ann@good.example')
  const made = await call('/v1/verify', { flow: waiting.flow, code, device: { type: 'phone' } })
  is(t, made, 'REGISTERED')
  t.match(made, { status: 'loginok', user: { nickName: 'Ann', userName: /^user-[0-9a-f]{12}$/ } })
  t.match(made.tickets, { a2: /^a2_/, skey: /^sk_/ })
  is(t, await call('/v1/verify', { flow: waiting.flow, code }), 'CODE_EXPIRED', 'once')
  const { userId, userName } = made.user as User
  for (const login of [
    'Ann@Good.Example',
    'ann@good.example',
    ' ANN@GOOD.EXAMPLE ',
    Number(userId),
    userName,
  ]) {
    const reply = await logIn(login, 'correct horse')
    is(t, reply, 'LOGGED_IN', String(login))
    t.equal((reply.user as User).userId, userId)
  }
  is(t, await logIn('ann@good.example', 'wrong'), 'LOGIN_FAILED')
})

t.test('each login has a salt of its own, and a client hash works for each', async (t) => {
  const { call, kdfOf, verify } = await open(t)
  const salt = 'abcdefghijklmnopqrstuu'
  const kdf = await kdfOf('ann@good.example')
  t.same(await kdfOf('ANN@good.EXAMPLE'), kdf, 'one salt for all spellings')
  t.same((await kdfOf('138 0013 8000')).salt, (await kdfOf('+86 138-0013-8000')).salt)
  const waiting = await call('/v1/register', {
    regmode: 'email',
    user: { email: 'ann@good.example', userName: 'Ann' },
    clientHash: await clientHashOf('correct horse', kdf),
    salt: kdf.salt,
    number: { salt, clientHash: await clientHashOf('correct horse', { ...kdf, salt }) },
  })
  is(t, waiting, 'REGISTERED_MAIL_SENT')
  const made = await verify(waiting, 'ann@good.example')
  const userId = Number((made.user as User).userId)
  t.same(await kdfOf('ann@good.example'), kdf, 'the same before, while and after')
  const logIn = async (login: string | number, password: string) =>
    call('/v1/login', { login, clientHash: await clientHashOf(password, await kdfOf(login)) })
  is(t, await logIn('ann@good.example', 'correct horse'), 'LOGGED_IN')
  is(t, await logIn(userId, 'correct horse'), 'LOGGED_IN')
  is(t, await logIn(userId, 'wrong'), 'LOGIN_FAILED')
  is(t, await logIn('Ann', 'correct horse'), 'LOGIN_FAILED', 'no hash was made for the name')
  const other = await call('/v1/register', {
    regmode: 'email',
    user: { email: 'bob@good.example' },
    clientHash: await clientHashOf('correct horse', kdf),
    salt: kdf.salt,
  })
  is(t, other, 'PARAMETER_INVALID', 'the salt of another address')
})

t.test('a client hash for the user name opens that, too', async (t) => {
  const { call, kdfOf, verify } = await open(t)
  const email = 'ann@good.example'
  const hashFor = async (login: string) => {
    const kdf = await kdfOf(login)
    return { salt: kdf.salt, clientHash: await clientHashOf('correct horse', kdf) }
  }
  const members = { regmode: 'email', user: { email, userName: 'Ann' }, ...(await hashFor(email)) }
  const wrong = { ...members, name: await hashFor('Bob') }
  const refused = await call('/v1/register', wrong)
  is(t, refused, 'PARAMETER_INVALID', 'the salt of another name')
  t.equal(refused.info, 'name.salt')
  for (const name of [[], 'x', {}, { salt: 'x', clientHash: 'x' }, { ...(await hashFor('Ann')), salt: 7 }]) {
    t.match((await call('/v1/register', { ...members, name })).code, /^20001/, JSON.stringify(name))
  }
  const waiting = await call('/v1/register', { ...members, name: await hashFor('Ann') })
  const { user } = (await verify(waiting, email)) as unknown as { user: User }
  for (const login of ['Ann', email]) {
    is(t, await call('/v1/login', { login, ...(await hashFor(login)) }), 'LOGGED_IN', login)
    is(t, await call('/v1/login', { login, password: 'correct horse' }), 'LOGGED_IN', login)
    is(t, await call('/v1/login', { login, password: 'wrong' }), 'LOGIN_FAILED', login)
  }
  is(t, await call('/v1/login', { login: user.userId, password: 'correct horse' }), 'LOGGED_IN', 'by number')

  const bare = { regmode: 'email', user: { email: 'bob@good.example', userName: 'Bob' } }
  const without = await call('/v1/register', { ...bare, name: await hashFor('Bob') })
  is(t, without, 'PARAMETER_MISSING', 'a hash for the address is still needed')
})

t.test('registers with a phone, in every spelling one number', async (t) => {
  const { call, verify, logIn, codeOf, clock } = await open(t)
  const user = { phone: '138 0013 8000', userName: 'Amber' }
  const waiting = await call('/v1/register', { regmode: 'phone', user, password: 'correct horse' })
  is(t, waiting, 'REGISTERED_SMS_SENT')
  const made = await verify(waiting, '+8613800138000')
  is(t, made, 'REGISTERED')
  t.match(made.user, { userName: 'Amber', nickName: 'Amber' })
  for (const login of [
    '13800138000',
    '+86 138 0013 8000',
    '１３８-００１３-８０００',
    '0086 13800138000',
    'amber',
  ]) {
    is(t, await logIn(login, 'correct horse'), 'LOGGED_IN', login)
  }
  clock.add(2_000)
  const again = { phone: '+8613800138000' }
  is(
    t,
    await call('/v1/register', { regmode: 'phone', user: again, password: 'x correct' }),
    'REGISTERED_SMS_SENT',
  )
  t.equal(await codeOf('+8613800138000'), '', 'its owner gets a notice without a code')
  for (const phone of ['+39 06 1234 5678', '12345', 'amber', '+8613800138000\r\n']) {
    const reply = await call('/v1/register', { regmode: 'phone', user: { phone }, password: 'correct horse' })
    t.ok(
      [codes.PHONE_INVALID, codes.PARAMETER_INVALID].includes(reply.code as never),
      `${phone}: ${reply.code}`,
    )
  }
  is(
    t,
    await call('/v1/register', {
      regmode: 'anonymous',
      user: { userName: '138-0013-8000' },
      password: 'x correct',
    }),
    'TEXT_CHARACTERS',
  )
})

t.test('an address in use is answered the same, and its owner gets a notice', async (t) => {
  const { call, callTotp, registerMail, verify, send, clock } = await open(t)
  is(t, await verify(await registerMail('ann@good.example'), 'ann@good.example'), 'REGISTERED')
  clock.add(2_000)
  const [used, free] = [await registerMail('ANN@good.example'), await registerMail('new@good.example')]
  const bare = ({ flow, ...rest }: Answer) => ({ ...rest, flow: String(flow).length })
  t.same(bare(used), bare(free))
  t.same(Object.keys(used), Object.keys(free))
  const messages = await readMessages(send)
  const notice = messages.find(({ to }) => to === 'ann@good.example')?.text
  t.match(notice, /address-in-use/)
  t.notMatch(notice, /(?<!\d)\d{6}(?!\d)/, 'without a code')
  const wrong = await call('/v1/verify', { flow: used.flow, code: '123456' })
  t.same(wrong, await call('/v1/verify', { flow: free.flow, code: '123456' }), 'and no code is right')
  const user = { email: 'ann@good.example' }
  is(
    t,
    await callTotp('/v1/register', { regmode: 'email', user, password: 'correct horse' }),
    'CODE_TOO_SOON',
  )
})

t.test('refuses what cannot be registered before a code is sent', async (t) => {
  const list = t.testdir({ list: 'trash.example\n' })
  const { call, registerMail, send } = await open(t, {
    TORII__ADDRESSES__REFUSED_DOMAINS_FILE: `${list}/list`,
    TORII__ACCOUNTS__REGISTER_MODES: '["email"]',
  })
  const mails = [
    'a@x.example,b@y.example',
    '"x"@y.example',
    'user@good.example(x)evil.example',
    'a@b',
    'a@trash.example',
  ]
  for (const email of mails) is(t, await registerMail(email), 'MAIL_INVALID', email)
  is(t, await registerMail('a@good.example\r\nBcc: b@evil.example'), 'PARAMETER_INVALID')
  is(t, await registerMail(`${'<'.repeat(16_000)}`), 'PARAMETER_INVALID')
  is(t, await registerMail('a@good.example', { password: undefined }), 'PARAMETER_MISSING')
  is(t, await registerMail('a@good.example', { user: {} }), 'PARAMETER_MISSING')
  is(
    t,
    await registerMail('a@good.example', { user: { email: 'a@good.example', userName: 'x' } }),
    'NAME_LENGTH',
  )
  is(
    t,
    await registerMail('a@good.example', { user: { email: 'a@good.example', userName: 'admin' } }),
    'ALREADY_REGISTERED',
  )
  is(
    t,
    await call('/v1/register', {
      regmode: 'anonymous',
      user: { userName: 'Ann' },
      password: 'correct horse',
    }),
    'REGISTER_MODE',
  )
  is(
    t,
    await call('/v1/register', { regmode: 'toString', user: { userName: 'Ann' }, password: 'correct horse' }),
    'REGISTER_MODE',
  )
  t.same(await readMessages(send), [])
})

t.test('two who register one address: the first right code counts', async (t) => {
  const { call, registerMail, codeOf, clock, logIn } = await open(t)
  const stranger = await registerMail('ann@good.example', { password: 'of a stranger' })
  const sentToStranger = await codeOf('ann@good.example')
  clock.add(2_000)
  const owner = await registerMail('ann@good.example')
  const code = await codeOf('ann@good.example')
  is(
    t,
    await call('/v1/verify', { flow: stranger.flow, code }),
    'CODE_WRONG',
    "a stranger's flow has its own code",
  )
  is(t, await call('/v1/verify', { flow: owner.flow, code: sentToStranger }), 'CODE_WRONG')
  is(t, await call('/v1/verify', { flow: owner.flow, code }), 'REGISTERED')
  is(t, await call('/v1/verify', { flow: stranger.flow, code: sentToStranger }), 'ALREADY_REGISTERED')
  is(t, await logIn('ann@good.example', 'of a stranger'), 'LOGIN_FAILED')
  is(t, await logIn('ann@good.example', 'correct horse'), 'LOGGED_IN')
})

t.test('logs in with a code', async (t) => {
  const { call, callTotp, verify, registerMail, logIn, logInByCode, clock, codeOf, admin, app, server } =
    await open(t, {
      TORII__ACCOUNTS__PASSWORD_REQUIRED: 'false',
    })
  const made = await verify(
    await registerMail('Ann@good.example', { password: undefined }),
    'Ann@good.example',
  )
  is(t, made, 'REGISTERED')
  const { userId } = made.user as User
  for (const login of ['ann@good.example', Number(userId)]) {
    is(t, await logIn(login, 'correct horse'), 'LOGIN_FAILED', 'an account without a password')
  }
  const reply = await logInByCode('ANN@good.example', 'Ann@good.example')
  is(t, reply, 'LOGGED_IN')
  t.match(reply, { status: 'loginok', user: { userId }, tickets: { a2: /^a2_/, skey: /^sk_/ } })
  is(t, await call('/v1/session', { token: (reply.tickets as { skey: string }).skey }), 'TICKET_VALID')

  clock.add(2_000)
  const sent = await call('/v1/code/send', { purpose: 'login', address: 'ann@good.example' })
  const code = await codeOf('Ann@good.example')
  is(t, await call('/v1/login', { flow: sent.flow }), 'PARAMETER_MISSING')
  is(t, await call('/v1/login', { code }), 'PARAMETER_MISSING')
  is(t, await call('/v1/login', {}), 'PARAMETER_MISSING')
  is(t, await call('/v1/login', { flow: sent.flow, code: '0' }), 'CODE_WRONG')
  is(t, await call('/v1/verify', { flow: sent.flow, code }), 'CODE_EXPIRED', 'it is for /v1/login')
  is(t, await callTotp('/v1/login', { flow: sent.flow, code }), 'LOGGED_IN')
  is(t, await call('/v1/login', { flow: sent.flow, code }), 'CODE_EXPIRED')

  clock.add(2_000)
  const unknown = await call('/v1/code/send', { purpose: 'login', address: 'unknown@good.example' })
  const bare = ({ flow: _, ...rest }: Answer) => ({ ...rest, timestamp: 0 })
  t.same(bare(unknown), bare(sent), 'nothing tells whether an account exists')
  t.equal(await codeOf('unknown@good.example'), '')
  is(t, await call('/v1/login', { flow: unknown.flow, code: '123456' }), 'CODE_WRONG')

  t.match(await admin.accounts.show('ANN@good.example'), {
    userId: Number(userId),
    addresses: ['Ann@good.example'],
  })
  await admin.accounts.disable(userId, 'test')
  const disabled = await logInByCode('ann@good.example', 'Ann@good.example')
  is(t, disabled, 'ACCOUNT_DISABLED')
  await admin.accounts.enable(userId)
  t.not(app.appId, '')
  await server.db.write.deleteFrom('addresses').execute()
})

t.test('an app whose users need a password gets no codes for a login', async (t) => {
  const { call } = await open(t, { TORII__ACCOUNTS__CODE_LOGIN_APPS: '["another"]' })
  is(t, await call('/v1/code/send', { purpose: 'login', address: 'ann@good.example' }), 'LOGIN_MODE')
  is(t, await call('/v1/login', { flow: `login-${'0'.repeat(32)}`, code: '123456' }), 'LOGIN_MODE')
})
