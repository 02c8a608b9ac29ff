/** Tickets of every tier: what they exchange for, what they open, and what they never become. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { formatTicket, parseTicket, type Tier, tiers } from '../../src/protocol/tickets.ts'
import { loadShapes, type Schema } from '../../tools/generate/shapes.ts'
import { codes } from '../harness/codes.ts'
import type { Environment } from '../harness/test-server.ts'
import { type Answer, type Members, openWorld } from '../http/world.ts'

t.setTimeout(120_000)

const path = '/v1/ticket/exchange'
const minute = 60_000
const hour = 60 * minute

type App = { appId: string; appSecret: string }
type All = Partial<Record<Tier, string>>
type Given = Answer & { tickets: All; expiresAt: number }

/** Two apps; `pay` and `mail` serve the first one, `other` the second one. */
const open = async (t: Test, environment: Environment = {}) => {
  const world = await openWorld(t, environment)
  const { apps, businesses } = world.server
  const [own, other] = [await apps.add({ name: 'own' }), await apps.add({ name: 'other' })]
  for (const [name, appId] of [
    ['pay', own.appId],
    ['mail', own.appId],
    ['other', other.appId],
  ] as const) {
    await businesses.add({ name, idleSeconds: 600, routes: [], appIds: [appId] })
  }
  await businesses.reload()
  let count = 0
  const callAs =
    (app: App) =>
    async (url: string, members: Members = {}): Promise<Given> => {
      const json = { appid: app.appId, appsecret: app.appSecret, rid: `${++count}`, ...members }
      return JSON.parse((await world.request({ url, json })).body)
    }
  const call = callAs(own)
  const register = async (userName: string, as = call) => {
    const user = { regmode: 'anonymous', user: { userName }, password: 'correct horse' }
    return (await as('/v1/register', user)).tickets as { a2: string; skey: string }
  }
  return {
    ...world,
    apps,
    businesses,
    own,
    other,
    callAs,
    call,
    register,
    exchange: (token: unknown, to: string, members: Members = {}) => call(path, { token, to, ...members }),
    session: (token: unknown) => call('/v1/session', { token }),
  }
}

t.test('an A2 and an SKey get a pSKey of a business', async (t) => {
  const { register, exchange, session, call, clock } = await open(t)
  const { a2, skey } = await register('amber')
  clock.add(minute)
  const bySKey = await exchange(skey, 'pskey', { business: 'pay' })
  t.equal(bySKey.code, codes.OK)
  t.same(Object.keys(bySKey.tickets), ['pskey'], 'the SKey stays, so no other comes')
  const { pskey } = bySKey.tickets
  const idleAt = Math.floor((clock.now() + 10 * minute) / 1_000)
  t.match(await session(pskey), { code: codes.TICKET_VALID, tier: 'pskey', business: 'pay', idleAt })
  t.equal((await session(pskey)).expiresAt, (await session(skey)).expiresAt, 'it ends with its parent')
  t.equal((await session(skey)).code, codes.TICKET_VALID, 'the parent is not used up')

  const byA2 = await exchange(a2, 'pskey', { business: 'mail' })
  t.same(Object.keys(byA2.tickets).sort(), ['a2', 'pskey', 'skey'], 'the A2 is rotated as always')
  t.match(await session(byA2.tickets.pskey), { code: codes.TICKET_VALID, tier: 'pskey', business: 'mail' })
  t.equal((await session(byA2.tickets.a2)).code, codes.TICKET_VALID)
  t.equal((await session(byA2.tickets.skey)).code, codes.TICKET_VALID)
  t.match(
    await call('/v1/logout', { token: pskey }),
    { code: codes.TIER_WANTED, tier: 'a2' },
    'it ends nothing',
  )
  t.match(await call('/v1/address/list', { token: pskey }), { code: codes.TIER_WANTED, tier: 'skey' })
})

