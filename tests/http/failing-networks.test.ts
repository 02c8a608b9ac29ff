/** Wrong logins are counted for each network over all logins that it tries. */
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { createTotpClient } from '../harness/totp-client.ts'
import { type Answer, openWorld, register } from './world.ts'

const most = 5
const environment = {
  TORII__LIMITS__LOGIN_FAILURES: `[3600, ${most}]`,
  // Serves other hosts without TLS.
  TORII__SECURITY__PROFILE: 'legacy',
}

const open = async (t: Parameters<typeof openWorld>[0]) => {
  const world = await openWorld(t, environment)
  const { app, clock, server } = world
  await register(
    async (path, members) => (await world.callJson(path, members)).json as Answer,
    'amber',
    'a right one',
  )
  const credentials = { appid: app.appId, appsecret: app.appSecret }
  let tried = 0
  const login = async (from: string, members: { login: string; password: string }) => {
    const json = { ...credentials, ...members }
    const { headers, body } = await world.request({ url: '/v1/login', json, from })
    return { code: (JSON.parse(body) as Answer).code, retryAfter: Number(headers['retry-after']) }
  }
  return {
    world,
    clock,
    server,
    guess: (from: string) => login(from, { login: `stolen-${++tried}`, password: 'wrong' }),
    enter: (from: string) => login(from, { login: 'amber', password: 'a right one' }),
  }
}

t.test('a list of stolen passwords, each for another login, is stopped', async (t) => {
  const { world, clock, server, guess, enter } = await open(t)
  const device = await world.provision()
  let tried = 0
  const addressed = async (from: string) => {
    const send = async (options: Parameters<typeof world.send>[0]) => {
      const { payload = '', ...rest } = options
      const { statusCode, headers, body } = await server.http.inject({
        ...rest,
        payload,
        remoteAddress: from,
      })
      return { status: statusCode, headers, body }
    }
    const client = createTotpClient({ send, device, now: clock.now })
    const members = { login: 'amber', password: 'a right one', rid: `at ${clock.now()} ${tried++}` }
    return (await client.call('/v1/login', members)).json as Answer
  }
  t.equal((await addressed('8.8.8.9')).code, codes.LOGGED_IN)

  const codesOf = []
  for (let at = 0; at < most; at++) codesOf.push((await guess('8.8.8.9')).code)
  t.same(new Set(codesOf), new Set([codes.LOGIN_FAILED]))
  const over = await guess('8.8.8.9')
  t.equal(over.code, codes.TOO_OFTEN)
  t.ok(over.retryAfter > 3_500 && over.retryAfter <= 3_600, `it says when: ${over.retryAfter} s`)
  t.equal((await enter('8.8.8.9')).code, codes.TOO_OFTEN, 'also with a right password')
  t.equal((await addressed('8.8.8.9')).code, codes.LOGGED_IN, 'a device that was here before does not wait')
  t.equal((await enter('8.8.8.10')).code, codes.LOGGED_IN, 'nor another address')
  clock.add(3_601_000)
  t.equal((await enter('8.8.8.9')).code, codes.LOGGED_IN, 'after the hour')
})

t.test('many /64s of one /48 add up', async (t) => {
  const { guess, enter } = await open(t)
  const addressOf = (at: number) => `2600:7:0:${at.toString(16)}::1`
  const outcomes = []
  for (let at = 0; at <= most * 12; at++) outcomes.push((await guess(addressOf(at))).code)
  t.equal(outcomes.filter((code) => code === codes.LOGIN_FAILED).length, most * 12)
  t.equal(outcomes.at(-1), codes.TOO_OFTEN)
  t.equal((await enter(addressOf(9_999))).code, codes.TOO_OFTEN, 'a /64 that never failed')
  t.equal((await enter('2600:8::1')).code, codes.LOGGED_IN, 'another /48')
})
