/** What a user sees of the own account: sign-ins, changes and failed logins, on both engines. */
import t from 'tap'
import { codes } from '../../harness/codes.ts'
import { engines, type Members, openStanding, password, type User } from './world.ts'

t.setTimeout(240_000)

type Entry = { kind: string; at: number; by?: string; login?: { id: string; isThis: boolean } } & Members
type Failures = { places: Members[]; hasMore: boolean }
type Reply = { code: number; history: Entry[]; cursor?: string; failures?: Failures }

const keyOf = ({ kind, at, login }: Entry) => `${kind} ${at} ${login?.id ?? ''}`

const open = async (...world: Parameters<typeof openStanding>) => {
  const opened = await openStanding(...world)
  const read = async ({ skey: token }: Pick<User, 'skey'>, members: Members = {}) =>
    (await opened.call('/v1/user/history', { token, ...members })) as unknown as Reply
  return {
    ...opened,
    read,
    /** All pages of so many. */
    readAll: async (user: Pick<User, 'skey'>, limit: number) => {
      const entries: Entry[] = []
      let cursor: string | undefined
      do {
        const page = await read(user, { limit, ...(cursor !== undefined && { cursor }) })
        t.equal(page.code, codes.OK)
        t.ok(page.history.length <= limit)
        entries.push(...page.history)
        cursor = page.cursor
      } while (cursor !== undefined)
      return entries
    },
  }
}