t.test('a retry gets the same pSKey, and a late one ends the login', async (t) => {
  const { register, exchange, session, clock } = await open(t)
  const { a2 } = await register('amber')
  const first = await exchange(a2, 'pskey', { business: 'pay' })
  const again = await exchange(a2, 'pskey', { business: 'pay' })
  t.same(again.tickets, first.tickets)
  const mail = await exchange(a2, 'pskey', { business: 'mail' })
  t.equal(mail.tickets.a2, first.tickets.a2)
  t.not(mail.tickets.pskey, first.tickets.pskey, 'of another business it is another one')
  t.equal((await session(first.tickets.pskey)).code, codes.TICKET_VALID)
  t.equal((await session(first.tickets.a2)).code, codes.TICKET_VALID)
  clock.add(11_000)
  t.match(await exchange(a2, 'pskey', { business: 'pay' }), { code: codes.NOT_LOGGED_IN, reason: 'reused' })
  t.match(await session(first.tickets.pskey), { code: codes.TICKET_ENDED, reason: 'reused' })
  t.match(await session(mail.tickets.pskey), { code: codes.TICKET_ENDED, reason: 'reused' })
})

t.test('what is refused spends no A2', async (t) => {
  const { register, exchange, session } = await open(t)
  const { a2, skey } = await register('amber')
  for (const token of [a2, skey]) {
    t.match(await exchange(token, 'pskey'), { code: codes.PARAMETER_MISSING, info: 'business' })
    for (const business of ['none', 'other', 'Pay', 'constructor', '', "' OR 1=1"])
      t.equal((await exchange(token, 'pskey', { business })).code, codes.BUSINESS_UNKNOWN, business)
    t.equal((await exchange(token, 'pskey', { business: 'p'.repeat(65) })).code, codes.PARAMETER_INVALID)
    for (const to of ['a2', 'a1', 'PSKEY', 'toString', '', 'login'])
      t.equal((await exchange(token, to, { business: 'pay' })).code, codes.NOT_IN_LIST, to)
  }
  t.match(await exchange(skey, 'skey'), { code: codes.TIER_WANTED, tier: 'a2' })
  const { tickets } = await exchange(a2, 'skey')
  t.equal((await session(tickets.skey)).code, codes.TICKET_VALID)
})

/** What an exchange asks for: a business of a pSKey, an app of an OpenKey. */
type Wanted = { business?: string; app?: string }
const asWord = (members: object) => Object.values(members).join() || 'nothing'

/** What every exchange answers, as the table of tiers says it in words. */
const expected = (from: Tier, to: string, isOwnApp: boolean, wanted: Wanted, agreed: string): number => {
  // An OpenKey is nothing that a user's app may present.
  if (from === 'openkey') return codes.NOT_LOGGED_IN
  if (from === 'pskey') return isOwnApp ? codes.TIER_WANTED : codes.NOT_LOGGED_IN
  if (!['skey', 'pskey', 'openkey'].includes(to)) return codes.NOT_IN_LIST
  if (!isOwnApp) return codes.NOT_LOGGED_IN
  if (to === 'skey') return from === 'a2' ? codes.OK : codes.TIER_WANTED
  if (to === 'openkey' && wanted.app === undefined) return codes.PARAMETER_MISSING
  if (to === 'openkey') return wanted.app === agreed ? codes.OK : codes.NOT_IN_LIST
  if (wanted.business === undefined) return codes.PARAMETER_MISSING
  return ['pay', 'mail'].includes(wanted.business) ? codes.OK : codes.BUSINESS_UNKNOWN
}

