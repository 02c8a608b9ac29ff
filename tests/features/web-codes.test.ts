/** Web codes: a page takes over a login. What a stranger who has seen a code can do with it: nothing. */
import t, { type Test } from 'tap'
import { codes } from '../harness/codes.ts'
import { challengeOf } from '../harness/web-codes.ts'
import { openWorld } from '../http/world.ts'

t.setTimeout(60_000)
type App = { appId: string; appSecret: string }
type Members = Record<string, unknown>

const verifier = 'the-secret-of-the-page-that-asked-for-the-code'
const challenge = challengeOf(verifier)

const openJump = async (t: Test) => {
  const world = await openWorld(t)
  const { apps } = world.server
  const [app, page, other] = await Promise.all([
    apps.add({ name: 'app' }),
    apps.add({ name: 'page' }),
    apps.add({ name: 'other' }),
  ])
  await apps.set(app.appId, { jumpsTo: [page.appId] })
  await apps.reload()
  const call = async (path: string, by: App, members: Members) => {
    const json = { appid: by.appId, appsecret: by.appSecret, ...members }
    return JSON.parse((await world.request({ url: path, json })).body)
  }
  const logIn = async (by: App, userName = 'amber') => {
    const members = { regmode: 'anonymous', user: { userName }, password: 'correct horse' }
    return (await call('/v1/register', by, members)).tickets as { a2: string; skey: string }
  }
  const ask = (token: string, members: Members = {}, by: App = app) =>
    call('/v1/ticket/web-code', by, { token, challenge, ...members })
  const redeem = (webCode: string, by: App, members: Members = {}) =>
    call('/v1/ticket/web-code/redeem', by, { webCode, verifier, ...members })
  const session = (token: string, by: App) => call('/v1/session', by, { token })
  return { ...world, apps, app, page, other, call, logIn, ask, redeem, session }
}

t.test('a page of the same app gets an SKey of the same login', async (t) => {
  const { app, logIn, ask, redeem, session, call } = await openJump(t)
  const { skey } = await logIn(app)
  const { code, webCode, expiresSeconds } = await ask(skey)
  t.match([code, webCode, expiresSeconds], [codes.OK, /^wc_[\w-]{43}$/, 60])
  const taken = await redeem(webCode, app)
  t.match(taken, { code: codes.LOGGED_IN, user: { userName: 'amber' }, tickets: { skey: /^sk_/ } })
  t.notOk(taken.tickets.a2, 'an SKey never becomes an A2')
  t.not(taken.tickets.skey, skey)
  t.match(await session(taken.tickets.skey, app), { code: codes.TICKET_VALID, user: { userName: 'amber' } })
  await call('/v1/logout', app, { token: skey })
  t.match(await session(taken.tickets.skey, app), { code: codes.TICKET_ENDED, reason: 'logged-out' })
})

t.test('a page of another app gets one where an administrator allows it', async (t) => {
  const { app, page, other, logIn, ask, redeem, session, call } = await openJump(t)
  const { skey } = await logIn(app)
  t.match(await ask(skey, { app: other.appId }), { code: codes.JUMP_REFUSED })
  t.match(await ask(skey, { app: 'nowhere' }), { code: codes.JUMP_REFUSED })
  const { webCode } = await ask(skey, { app: page.appId })
  const { tickets } = await redeem(webCode, page)
  t.match(await session(tickets.skey, page), { code: codes.TICKET_VALID })
  t.match(await session(tickets.skey, app), { code: codes.NOT_LOGGED_IN }, 'it is a ticket of that app alone')
  const back = await ask(tickets.skey, { app: app.appId }, page)
  t.match(back, { code: codes.JUMP_REFUSED }, 'and leads nowhere else')
  await call('/v1/logout', page, { token: tickets.skey })
  t.match(await session(skey, app), { code: codes.TICKET_ENDED }, 'one login, which ends as a whole')
})

