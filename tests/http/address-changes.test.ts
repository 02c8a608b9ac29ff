/** What a logged-in user does with addresses: adding, changing, removing, and taking a change back. */
import t, { type Test } from 'tap'
import { createAdmin } from '../../src/admin.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { ErrorName } from '../../src/protocol/errors.ts'
import { codes } from '../harness/codes.ts'
import { readCode, readMessages } from '../harness/messages.ts'
import { type Environment, until } from '../harness/test-server.ts'
import {
  type Answer,
  clientHashOf,
  formOf,
  type Members,
  openWays,
  openWorld,
  type Tickets,
} from './world.ts'

const password = 'correct horse'
const minuteMs = 60_000

const open = async (t: Test, environment: Environment = {}) => {
  const world = await openWorld(t, {
    TORII__CODES__RESEND_SECONDS: '1',
    TORII__SERVER__PUBLIC_URL: 'https://login.example',
    TORII__ACCOUNTS__PASSWORD_REQUIRED: 'false',
    ...environment,
  })
  const { JSON: callNow } = await openWays(world)
  /** Messages of one moment have no order among them. */
  const call: typeof callNow = (path, members) => {
    world.clock.add(1)
    return callNow(path, members)
  }
  const verify = async (reply: Answer, to: string) =>
    call('/v1/verify', { flow: reply.flow, code: await readCode(world.send, to) })
  const register = async (email: string, more: Members = { password }) => {
    const made = await verify(
      await call('/v1/register', { regmode: 'email', user: { email }, ...more }),
      email,
    )
    return (made.tickets as Tickets).skey
  }
  const list = async (token: string) => {
    const { addresses } = await call('/v1/address/list', { token })
    return (addresses as { address: string }[]).map(({ address }) => address)
  }
  const change = (token: string, kind: string, address: string, more: Members = {}) => {
    world.clock.add(2_000)
    return call('/v1/address/change', { token, kind, address, ...more })
  }
  const messageTo = async (to: string) =>
    (await readMessages(world.send)).find((it) => it.to === to)?.text ?? ''
  const secretIn = (text: string) => /\/address\/undo#([\w-]+)/.exec(text)?.[1] ?? ''
  const undo = async (secret: string) => {
    const reply = await world.request({ url: '/address/undo', post: formOf({ secret }) })
    return reply.status
  }
  return { ...world, call, verify, register, list, change, messageTo, secretIn, undo }
}

const is = (t: Test, reply: Answer, name: ErrorName, what = '') =>
  t.equal(reply.code, codes[name], `${what || name}: ${JSON.stringify(reply)}`)