t.test('every pair of tiers, apps and businesses: never up, never sideways, never for longer', async (t) => {
  const { apps, register, call, callAs, own, other, session, exchange, clock } = await open(t)
  const third = await apps.add({ name: 'third', isThirdParty: true, scopes: ['profile'] })
  await apps.reload()
  const rank: readonly Tier[] = ['a2', 'skey', 'pskey', 'openkey']
  const wanted: readonly Wanted[] = [
    ...['pay', 'mail', 'other', 'none'].map((business) => ({ business })),
    ...[third.appId, own.appId, other.appId, 'none'].map((app) => ({ app })),
    {},
  ]
  /** What the holder of a ticket learns of it: an OpenKey's is the third-party app. */
  const look = async (tier: string, token: string | undefined): Promise<Given> =>
    tier === 'openkey' ? callAs(third)('/v1/ticket/verify', { token }) : session(token)
  const wrong: string[] = []
  let walked = 0
  for (const from of rank)
    for (const to of [...Object.keys(tiers), 'a1'])
      for (const [app, isOwnApp] of [
        [own, true],
        [other, false],
      ] as const)
        for (const asked of wanted) {
          const what = `${from} to ${to}, ${isOwnApp ? 'its app' : 'another app'}, for ${asWord(asked)}`
          const userName = `user${++walked}`
          const first = await register(userName)
          await call('/v1/consent/grant', { token: first.skey, grantTo: third.appId, scopes: ['profile'] })
          const { pskey } = (await exchange(first.skey, 'pskey', { business: 'pay' })).tickets
          const { openkey } = (await exchange(first.skey, 'openkey', { app: third.appId })).tickets
          clock.add(minute)
          const token = { ...first, pskey, openkey }[from]
          const parent = await look(from, token)
          const reply = await callAs(app)(path, { token, to, ...asked })
          if (reply.code !== expected(from, to, isOwnApp, asked, third.appId))
            wrong.push(`${what}: ${reply.code}`)
          for (const [tier, given] of Object.entries(reply.tickets ?? {})) {
            const child = await look(tier, given)
            // The A2 that takes the place of another one is the only ticket of the same tier.
            const isDown = rank.indexOf(tier as Tier) > rank.indexOf(from) || (from === 'a2' && tier === 'a2')
            if (!isDown) wrong.push(`${what}: gave ${tier}`)
            if (child.tier !== tier) wrong.push(`${what}: ${tier} is ${child.tier}`)
            if (!(child.expiresAt <= parent.expiresAt)) wrong.push(`${what}: ${tier} lives longer`)
            if (tier === 'pskey' ? child.business !== asked.business : 'business' in child)
              wrong.push(`${what}: ${tier} of ${child.business}`)
            const isShown = (child.user as { userName: string } | undefined)?.userName === userName
            if (isShown === (tier === 'openkey')) wrong.push(`${what}: ${tier} of another user`)
            const elsewhere = await callAs(other)('/v1/session', { token: given })
            if (elsewhere.code !== codes.NOT_LOGGED_IN) wrong.push(`${what}: ${tier} is known to another app`)
          }
        }
  t.equal(walked, 4 * 5 * 2 * 9)
  t.same(wrong, [])
})

t.test('a text that is no pSKey is one refusal', async (t) => {
  const { register, exchange, session, other, callAs } = await open(t)
  const { a2, skey } = await register('amber')
  const { pskey = '' } = (await exchange(skey, 'pskey', { business: 'pay' })).tickets
  const parsed = parseTicket(pskey)
  if (!parsed) return t.fail('no ticket')
  const flipped = (bytes: Uint8Array) => Uint8Array.from(bytes, (byte, at) => (at === 0 ? byte ^ 1 : byte))
  const texts = [
    ...(['a2', 'skey', 'openkey'] as const).map((tier) => formatTicket(tier, parsed.handle, parsed.secret)),
    formatTicket('pskey', flipped(parsed.handle), parsed.secret),
    formatTicket('pskey', parsed.handle, flipped(parsed.secret)),
    ...[a2, skey].map((token) => `ps_${token.slice(3)}`),
    ...[pskey.slice(0, -1), `${pskey}A`, ` ${pskey}`, pskey.toUpperCase(), 'ps_', ''],
  ]
  for (const token of texts) {
    t.equal((await session(token)).code, codes.NOT_LOGGED_IN, token.slice(0, 8))
    t.equal(
      (await exchange(token, 'pskey', { business: 'pay' })).code,
      codes.NOT_LOGGED_IN,
      token.slice(0, 8),
    )
  }
  t.equal((await session('p'.repeat(1_000_000))).code, codes.TOO_LONG, '1 MB is not even read')
  t.equal((await callAs(other)('/v1/session', { token: pskey })).code, codes.NOT_LOGGED_IN, 'another app')
  t.equal((await session(pskey)).code, codes.TICKET_VALID)
})