t.test('a code works once, for its app, within its minute and with its verifier', async (t) => {
  const { app, page, other, logIn, ask, redeem, clock } = await openJump(t)
  const { skey } = await logIn(app)
  const invalid = { code: codes.WEB_CODE_INVALID }
  const { webCode } = await ask(skey, { app: page.appId })
  t.match(await redeem(webCode, app), invalid, 'not for the app that made it')
  t.match(await redeem(webCode, other), invalid, 'nor for another')
  for (let guess = 0; guess < 20; guess++)
    t.match(await redeem(webCode, page, { verifier: `${guess}`.padEnd(43, 'x') }), invalid)
  for (const wrong of ['wc_', '', 'x'.repeat(64), `ws_${webCode.slice(3)}`])
    t.not((await redeem(wrong, page)).code, codes.LOGGED_IN)
  t.match(await redeem(webCode, page), { code: codes.LOGGED_IN }, 'no stranger has used it up')
  t.match(await redeem(webCode, page), invalid, 'twice')

  const late = await ask(skey, { app: page.appId })
  clock.add(59_000)
  t.match(await redeem(late.webCode, page), { code: codes.LOGGED_IN }, 'after 59 s')
  const tooLate = await ask(skey, { app: page.appId })
  clock.add(61_000)
  t.match(await redeem(tooLate.webCode, page), invalid, 'after 61 s')
})

t.test('a code of a login that ended is worth nothing', async (t) => {
  const { app, logIn, ask, redeem, call, admin } = await openJump(t)
  const invalid = { code: codes.WEB_CODE_INVALID }
  const { skey } = await logIn(app)
  const { webCode } = await ask(skey)
  await call('/v1/logout', app, { token: skey })
  t.match(await redeem(webCode, app), invalid)
  t.match(await ask(skey), { code: codes.NOT_LOGGED_IN }, 'and makes none')
  const second = await logIn(app, 'beryl')
  const disabled = await ask(second.skey)
  await admin.accounts.disable('beryl', 'test')
  t.match(await redeem(disabled.webCode, app), invalid)
})

t.test('an SKey that came by a code does not outlive the one that made it', async (t) => {
  const { app, logIn, ask, redeem, session, clock } = await openJump(t)
  const { skey } = await logIn(app)
  const { expiresAt } = await session(skey, app)
  let last = skey
  for (let hop = 0; hop < 3; hop++) {
    clock.add(2_000_000)
    const { webCode } = await ask(last)
    last = (await redeem(webCode, app)).tickets.skey
  }
  t.equal((await session(last, app)).expiresAt, expiresAt)
})

t.test('of the SKeys that pages took over the newest eight live; the app keeps its own', async (t) => {
  const { app, logIn, ask, redeem, session } = await openJump(t)
  const { skey } = await logIn(app)
  const taken: string[] = []
  for (let at = 0; at < 9; at++) taken.push((await redeem((await ask(skey)).webCode, app)).tickets.skey)
  const states = await Promise.all(taken.map(async (one) => (await session(one, app)).code))
  t.same(states, [codes.NOT_LOGGED_IN, ...Array(8).fill(codes.TICKET_VALID)])
  t.equal((await session(skey, app)).code, codes.TICKET_VALID)
})

t.test('only an SKey makes a code, and both halves have their form', async (t) => {
  const { app, logIn, ask, redeem } = await openJump(t)
  const { a2, skey } = await logIn(app)
  t.match(await ask(a2), { code: codes.TIER_WANTED, tier: 'skey' })
  for (const wrong of ['', 'c'.repeat(42), 'c'.repeat(44), `${'c'.repeat(42)}=`, `${'c'.repeat(42)}+`])
    t.match(await ask(skey, { challenge: wrong }), { code: codes.PARAMETER_INVALID }, wrong)
  t.match(await ask(skey, { challenge: undefined }), { code: codes.PARAMETER_MISSING })
  for (const wrong of ['v'.repeat(42), 'v'.repeat(129), `${'v'.repeat(43)} `, `${'v'.repeat(43)}é`])
    t.match(await redeem('wc_x', app, { verifier: wrong }), { code: codes.PARAMETER_INVALID }, wrong)
})