t.test('a user changes the address; the old one gets a notice', async (t) => {
  const { call, verify, register, list, change, messageTo } = await open(t)
  const token = await register('old@good.example')
  const sent = await change(token, 'email', 'New@good.example', { password })
  is(t, sent, 'OK')
  t.match(sent, { flow: /^change-email-[0-9a-f]{32}$/, kind: 'email' })
  t.same(await list(token), ['old@good.example'], 'nothing changes before the code')
  is(t, await verify(sent, 'New@good.example'), 'OK')
  t.same(await list(token), ['New@good.example'])
  is(t, await call('/v1/login', { login: 'new@good.example', password }), 'LOGGED_IN')
  is(t, await call('/v1/login', { login: 'old@good.example', password }), 'LOGIN_FAILED')
  const notice = await messageTo('old@good.example')
  t.match(notice, /https:\/\/login\.example\/address\/undo#/)
  t.match(notice, /N…@good\.example.*o…@good\.example/s, 'both addresses are told')
  t.notMatch(notice, /New@good/, 'its whole address is not told')
  is(t, await change(token, 'email', 'new@good.example', { password }), 'PARAMETER_INVALID', 'it is the same')
  is(t, await register('old@good.example').then(() => ({ code: codes.OK })), 'OK', 'the old one is free')
})

t.test('only a user who has just logged in, or who knows the password, changes addresses', async (t) => {
  const { register, change, list, clock, call, verify } = await open(t)
  const token = await register('ann@good.example')
  clock.add(11 * minuteMs)
  is(t, await change(token, 'email', 'evil@bad.example'), 'FRESH_LOGIN_NEEDED')
  is(t, await call('/v1/address/remove', { token, remove: 'email' }), 'FRESH_LOGIN_NEEDED')
  is(t, await change(token, 'email', 'evil@bad.example', { password: 'a wrong one' }), 'OLD_PASSWORD_WRONG')
  is(t, await change('sk_none', 'email', 'evil@bad.example', { password }), 'NOT_LOGGED_IN')
  const sent = await change(token, 'email', 'new@good.example', { password })
  is(t, await call('/v1/logout', { token, everywhere: true }), 'LOGGED_OUT')
  is(t, await verify(sent, 'new@good.example'), 'CODE_EXPIRED', 'every login has ended since')
  const other = await call('/v1/login', { login: 'ann@good.example', password })
  t.same(await list((other.tickets as Tickets).skey), ['ann@good.example'])
})

t.test('a client that shows no password confirms by the hash of the one of now', async (t) => {
  const { register, change, list, clock, call, verify } = await open(t)
  const token = await register('ann@good.example')
  clock.add(11 * minuteMs)
  const hashFor = async (login: string, typed = password) => {
    const kdf = (await call('/v1/prelogin', { login })) as unknown as { salt: string; cost: number }
    return { salt: kdf.salt, clientHash: await clientHashOf(typed, kdf) }
  }
  const old = await hashFor('ann@good.example')
  const wrong = await hashFor('ann@good.example', 'a wrong one')
  is(
    t,
    await change(token, 'email', 'evil@bad.example', wrong),
    'FRESH_LOGIN_NEEDED',
    'the hash of the new one',
  )
  for (const oldHash of [
    wrong,
    { ...old, salt: 'abcdefghijklmnopqrstuu' },
    await hashFor('bob@good.example'),
  ]) {
    is(t, await change(token, 'email', 'evil@bad.example', { oldHash }), 'OLD_PASSWORD_WRONG')
    is(t, await call('/v1/address/remove', { token, remove: 'email', oldHash }), 'OLD_PASSWORD_WRONG')
    clock.add(16 * minuteMs)
  }
  const now = (await call('/v1/login', { login: 'ann@good.example', password })).tickets as Tickets
  clock.add(11 * minuteMs)
  const own = await hashFor('new@good.example')
  const sent = await change(now.skey, 'email', 'new@good.example', { oldHash: old, ...own })
  is(t, await verify(sent, 'new@good.example'), 'OK')
  t.same(await list(now.skey), ['new@good.example'])
  is(t, await call('/v1/login', { login: 'new@good.example', ...own }), 'LOGGED_IN')
  is(
    t,
    await verify(await change(now.skey, 'phone', '+8613800138000', { oldHash: own }), '+8613800138000'),
    'OK',
  )
  is(t, await call('/v1/address/remove', { token: now.skey, remove: 'phone', oldHash: own }), 'OK')
})

t.test('after a raised cost a login that has not moved confirms, too', async (t) => {
  const costs = { TORII__PASSWORD__COST: '10', TORII__PASSWORD__NEXT_COST: '11' }
  const { register, change, clock, call, server } = await open(t, costs)
  const token = await register('ann@good.example')
  const { raise } = createAdmin({ db: server.db, config: loadConfig(costs), clock }).accounts
  const readKdf = () => call('/v1/prelogin', { login: 'ann@good.example' })
  await raise.finish({
    wait: () => until('the cost is raised', async () => (await readKdf()).cost === 11),
  })
  clock.add(11 * minuteMs)
  const salt = String((await readKdf()).salt)
  const [clientHash, previousClientHash] = await Promise.all(
    [11, 10].map((cost) => clientHashOf(password, { salt, cost })),
  )
  const oldHash = { salt, clientHash, previousClientHash }
  is(t, await change(token, 'email', 'new@good.example', { oldHash }), 'OK')
  is(t, await call('/v1/reauth', { token, how: 'password', ...oldHash }), 'OK')
})

t.test('a change ends with the login that asked for it', async (t) => {
  const { register, change, list, call, verify } = await open(t)
  const token = await register('ann@good.example')
  const sent = await change(token, 'email', 'thief@bad.example')
  is(t, await call('/v1/logout', { token }), 'LOGGED_OUT')
  is(t, await verify(sent, 'thief@bad.example'), 'CODE_EXPIRED')
  const other = await call('/v1/login', { login: 'ann@good.example', password })
  t.same(await list((other.tickets as Tickets).skey), ['ann@good.example'])
})

t.test('an address of another account is answered the same', async (t) => {
  const { register, change, call, messageTo } = await open(t)
  await register('taken@good.example')
  const token = await register('ann@good.example')
  const taken = await change(token, 'email', 'taken@good.example', { password })
  const free = await change(token, 'email', 'free@good.example', { password })
  const bare = ({ flow: _, timestamp: __, ...rest }: Answer) => rest
  t.same(bare(taken), bare(free))
  t.match(await messageTo('taken@good.example'), /address-in-use/)
  is(t, await call('/v1/verify', { flow: taken.flow, code: '123456' }), 'CODE_WRONG')
  for (const address of ['a@x.example,b@y.example', 'x', '+8613800138000']) {
    is(t, await change(token, 'email', address, { password }), 'MAIL_INVALID', address)
  }
})

t.test('an account without an address gets one, and a second kind', async (t) => {
  const { call, verify, list, change, messageTo } = await open(t)
  const made = await call('/v1/register', { regmode: 'anonymous', user: { userName: 'Amber' }, password })
  const token = (made.tickets as Tickets).skey
  t.same(await list(token), [])
  is(t, await verify(await change(token, 'email', 'ann@good.example'), 'ann@good.example'), 'OK')
  is(t, await call('/v1/login', { login: 'ann@good.example', password }), 'LOGIN_FAILED', 'a code opens it')
  is(t, await verify(await change(token, 'phone', '+86 138 0013 8000', { password }), '+8613800138000'), 'OK')
  t.same(await list(token), ['ann@good.example', '+8613800138000'])
  is(t, await call('/v1/login', { login: '+8613800138000', password }), 'LOGGED_IN')
  const told = await messageTo('ann@good.example')
  t.match(told, /\+861…00.*address\/undo#/s, 'the other address is told')
  t.notMatch(told, /a…@good/, 'and still belongs to the account')
})

t.test('the last way to log in is not removed', async (t) => {
  const { call, verify, register, list, change, messageTo } = await open(t)
  const token = await register('ann@good.example', {})
  is(t, await call('/v1/address/remove', { token, remove: 'email' }), 'LAST_LOGIN')
  is(t, await call('/v1/address/remove', { token, remove: 'phone' }), 'PARAMETER_INVALID')
  is(t, await verify(await change(token, 'phone', '+8613800138000'), '+8613800138000'), 'OK')
  is(t, await call('/v1/address/remove', { token, remove: 'email' }), 'OK')
  is(t, await call('/v1/address/remove', { token, remove: 'phone' }), 'LAST_LOGIN')
  t.same(await list(token), ['+8613800138000'])
  const withPassword = await register('bob@good.example')
  is(t, await call('/v1/address/remove', { token: withPassword, remove: 'email', password }), 'OK')
  t.same(await list(withPassword), [])
  const told = await messageTo('bob@good.example')
  t.match(told, /b…@good\.example.*address\/undo#/s, 'the removed address is told')
  t.notMatch(told, / -[.。]|now has|现在的地址/, 'there is no new one')
})

t.test('the owner of the old address takes a change back; all passwords and logins end', async (t) => {
  const { call, verify, register, change, messageTo, secretIn, undo, request, clock } = await open(t)
  const token = await register('ann@good.example')
  const first = await change(token, 'email', 'thief@bad.example', { password })
  is(t, await verify(first, 'thief@bad.example'), 'OK')
  const secret = secretIn(await messageTo('ann@good.example'))
  is(
    t,
    await verify(await change(token, 'email', 'second@bad.example', { password }), 'second@bad.example'),
    'OK',
  )
  const ofThief = secretIn(await messageTo('thief@bad.example'))
  for (const method of ['GET', 'HEAD']) {
    t.equal((await request({ url: '/address/undo', method })).status, 200, 'a scanner uses nothing up')
  }
  is(t, await call('/v1/session', { token }), 'TICKET_VALID')
  t.equal(await undo('another'), 400)
  t.equal(await undo(''), 400)
  t.equal(await undo(secret), 200)
  t.equal(await undo(secret), 400, 'once')
  t.equal(await undo(ofThief), 400, 'a later change cannot be brought back')
  t.match(await call('/v1/session', { token }), { code: codes.TICKET_ENDED, reason: 'password-changed' })
  for (const login of ['ann@good.example', 'thief@bad.example', 'second@bad.example']) {
    is(t, await call('/v1/login', { login, password }), 'LOGIN_FAILED', login)
  }
  clock.add(2_000)
  const sent = await call('/v1/code/send', { purpose: 'login', address: 'ann@good.example' })
  const code = await messageTo('ann@good.example')
  is(t, await call('/v1/login', { flow: sent.flow, code: /\b\d{6}\b/.exec(code)?.[0] ?? '' }), 'LOGGED_IN')
})

t.test('an undo works for seven days', async (t) => {
  const { verify, register, change, messageTo, secretIn, undo, clock } = await open(t)
  const token = await register('ann@good.example')
  is(
    t,
    await verify(await change(token, 'email', 'new@good.example', { password }), 'new@good.example'),
    'OK',
  )
  const secret = secretIn(await messageTo('ann@good.example'))
  clock.add(7 * 24 * 60 * minuteMs + 1)
  t.equal(await undo(secret), 400)
})

t.test('taking a change back takes away every address that came after it, of both kinds', async (t) => {
  const { call, verify, register, change, messageTo, secretIn, undo, list, clock, send } = await open(t)
  const token = await register('ann@good.example')
  const mail = await change(token, 'email', 'thief@bad.example', { password })
  is(t, await verify(mail, 'thief@bad.example'), 'OK')
  const secret = secretIn(await messageTo('ann@good.example'))
  clock.add(1_000)
  const phone = await change(token, 'phone', '+8613800138000', { password })
  is(t, await verify(phone, '+8613800138000'), 'OK')
  const ofThief = secretIn(await messageTo('thief@bad.example'))
  t.not(ofThief, '', 'the thief gets a link of its own')
  t.equal(await undo(secret), 200)
  t.equal(await undo(ofThief), 400, 'which is over')
  clock.add(2_000)
  is(t, await call('/v1/code/send', { purpose: 'reset', address: '+8613800138000' }), 'OK')
  t.equal(await readCode(send, '+8613800138000'), '', 'the phone of the thief gets no code')
  const sent = await call('/v1/code/send', { purpose: 'reset', address: 'ann@good.example' })
  const reset = await call('/v1/password/reset', {
    flow: sent.flow,
    code: await readCode(send, 'ann@good.example'),
    newPassword: 'another good horse',
  })
  t.same(await list((reset.tickets as Tickets).skey), ['ann@good.example'])
})