t.test('a pSKey names no login: two of one user have nothing in common', async (t) => {
  const { register, exchange } = await open(t)
  const { skey } = await register('amber')
  const all = [
    await exchange(skey, 'pskey', { business: 'pay' }),
    await exchange(skey, 'pskey', { business: 'pay' }),
    await exchange(skey, 'pskey', { business: 'mail' }),
  ].map(({ tickets }) => Buffer.from(parseTicket(tickets.pskey ?? '')?.handle ?? []))
  const handles = [...all, Buffer.from(parseTicket(skey)?.handle ?? [])]
  const parts = handles.flatMap((handle) => [0, 4, 8, 12].map((at) => handle.toString('hex', at, at + 4)))
  t.equal(new Set(parts).size, 16)
})

t.test('a pSKey ends with its idle time, its parent, its login, its account and its business', async (t) => {
  const { register, exchange, session, call, clock, businesses, admin, own } = await open(t)
  const give = async (userName: string) => {
    const tickets = await register(userName)
    return { ...tickets, pskey: (await exchange(tickets.skey, 'pskey', { business: 'pay' })).tickets.pskey }
  }
  const idle = await give('idle')
  clock.add(10 * minute - 1)
  t.equal((await session(idle.pskey)).code, codes.TICKET_VALID, 'each use starts the time anew')
  clock.add(10 * minute)
  t.match(await session(idle.pskey), { code: codes.TICKET_ENDED, reason: 'expired' })
  t.equal((await session(idle.skey)).code, codes.TICKET_VALID, 'an SKey may rest for longer')

  await businesses.set('pay', { idleSeconds: 48 * 3_600 })
  await businesses.reload()
  const old = await give('old')
  const started = clock.now()
  for (let at = 0; at < 71; at++) {
    clock.add(40 * minute)
    await session(old.skey)
  }
  const late = (await exchange(old.skey, 'pskey', { business: 'pay' })).tickets.pskey
  clock.set(started + 48 * hour - 1)
  t.equal((await session(late)).code, codes.TICKET_VALID)
  clock.add(1)
  t.equal((await session(late)).code, codes.NOT_LOGGED_IN, 'over by no more than a millisecond')

  const out = await give('out')
  await call('/v1/logout', { token: out.skey })
  t.match(await session(out.pskey), { code: codes.TICKET_ENDED, reason: 'logged-out' })
  t.match(await exchange(out.skey, 'pskey', { business: 'pay' }), { code: codes.NOT_LOGGED_IN })
  t.match(await exchange(out.a2, 'pskey', { business: 'pay' }), {
    code: codes.NOT_LOGGED_IN,
    reason: 'logged-out',
  })

  const disabled = await give('disabled')
  await admin.accounts.disable('disabled', 'test')
  await call('/v1/ticket/exchange', { token: disabled.a2, to: 'skey' })
  t.match(await session(disabled.pskey), { code: codes.TICKET_ENDED, reason: 'disabled' })

  const moved = await give('moved')
  await businesses.set('pay', { appIds: [] })
  await businesses.reload()
  t.equal((await session(moved.pskey)).code, codes.NOT_LOGGED_IN, 'the business left the app')
  await businesses.set('pay', { appIds: [own.appId] })
  await businesses.reload()
  t.equal((await session(moved.pskey)).code, codes.TICKET_VALID)
  await businesses.remove('pay')
  await businesses.reload()
  t.equal((await session(moved.pskey)).code, codes.NOT_LOGGED_IN)
  t.equal((await exchange(moved.skey, 'pskey', { business: 'pay' })).code, codes.BUSINESS_UNKNOWN)
})

t.test('a login has at most 16 pSKeys: with one more the oldest ends', async (t) => {
  const { register, exchange, session } = await open(t)
  const { skey } = await register('amber')
  const all: (string | undefined)[] = []
  for (let at = 0; at < 18; at++) {
    all.push((await exchange(skey, 'pskey', { business: at % 2 ? 'pay' : 'mail' })).tickets.pskey)
  }
  const states = await Promise.all(all.map(async (token) => (await session(token)).code))
  t.same(states.slice(0, 2), [codes.NOT_LOGGED_IN, codes.NOT_LOGGED_IN])
  t.ok(states.slice(2).every((code) => code === codes.TICKET_VALID))
  t.equal((await session(skey)).code, codes.TICKET_VALID)
})

