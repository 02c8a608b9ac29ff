/**
 * Thirty minutes of strangers, on a clock that the test moves: 1,000 IPv4 addresses and 200 /64s of four /48s, each within
 * its limits, with the app's own id and secret. What they make grow stays within its bounds, and an honest caller is served.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { sql } from 'kysely'
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { beginExchange, exchangeKey, type Members } from '../harness/key-client.ts'
import { createTestClock, type Environment, openTestServer } from '../harness/test-server.ts'

t.setTimeout(900_000)

const minutes = 30
/** As many strangers as the bounds allow for, scaled down so that they are reached within the test. */
const bounds = { devices: 4_000, storeKeys: 10_000, heapMb: 120 } as const

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const heapMb = () => {
  collectGarbage()
  return process.memoryUsage().heapUsed / 2 ** 20
}

const defaults = JSON.parse(readFileSync(new URL(import.meta.resolve('#root/config/default.json')), 'utf8'))
const toWord = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()
const usualLimits: Environment = Object.fromEntries(
  Object.entries(defaults.limits).map(([name, limit]) => [
    `TORII__LIMITS__${toWord(name)}`,
    JSON.stringify(limit),
  ]),
)

const strangers = [
  ...Array.from({ length: 1_000 }, (_, place) => `198.51.${place >> 8}.${place & 255}`),
  ...Array.from({ length: 200 }, (_, place) => `2001:db8:${place & 3}:${(place >> 2).toString(16)}::1`),
]

const clock = createTestClock()
const world = await openTestServer({
  clock,
  environment: {
    ...usualLimits,
    TORII__SERVER__TRIAL: 'false',
    TORII__SERVER__TRUSTED_PROXIES: '127.0.0.1',
    TORII__PASSWORD__COST: '4',
    TORII__PROVISIONING__DEVICES_PER_APP: String(bounds.devices),
    TORII__STORE__MEMORY_MAX_KEYS: String(bounds.storeKeys),
    TORII__LOG__LEVEL: 'fatal',
  },
})
t.teardown(() => world.close())
const { server, app } = world

/** A caller with an address of its own, behind the proxy. */
const callerAt = (address: string) => {
  const headers = { host: 'login.example', 'x-forwarded-for': address, 'x-forwarded-proto': 'https' }
  const get = async (url: string) => {
    const reply = await server.http.inject({ url, headers, remoteAddress: '127.0.0.1' })
    return { ...JSON.parse(reply.body), httpStatus: reply.statusCode } as Members & { code: number }
  }
  const call = async (path: string, members: Members) => {
    const reply = await server.http.inject({
      method: 'POST',
      url: path,
      headers: { ...headers, 'content-type': 'application/json' },
      payload: JSON.stringify({ appid: app.appId, appsecret: app.appSecret, ...members }),
      remoteAddress: '127.0.0.1',
    })
    return JSON.parse(reply.body) as Members & { code: number }
  }
  const provision = () => get(`/v1/totp?n=${app.appId}&s=${app.appSecret}&type=phone&os=${'x'.repeat(64)}`)
  return { get, call, provision }
}

const honest = callerAt('203.0.113.7')
const login = { login: 'honest', password: 'correct horse' }
t.equal(
  (
    await honest.call('/v1/register', {
      regmode: 'anonymous',
      user: { userName: login.login },
      password: login.password,
    })
  ).code,
  codes.REGISTERED,
)

type Stranger = ReturnType<typeof callerAt>
const attacks: ((stranger: Stranger) => Promise<unknown>)[] = [
  (it) => it.provision(),
  (it) => exchangeKey(it.call, 'AES-CTR', clock.now),
  (it) => beginExchange(it.call, 'ChaCha20'),
  (it) => it.call('/v1/prelogin', { login: randomBytes(8).toString('hex') }),
  (it) => it.call('/v1/login', { login: randomBytes(8).toString('hex'), password: 'guess' }),
  (it) => it.call('/v1/login', { login: '10001', password: randomBytes(4).toString('hex') }),
  (it) => it.call('/v1/echo', { appid: randomBytes(8).toString('hex') }),
]

const seen = new Map<number | string, number>()
const flood = async (minute: number) => {
  for (const [place, address] of strangers.entries()) {
    const attack = attacks[(place + minute) % attacks.length]
    const outcome = await attack?.(callerAt(address)).catch(() => ({ code: 'refused' }))
    const code = (outcome as { code?: number | string }).code ?? 'exchanged'
    seen.set(code, (seen.get(code) ?? 0) + 1)
  }
}

const countRows = async (table: string) => {
  const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.id(table)}`.execute(
    server.db.write,
  )
  return Number(rows[0]?.n)
}

t.test(
  'thirty minutes of strangers leave everything in its bounds, and an honest caller is served',
  async (t) => {
    const before = heapMb()
    const lost: string[] = []
    const expect = (what: string, minute: number, found: unknown, wanted: unknown) => {
      if (found !== wanted) lost.push(`minute ${minute}: ${what} ${JSON.stringify(found)}`)
    }
    for (let minute = 0; minute < minutes; minute++) {
      await flood(minute)
      expect('ready', minute, (await honest.get('/readyz')).httpStatus, 200)
      const loggedIn = await honest.call('/v1/login', login)
      expect('login', minute, loggedIn.code, codes.LOGGED_IN)
      const { skey } = (loggedIn.tickets ?? {}) as { skey?: string }
      expect('session', minute, (await honest.call('/v1/session', { token: skey })).code, codes.TICKET_VALID)
      const device = await honest.provision()
      expect('provisioning', minute, typeof device.totp_secret, 'string')
      const { answer } = await beginExchange(honest.call, 'AES-CTR')
      expect('key exchange', minute, answer.code, codes.OK)
      await server.flush()
      await server.removeOld()
      clock.add(60_000)
    }
    t.strictSame(lost, [], 'the honest caller is served in every minute')

    const tables = [
      'devices',
      'logins',
      'login_failures',
      'login_streaks',
      'audit_events',
      'change_log',
      'accounts',
    ]
    const rows = Object.fromEntries(
      await Promise.all(tables.map(async (name) => [name, await countRows(name)])),
    )
    const heap = heapMb() - before
    t.comment(`replies ${JSON.stringify(Object.fromEntries(seen))}`)
    t.comment(`rows ${JSON.stringify(rows)}, heap +${Math.round(heap)} MB`)
    t.ok(rows.devices <= bounds.devices, `${rows.devices} devices`)
    t.ok(rows.login_failures <= strangers.length * minutes, `${rows.login_failures} rows of failures`)
    t.ok(rows.audit_events < 1_000, `${rows.audit_events} audit events`)
    t.equal(rows.accounts, 1, 'no stranger has an account')
    t.ok(heap < bounds.heapMb, `${Math.round(heap)} MB more`)
  },
)
