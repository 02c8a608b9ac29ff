/** Users that an administrator disables, by a command or by a ticket, on both engines. */
import t from 'tap'
import { Failure } from '../../../src/protocol/errors.ts'
import { codes } from '../../harness/codes.ts'
import { until } from '../../harness/test-server.ts'
import { engines, openStanding, password } from './world.ts'

t.setTimeout(240_000)

const hourMs = 3_600_000

/** The name and the members of what a call throws. */
const refusalOf = async (work: Promise<unknown>) => {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return { name: error.entry.name, ...error.options.members }
  }
}

for (const [engine, environment] of engines) {
  t.test(`${engine}: a time that is over counts at once, in every way of logging in`, async (t) => {
    const world = await openStanding(t, await environment(t))
    const { call, clock, admin } = world
    const amber = await world.register('amber')
    const endsAt = clock.now() + hourMs
    const disabled = await admin.disabling.disable('amber', { reason: '广告', until: endsAt })
    t.match(disabled, { userId: Number(amber.userId), changed: true })
    t.match(await admin.disabling.disable('amber', { reason: '广告', until: endsAt }), { changed: false })
    const told = { reason: 'disabled', why: '广告', until: Math.floor(endsAt / 1_000) }
    const logIn = () => call('/v1/login', { login: 'amber', password, n: clock.now() })
    t.match(await logIn(), { code: codes.ACCOUNT_DISABLED, ...told })
    const ended = await until('the server has noticed', async () => {
      const reply = await call('/v1/session', { token: amber.skey })
      return reply.code === codes.TICKET_ENDED && reply
    })
    t.match(ended, told)
    t.match(await call('/v1/address/list', { token: amber.skey }), { code: codes.NOT_LOGGED_IN, ...told })
    t.match(await call('/v1/ticket/exchange', { token: amber.a2, to: 'skey' }), {
      code: codes.NOT_LOGGED_IN,
      ...told,
    })
    t.match(await call('/v1/login', { login: 'amber', password: 'a wrong one' }), {
      code: codes.LOGIN_FAILED,
      why: undefined,
    })
    t.match(await admin.accounts.show('amber'), { status: 'disabled', disabledUntil: endsAt })

    const later = endsAt + hourMs
    t.match(await admin.disabling.disable('amber', { reason: 'again', until: later }), { changed: true })
    t.match(await logIn(), { why: 'again', until: Math.floor(later / 1_000) }, 'the last word counts')
    clock.add(2 * hourMs - 1)
    t.match(await logIn(), { code: codes.ACCOUNT_DISABLED }, 'a moment before')
    clock.add(1)
    t.match(await admin.accounts.show('amber'), { status: 'active' })
    const back = await logIn()
    t.match(back, { code: codes.LOGGED_IN, user: { userId: amber.userId } })
    const { a2 } = back.tickets as { a2: string }
    t.match(await call('/v1/ticket/exchange', { token: a2, to: 'skey' }), { code: codes.OK })
    t.match(await call('/v1/ticket/exchange', { token: amber.a2, to: 'skey' }), {
      code: codes.NOT_LOGGED_IN,
      reason: 'disabled',
      why: undefined,
    })
    t.match(await admin.disabling.enable('amber'), { changed: false }, 'nothing is left to enable')
  })

  t.test(`${engine}: a password may be set once the time is over, and many come back at once`, async (t) => {
    const world = await openStanding(t, await environment(t))
    const { call, clock, admin } = world
    const beryl = await world.register('beryl')
    await admin.disabling.disable('beryl', { reason: 'spam', until: clock.now() + hourMs })
    clock.add(hourMs)
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, n) => call('/v1/login', { login: beryl.userId, password, n })),
    )
    t.same([...new Set(replies.map(({ code }) => code))], [codes.LOGGED_IN])
  })

  t.test(`${engine}: one capability is withheld, and the others stay`, async (t) => {
    const { admin, clock, db, register, call, auditOf, eventsOf } = await openStanding(
      t,
      await environment(t),
    )
    const { standing } = admin
    const { userId, skey } = await register('coral')
    const ends = clock.now() + hourMs
    const check = (capability: string) => standing.check(db.write, Number(userId), capability)
    await admin.disabling.disable('coral', { capability: 'search', reason: 'harvests', until: ends })
    await admin.disabling.disable('coral', { capability: 'shop.post', reason: 'advertises', until: null })
    t.match(
      await admin.disabling.disable('coral', { capability: 'search', reason: 'harvests', until: ends }),
      {
        changed: false,
      },
    )
    t.same(await refusalOf(check('search')), {
      name: 'CAPABILITY_WITHHELD',
      capability: 'search',
      why: 'harvests',
      until: Math.floor(ends / 1_000),
    })
    t.same(await refusalOf(check('shop.post')), {
      name: 'CAPABILITY_WITHHELD',
      capability: 'shop.post',
      why: 'advertises',
    })
    await check('friend')
    t.match(await call('/v1/session', { token: skey }), { code: codes.TICKET_VALID }, 'the login goes on')
    t.match(await eventsOf(userId), [
      { kind: 'user.disabled', detail: /"capability":"search"/ },
      { kind: 'user.disabled', detail: /"capability":"shop.post"/ },
    ])
    clock.add(hourMs)
    await check('search')
    await t.rejects(check('shop.post'), 'for good is for good')
    t.match(await admin.disabling.enable('coral', 'shop.post'), { changed: true })
    await check('shop.post')
    t.match(await admin.disabling.enable('coral', 'shop.post'), { changed: false })
    t.match(await eventsOf(userId), { length: 3 })
    const kinds = (await auditOf(userId)).map(({ kind }) => kind)
    t.match(kinds.slice(-3), ['capability.withheld', 'capability.withheld', 'capability.returned'])
    await admin.disabling.disable('coral', { capability: 'login', reason: 'x', until: null })
    t.match(await admin.accounts.show('coral'), { status: 'disabled' }, 'login is the whole account')
    for (let at = 0; at < 49; at++)
      await admin.disabling.disable('coral', { capability: `c${at}`, reason: 'x', until: null })
    const one = { capability: 'one-more', reason: 'x', until: null }
    await admin.disabling.disable('coral', one)
    const beyond = await refusalOf(admin.disabling.disable('coral', { ...one, capability: 'beyond' }))
    t.match(beyond, { name: 'PARAMETER_INVALID' }, 'a user has a bounded number of them')
  })

  t.test(`${engine}: a role says who may disable whom, and it counts at once`, async (t) => {
    const world = await openStanding(t, await environment(t))
    const { call, admin, register, registerAs, auditOf } = world
    const [amber, helper, second, chief] = [
      await register('amber'),
      await registerAs('support', 'helper'),
      await registerAs('support', 'second'),
      await registerAs('admin', 'chief'),
    ]
    let calls = 0
    const disable = (by: { skey: string }, whom: string, more = {}) =>
      call('/v1/user/disable', { token: by.skey, disable: whom, reason: 'spam', rid: `${calls++}`, ...more })
    const enable = (by: { skey: string }, whom: string, more = {}) =>
      call('/v1/user/enable', { token: by.skey, enable: whom, rid: `${calls++}`, ...more })

    t.match(await disable(amber, 'helper'), { code: codes.ROLE_NEEDED, info: 'disableUsers' })
    t.match(await disable(helper, 'helper'), { code: codes.USER_PROTECTED, info: 'yourself' })
    for (const whom of ['second', chief.userId, 'chief'])
      t.match(await disable(helper, whom), { code: codes.USER_PROTECTED, info: 'disableStaff' }, whom)
    t.match(await disable(helper, 'nobody'), { code: codes.USER_UNKNOWN })
    const ends = Math.floor(world.clock.now() / 1_000) + 3_600
    t.match(await disable(helper, 'amber', { until: ends }), {
      code: codes.OK,
      changed: true,
      userId: amber.userId,
    })
    t.match(await call('/v1/session', { token: amber.skey }), {
      reason: 'disabled',
      why: 'spam',
      until: ends,
    })
    t.match(await disable(helper, 'amber', { until: ends }), { changed: false })
    const [event] = await auditOf(amber.userId)
    t.match(event, { kind: 'account.disabled', detail: new RegExp(`"by":"${helper.userId}"`) })
    t.match(await enable(helper, amber.userId), { code: codes.OK, changed: true })
    await world.logIn('amber')

    t.match(await disable(chief, 'second'), { code: codes.OK, changed: true }, 'an admin disables staff')
    t.match(await disable(second, 'amber'), { code: codes.NOT_LOGGED_IN, reason: 'disabled' })
    t.match(await enable(helper, 'second'), { code: codes.USER_PROTECTED }, 'and support does not undo it')
    await admin.disabling.disable('helper', { capability: 'post', reason: 'x', until: null })
    t.match(await enable(helper, 'helper', { capability: 'post' }), { code: codes.USER_PROTECTED })

    await admin.roles.revoke(Number(helper.userId), { role: 'support', appId: '' })
    t.match(await disable(helper, 'amber'), { code: codes.ROLE_NEEDED }, 'a revoked role counts at once')
    await admin.roles.grant(Number(helper.userId), { role: 'support', appId: 'another' })
    t.match(await disable(helper, 'amber'), { code: codes.ROLE_NEEDED }, 'a role of another app does not')
    await admin.roles.grant(Number(helper.userId), { role: 'support', appId: world.app.appId })
    t.match(await disable(helper, 'amber'), { code: codes.OK }, 'one of this app does')
    await admin.roles.grant(Number(amber.userId), { role: 'moderator', appId: '' })
    t.match(await enable(helper, 'amber'), { code: codes.OK }, 'a name of an app protects nobody')
    for (let at = 0; at < 2; at++) {
      world.clock.add(hourMs / 2)
      await call('/v1/session', { token: helper.skey, n: at })
    }
    t.match(await disable(helper, 'amber'), { code: codes.FRESH_LOGIN_NEEDED })
  })

  t.test(`${engine}: what a stolen ticket of an administrator can do has bounds`, async (t) => {
    const settings = {
      TORII__STANDING__MOST_PER_ADMINISTRATOR: '2',
      TORII__STANDING__MOST_PER_DAY: '3',
    }
    const world = await openStanding(t, { ...(await environment(t)), ...settings })
    const { call, register, registerAs, clock } = world
    for (const name of ['amber', 'beryl', 'coral', 'dahlia']) await register(name)
    const [one, two] = [await registerAs('support', 'one'), await registerAs('support', 'two')]
    const disable = (by: { skey: string }, whom: string) =>
      call('/v1/user/disable', { token: by.skey, disable: whom, reason: 'spam' })
    for (const whom of ['one', 'nobody', 'two']) await disable(one, whom)
    t.match(await disable(one, 'amber'), { code: codes.OK }, 'a refused one is not counted')
    t.match(await disable(one, 'beryl'), { code: codes.OK })
    t.match(await disable(one, 'coral'), { code: codes.TOO_OFTEN, info: 'standing.mostPerAdministrator' })
    t.match(await disable(two, 'coral'), { code: codes.OK }, 'another administrator goes on')
    t.match(await disable(two, 'dahlia'), { code: codes.TOO_OFTEN, info: 'standing.mostPerDay' })
    t.match(await world.admin.disabling.disable('dahlia', { reason: 'spam', until: null }), { changed: true })
    // Redis counts by a clock of its own.
    if (engine === 'MariaDB') return
    clock.add(24 * hourMs)
    const fresh = await world.logIn('two')
    t.match(await call('/v1/user/enable', { token: fresh.skey, enable: 'dahlia' }), { code: codes.OK })
  })

  t.test(`${engine}: bad input is refused and changes nothing`, async (t) => {
    const world = await openStanding(t, await environment(t))
    const { call, register, registerAs, clock, auditOf } = world
    const amber = await register('amber')
    const { skey: token } = await registerAs('support', 'helper')
    const past = Math.floor(clock.now() / 1_000)
    const good = { token, disable: 'amber', reason: 'spam' }
    const bad: [members: object, code: number][] = [
      [{ disable: undefined }, codes.PARAMETER_MISSING],
      [{ reason: undefined }, codes.PARAMETER_MISSING],
      [{ reason: '' }, codes.PARAMETER_INVALID],
      [{ reason: 'a\nb' }, codes.PARAMETER_INVALID],
      [{ reason: '😀'.repeat(201) }, codes.PARAMETER_INVALID],
      [{ until: past }, codes.PARAMETER_INVALID],
      [{ until: -1 }, codes.PARAMETER_INVALID],
      [{ until: 1.5 }, codes.PARAMETER_INVALID],
      [{ until: 9_999_999_999 }, codes.PARAMETER_INVALID],
      [{ capability: '' }, codes.PARAMETER_INVALID],
      [{ capability: 'Search' }, codes.PARAMETER_INVALID],
      [{ capability: 'a'.repeat(65) }, codes.PARAMETER_INVALID],
      [{ capability: ['search'] }, codes.PARAMETER_INVALID],
      [{ status: 'deleted' }, codes.PARAMETER_INVALID],
      [{ role: 'admin' }, codes.PARAMETER_INVALID],
      [{ disable: '%' }, codes.USER_UNKNOWN],
      [{ disable: "amber' or '1'='1" }, codes.USER_UNKNOWN],
      [{ disable: '10'.repeat(127) }, codes.USER_UNKNOWN],
      [{ token: amber.skey }, codes.ROLE_NEEDED],
      [{ token: amber.a2 }, codes.TIER_WANTED],
      [{ token: undefined }, codes.NOT_LOGGED_IN],
    ]
    for (const [members, code] of bad)
      t.match(
        await call('/v1/user/disable', { ...good, ...members }),
        { code },
        JSON.stringify(members).slice(0, 80),
      )
    t.same(
      (await auditOf(amber.userId)).filter(({ kind }) => kind === 'account.disabled'),
      [],
    )
    t.match(await call('/v1/user/disable', { ...good, reason: '😀'.repeat(200) }), { code: codes.OK })
    const words = (await auditOf(amber.userId)).map(({ detail }) => detail).join()
    t.match(words, '😀'.repeat(200), 'two hundred of what counts two in UTF-16')
  })
}

t.test('a user with an e-mail address is told by mail, ten times a day at most', async (t) => {
  const world = await openStanding(t, {})
  const { db, admin, call, registerAs } = world
  const amber = await world.register('amber')
  const { skey: token } = await registerAs('support', 'helper')
  await db.write
    .insertInto('addresses')
    .values({
      userId: Number(amber.userId),
      kind: 'email',
      loginKey: Buffer.from('email:amber@example.com'),
      text: 'amber@example.com',
      verifiedAt: 1,
      createdAt: 1,
    })
    .execute()
  const mails = async () =>
    (await db.write.selectFrom('outbox').select('kind').execute()).filter(
      ({ kind }) => kind === 'standing-changed',
    ).length
  for (let at = 0; at < 6; at++) {
    await call('/v1/user/disable', { token, disable: 'amber', reason: `spam ${at}` })
    await call('/v1/user/enable', { token, enable: 'amber', rid: `${at}` })
  }
  t.equal(await mails(), 10)
  t.match(await admin.disabling.disable('amber', { reason: 'spam', until: null }), { changed: true })
  t.equal(await mails(), 10, 'a command without the server key sends none')
})