for (const [engine, environment] of engines) {
  t.test(`${engine}: a history tells of sign-ins and changes, page by page`, async (t) => {
    const world = await open(t, await environment(t))
    const { admin, clock, register, logIn, read, readAll } = world
    const amber = await register('amber')
    clock.add(1_000)
    await admin.disabling.disable('amber', {
      capability: 'search',
      reason: '太多',
      until: clock.now() + 9_000,
    })
    clock.add(1_000)
    await admin.roles.grant(Number(amber.userId), { role: 'support', appId: '' })
    // Two logins and an event of one moment.
    const [first] = [await logIn('amber'), await logIn('amber')]
    clock.add(1_000)
    const { history, failures, cursor } = await read(first)
    t.equal(cursor, undefined)
    t.same(failures, { places: [], hasMore: false })
    t.same(
      history.map(({ kind, by }) => [kind, by]),
      [
        ['role.granted', 'administrator'],
        ['login', undefined],
        ['login', undefined],
        ['capability.withheld', 'administrator'],
        ['login', undefined],
      ],
    )
    t.match(history[0]?.detail, { role: 'support' })
    t.same(history[3]?.detail, {
      capability: 'search',
      reason: '太多',
      until: Math.floor((clock.now() - 2_000 + 9_000) / 1_000),
    })
    t.same(history.filter(({ login }) => login?.isThis).length, 1)
    t.match(history.at(-1), { app: 'test', network: /\/24$/, at: Math.floor((clock.now() - 3_000) / 1_000) })
    const all = history.map(keyOf)
    for (const limit of [1, 2, 3, 4, 5, 100])
      t.same((await readAll(first, limit)).map(keyOf), all, `by ${limit}`)

    const page = await read(first, { limit: 2 })
    await logIn('amber')
    const rest = await read(first, { limit: 100, cursor: page.cursor })
    t.same([...page.history, ...rest.history].map(keyOf), all, 'what comes meanwhile moves no page')
    t.equal(rest.failures, undefined)
  })

  t.test(`${engine}: failed logins are counted by place, without a full address`, async (t) => {
    const { call, clock, callJson, register, read, db } = await open(t, await environment(t))
    const beryl = await register('beryl')
    await register('coral')
    for (const login of ['beryl', beryl.userId, 'beryl', 'coral'])
      t.match(await call('/v1/login', { login, password: 'wrong', n: clock.now() }), {
        code: codes.LOGIN_FAILED,
      })
    await callJson('/v1/session', { token: beryl.skey })
    const { failures } = await read(beryl)
    t.match(failures, { places: [{ network: /\/24$/, isKnownDevice: false, count: 3 }], hasMore: false })
    const row = { failed1: clock.now(), failed2: 0, failed3: 0, failed4: 0, failed5: 0 }
    const [account] = await db.write
      .selectFrom('accounts')
      .select('tag')
      .where('userId', '=', Number(beryl.userId))
      .execute()
    const loginKey = account?.tag ?? Buffer.alloc(0)
    const device = { ...row, loginKey, network: `device:${'ab'.repeat(16)}`, failed1: clock.now() + 5_000 }
    await db.write.insertInto('loginFailures').values(device).execute()
    const places = Array.from({ length: 150 }, (_, at) => ({
      ...row,
      loginKey,
      network: `198.51.${at}.0/24`,
    }))
    await db.write.insertInto('loginFailures').values(places).execute()
    const { failures: many } = await read(beryl)
    t.match(many, { hasMore: true, places: { length: 100 } })
    t.notMatch(JSON.stringify(many), /abab/)
    clock.add(24 * 3_600_000 + 10_000)
    const tomorrow = await logInAgain(call, 'beryl')
    t.same((await read(tomorrow)).failures, { places: [], hasMore: false }, 'they count for a day')
  })

  t.test(`${engine}: a history is its user's alone`, async (t) => {
    const world = await open(t, await environment(t))
    const { call, clock, register, registerAs, logIn, read, admin, db } = world
    const amber = await register('amber')
    const coral = await register('coral')
    const helper = await registerAs('support', 'helper')
    await call('/v1/user/disable', {
      token: helper.skey,
      disable: 'amber',
      capability: 'post',
      reason: 'spam',
    })
    await admin.disabling.disable('amber', { reason: 'for a while', until: clock.now() + 1_000 })
    clock.add(2_000)
    const back = await logIn('amber')
    await db.write
      .insertInto('auditEvents')
      .values({
        happenedAt: clock.now(),
        kind: 'a.secret-kind',
        userId: Number(amber.userId),
        appId: null,
        network: null,
        detail: '{"by":"root"}',
      })
      .execute()
    const { history, cursor } = await read(back, { limit: 2 })
    t.match(history[0], { kind: 'login' })
    t.match(history[1], { kind: 'account.disabled', by: 'administrator', detail: { reason: 'for a while' } })
    const rest = await read(back, { cursor })
    t.match(rest.history[0], { kind: 'capability.withheld', by: 'administrator' })
    const whole = JSON.stringify([history, rest])
    t.notMatch(whole, new RegExp(`helper|${helper.userId}|a\\.secret-kind|root|${coral.userId}`))
    t.same((await read(coral)).history.length, 1, 'of another user: the own sign-in')

    const altered = `${(cursor ?? '').slice(0, -2)}${(cursor ?? '').endsWith('AA') ? 'BB' : 'AA'}`
    const { cursor: ofFriends = 'x' } = (await call('/v1/friend/list', {
      token: back.skey,
      list: 'fans',
    })) as { cursor?: string }
    const bad: [string, Members][] = [
      ['cursor', { cursor: altered }],
      ['cursor', { cursor: '' }],
      ['cursor', { cursor: ofFriends }],
      ['cursor', { cursor: 'A'.repeat(512) }],
      ['cursor', { cursor: 'A'.repeat(513) }],
      ['cursor', { cursor: 7 }],
      ['cursor', { cursor: "' or 1=1 --" }],
      ['limit', { limit: 0 }],
      ['limit', { limit: -1 }],
      ['limit', { limit: 1_000_000_000 }],
      ['limit', { limit: 1.5 }],
      ['userId', { userId: coral.userId }],
      ['user', { user: coral.userId }],
    ]
    for (const [name, members] of bad)
      t.match(
        await read(back, members),
        { code: codes.PARAMETER_INVALID, info: new RegExp(name) },
        JSON.stringify(members).slice(0, 60),
      )
    t.match(
      await read(coral, { cursor }),
      { code: codes.PARAMETER_INVALID, info: 'cursor' },
      'of another user',
    )
    t.match(await read({ skey: back.a2 }), { code: codes.TIER_WANTED })
    t.match(await call('/v1/user/history', {}), { code: codes.NOT_LOGGED_IN })
  })
}

const logInAgain = async (call: (path: string, members: Members) => Promise<Members>, login: string) =>
  ((await call('/v1/login', { login, password })) as { tickets: { skey: string } }).tickets
