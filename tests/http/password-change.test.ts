/** Setting a new password, and what ends with the old one. */
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { exchangeKey, helloFrame, proofOf } from '../harness/key-client.ts'
import {
  type Call,
  clientHashOf,
  type Members,
  openWays,
  openWorld,
  register,
  type Tickets,
} from './world.ts'

t.setTimeout(60_000)

const [oldWord, newWord] = ['quite right', 'much better now']
const minuteMs = 60_000

type Salts = { cost: number; logins: { kind: string; salt: string }[] }

const hashAll = async (password: string, { cost, logins }: Salts) =>
  Promise.all(
    logins.map(async ({ salt }) => ({ salt, clientHash: await clientHashOf(password, { salt, cost }) })),
  )

const enter = async (call: Call, userName: string, more: Members = {}) => {
  await register(call, userName, oldWord)
  const { tickets } = await call('/v1/login', { login: userName, password: oldWord, ...more })
  return tickets as Tickets
}

t.test('a change by the old password ends all other logins and keeps the caller logged in', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const first = await enter(call, 'amber')
  const second = await enter(call, 'amber')
  world.clock.add(10 * minuteMs)
  const reply = await call('/v1/password/change', {
    token: second.skey,
    password: oldWord,
    newPassword: newWord,
  })
  t.match(reply, { code: codes.OK, status: 'loginok', user: { userName: 'amber' } })
  const fresh = reply.tickets as Tickets
  t.match(await call('/v1/session', { token: fresh.skey }), { code: codes.TICKET_VALID })
  t.match(await call('/v1/ticket/exchange', { token: fresh.a2, to: 'skey' }), { code: codes.OK })
  for (const { a2, skey } of [first, second])
    for (const token of [a2, skey])
      t.match(await call('/v1/session', { token }), { code: codes.TICKET_ENDED, reason: 'password-changed' })
  t.match(await call('/v1/ticket/exchange', { token: first.a2, to: 'skey' }), {
    code: codes.NOT_LOGGED_IN,
    reason: 'password-changed',
  })
  const userId = (reply.user as { userId: string }).userId
  for (const login of ['amber', userId]) {
    t.equal((await call('/v1/login', { login, password: oldWord })).code, codes.LOGIN_FAILED)
    t.equal((await call('/v1/login', { login, password: newWord })).code, codes.LOGGED_IN)
  }
})

t.test('a client that hashes sends a hash for the salt of each login', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const { skey: token } = await enter(call, 'beryl')
  const salts = (await call('/v1/password/logins', { token })) as unknown as Salts
  t.same(salts.logins.map(({ kind }) => kind).sort(), ['name', 'number'])
  const hashes = await hashAll(newWord, salts)
  const [ofOld] = await hashAll(oldWord, salts)
  const missing = await call('/v1/password/change', { token, ...ofOld, hashes: hashes.slice(1) })
  t.match(missing, { code: codes.PARAMETER_MISSING, cost: salts.cost, logins: salts.logins })
  t.equal((await call('/v1/password/change', { token, ...ofOld, hashes })).code, codes.OK)
  const clientHash = hashes.find(({ salt }) => salt === salts.logins[0]?.salt)?.clientHash
  t.ok(clientHash)
  t.equal((await call('/v1/login', { login: 'beryl', password: newWord })).code, codes.LOGGED_IN)
})

t.test('without the old password a login must be fresh', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const { skey: token } = await enter(call, 'coral')
  world.clock.add(5 * minuteMs)
  const late = await call('/v1/password/change', { token, newPassword: newWord })
  t.match(late, { code: codes.FRESH_LOGIN_NEEDED, maxAuthAge: 300, how: ['password', 'code'] })
  const { tickets } = await call('/v1/login', { login: 'coral', password: oldWord })
  world.clock.add(4 * minuteMs)
  const { skey } = tickets as Tickets
  t.equal((await call('/v1/password/change', { token: skey, newPassword: newWord })).code, codes.OK)
})