t.test('an A2 that is not exchanged for its idle time has expired', async (t) => {
  const { register, exchange, session, clock } = await open(t, {
    TORII__TICKETS__A2_IDLE_SECONDS: '86400',
    TORII__TICKETS__SKEY_IDLE_SECONDS: '172800',
  })
  const { a2, skey } = await register('amber')
  t.equal((await session(skey)).expiresAt, (clock.now() + 24 * hour) / 1_000, 'no ticket outlives its parent')
  clock.add(24 * hour - 1)
  const next = (await exchange(a2, 'skey')).tickets
  clock.add(24 * hour - 1)
  t.equal((await session(next.a2)).code, codes.TICKET_VALID)
  t.equal((await session(next.skey)).code, codes.TICKET_VALID)
  clock.add(1)
  t.match(await session(next.a2), { code: codes.TICKET_ENDED, reason: 'expired' }, 'a look is no exchange')
  t.match(await exchange(next.a2, 'pskey', { business: 'pay' }), {
    code: codes.NOT_LOGGED_IN,
    reason: 'expired',
  })
  t.equal((await session(next.skey)).code, codes.NOT_LOGGED_IN)
})

type Sampled = Schema & {
  enum?: string[]
  const?: unknown
  minimum?: number
  minLength?: number
  pattern?: string
}
const samples = ['x', '10002', '0'.repeat(32), 'A'.repeat(43), '00000', 'others', 'name-0']

const leastOf = (schema: Sampled): unknown => {
  const { type, enum: names, const: only, minimum = 1, minLength = 1, pattern } = schema
  if (only !== undefined) return only
  if (type === 'integer') return minimum
  if (type === 'object') return leastInput(schema)
  if (type === 'array') return ['x']
  if (names) return names[0]
  return pattern ? samples.find((sample) => new RegExp(pattern, 'u').test(sample)) : 'x'.repeat(minLength)
}

/** The least input that the shape of an operation takes. */
const leastInput = ({ required = [], properties = {} }: Schema): Members =>
  Object.fromEntries(required.map((name) => [name, leastOf(properties[name] ?? {})]))

t.test('every operation asks for the tier and the age that docs/rights.md says', async (t) => {
  const { register, exchange, call, clock, businesses, own } = await open(t)
  await businesses.add({ name: 'all', idleSeconds: 3_600, routes: ['/v1'], appIds: [own.appId] })
  await businesses.reload()
  const page = await readFile(fileURLToPath(import.meta.resolve('#root/docs/rights.md')), 'utf8')
  const told = new Map(
    [...page.matchAll(/^\| `([^`]+)` \| [^|]+ \| ([^|]+) \| [^|]+ \| ([^|]+) \|$/gm)].map(
      ([, path = '', tickets = '', age = '']) => [path, { tickets: tickets.match(/\w+/g) ?? [], age }],
    ),
  )
  const { skey } = await register('amber')
  const { pskey } = (await exchange(skey, 'pskey', { business: 'all' })).tickets
  clock.add(10 * minute)
  let judged = 0
  for (const { path, tiers: wanted, input, freshFor = [] } of await loadShapes()) {
    const row = told.get(path)
    t.same(row?.tickets, wanted ?? [], path)
    if (!wanted) continue
    const members = leastInput(input)
    t.equal((await call(path, members)).code, codes.NOT_LOGGED_IN, `${path} without a ticket`)
    const low = await call(path, { ...members, token: pskey })
    if (wanted.includes('pskey')) t.not(low.code, codes.TIER_WANTED, path)
    else t.match(low, { code: codes.TIER_WANTED, tier: wanted[0] }, `${path} with a pSKey`)
    if (path === '/v1/logout') continue
    const asked = Object.fromEntries(freshFor.map((name) => [name, 'x']))
    const late = await call(path, { ...members, ...asked, token: skey })
    const seconds = /^\d+/.exec(row?.age ?? '')?.[0]
    // An age of an hour is not over yet.
    if (seconds && Number(seconds) <= 600)
      t.match(late, { code: codes.FRESH_LOGIN_NEEDED, maxAuthAge: Number(seconds) }, path)
    else t.not(late.code, codes.FRESH_LOGIN_NEEDED, path)
    judged++
  }
  t.ok(judged >= 10, `${judged} operations`)
})