t.test('a fresh SKey is not enough on another device than that of its login', async (t) => {
  const world = await openWorld(t)
  const { JSON: backend, 't and j by POST': owner } = await openWays(world)
  const { skey: token } = await enter(owner, 'ebony')
  const change = { token, newPassword: newWord }
  t.equal((await backend('/v1/password/change', change)).code, codes.FRESH_LOGIN_NEEDED)
  const other = await world.connect()
  const stolen = await other.call('/v1/password/change', change)
  t.equal((stolen.json as { code: number }).code, codes.FRESH_LOGIN_NEEDED)
  const address = { token, kind: 'email', address: 'thief@bad.example' }
  t.equal((await backend('/v1/address/change', address)).code, codes.FRESH_LOGIN_NEEDED)
  t.equal((await owner('/v1/password/change', change)).code, codes.OK)
})

t.test('what is wrong with a change', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const { skey: token, a2 } = await enter(call, 'dahlia')
  const change = { token, password: oldWord, newPassword: newWord }
  const hash = { salt: '.'.repeat(22), clientHash: '.'.repeat(31) }
  const rows: [what: string, members: Members, code: number][] = [
    ['no ticket', { token: undefined }, codes.NOT_LOGGED_IN],
    ['an A2', { token: a2 }, codes.TIER_WANTED],
    ['nothing new', { newPassword: undefined }, codes.PARAMETER_MISSING],
    ['both', { hashes: [hash] }, codes.PARAMETER_INVALID],
    ['too many', { newPassword: undefined, hashes: Array(6).fill(hash) }, codes.PARAMETER_INVALID],
    ['hashes of other salts', { newPassword: undefined, hashes: [hash] }, codes.PARAMETER_MISSING],
    ['a short one', { newPassword: 'seven 7' }, codes.PASSWORD_LENGTH],
    ['a common one', { newPassword: 'woaini1314' }, codes.PASSWORD_COMMON],
    ['made of the name', { newPassword: 'dahlia dahlia 1' }, codes.PASSWORD_COMMON],
    ['the old one', { newPassword: oldWord }, codes.PARAMETER_INVALID],
    ['a hash of no login', { password: undefined, ...hash }, codes.OLD_PASSWORD_WRONG],
    ['a wrong one', { password: 'not quite right' }, codes.OLD_PASSWORD_WRONG],
  ]
  for (const [what, members, code] of rows)
    t.equal((await call('/v1/password/change', { ...change, ...members })).code, code, what)
  t.equal((await call('/v1/session', { token })).code, codes.TICKET_VALID, 'nothing has ended')
  for (let guess = 0; guess < 3; guess++)
    await call('/v1/password/change', { ...change, password: `guess ${guess}` })
  t.equal(
    (await call('/v1/password/change', change)).code,
    codes.TOO_OFTEN,
    'wrong ones count as failed logins',
  )
  t.equal((await call('/v1/login', { login: 'dahlia', password: oldWord })).code, codes.TOO_OFTEN)
})

t.test('the keys of ended logins end, and that of the caller stays', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const tm = () => String(world.clock.now())
  const [theirs, own] = [
    await exchangeKey(call, 'AES-CTR', world.clock.now),
    await exchangeKey(call, 'AES-CTR', world.clock.now),
  ]
  await enter(call, 'erica', proofOf(theirs, tm()))
  const { skey: token } = await enter(call, 'erica', proofOf(own, tm()))
  world.clock.add(1)
  const change = { token, password: oldWord, newPassword: newWord, ...proofOf(own, tm()) }
  t.equal((await call('/v1/password/change', change)).code, codes.OK)
  world.clock.add(6_000)
  t.equal((await call('/v1/hello', helloFrame(theirs, tm()))).code, codes.KX_KEY_PRINT)
  t.match(await call('/v1/hello', helloFrame(own, tm())), { code: codes.OK, user: { userName: 'erica' } })
})
