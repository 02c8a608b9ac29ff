/** Captchas through the front door: demanded, solved, used up, bound; and by the SDK. */
import { createHash } from 'node:crypto'
import { Redis } from 'ioredis'
import t from 'tap'
import { createClient, isFailure } from '../../src/client/index.ts'
import { codes } from '../harness/codes.ts'
import { createReadableRandom } from '../harness/pictures.ts'
import { openShared, spawnServer } from '../harness/test-server.ts'
import { checkRefusal, openWorld, type World } from './world.ts'

t.setTimeout(60_000)

type Challenge = { algorithm: string; challenge: string; maxnumber: number; salt: string; signature: string }
type Issued = { captchaId: string; kind: string; challenge?: Challenge; picture?: string; expiresIn: number }

const environment = {
  TORII__CAPTCHA__DEMAND: JSON.stringify([
    { purpose: 'register', by: 'network', count: 3 },
    { purpose: 'login', by: 'login', count: 3, seconds: 900 },
    { purpose: 'login', by: 'network', count: 20 },
  ]),
  TORII__CAPTCHA__WORK__MOST: '1000',
  TORII__SERVER__TRUSTED_PROXIES: '127.0.0.1/32',
}

/** As an ALTCHA widget does it. */
const solve = ({ challenge: work }: Issued, change: Partial<Challenge & { number: number }> = {}) => {
  if (!work) throw new Error('no work')
  const hash = (number: number) =>
    createHash('sha256')
      .update(work.salt + number)
      .digest('hex')
  let number = 0
  while (hash(number) !== work.challenge) number++
  const { algorithm, challenge, salt, signature } = { ...work, ...change }
  return Buffer.from(JSON.stringify({ algorithm, challenge, number, salt, signature, ...change })).toString(
    'base64',
  )
}

let names = 0
const registerOn = (world: World, members: object = {}, from = '127.0.0.1') =>
  world
    .request({
      url: '/v1/register',
      json: {
        appid: world.app.appId,
        appsecret: world.app.appSecret,
        regmode: 'anonymous',
        user: { userName: `name ${++names}` },
        password: 'pass word',
        ...members,
      },
      ...(from !== '127.0.0.1' && { headers: { 'x-forwarded-for': from, 'x-forwarded-proto': 'https' } }),
    })
    .then((reply) => ({ ...reply, json: JSON.parse(reply.body) as Record<string, unknown> }))

const ask = async (world: World, members: object = { purpose: 'register' }) =>
  (await world.callJson('/v1/captcha', { ...members })).json as unknown as Issued & { code: number }

/** Three that pass, and then the captcha of the refusal. */
const openDemanding = async (...[more = {}]: [Record<string, string>?]) => {
  const world = await openWorld(t, { ...environment, ...more })
  for (let at = 0; at < 3; at++) t.equal((await registerOn(world)).json.code, codes.REGISTERED)
  return world
}

t.test(
  'the fourth registration from a network is asked for work, and solved work lets it pass',
  async (t) => {
    const world = await openDemanding()
    const refused = await registerOn(world)
    const { captcha } = checkRefusal(t, refused, 'CAPTCHA_MISSING') as { captcha: Issued }
    t.match(captcha, {
      kind: 'work',
      purpose: 'register',
      expiresIn: 120,
      challenge: { algorithm: 'SHA-256', maxnumber: 1_000 },
    })
    const answer = solve(captcha)
    t.equal(
      (await registerOn(world, { captcha: { captchaId: captcha.captchaId, answer } })).json.code,
      codes.REGISTERED,
    )
    const again = await registerOn(world, { captcha: { answer } })
    const { captcha: fresh } = checkRefusal(t, again, 'CAPTCHA_WRONG') as { captcha: Issued }
    t.equal((await registerOn(world, { captcha: { answer: solve(fresh) } })).json.code, codes.REGISTERED)
    t.equal(
      (await registerOn(world, {}, '203.0.113.9')).json.code,
      codes.REGISTERED,
      'another network is not asked',
    )
  },
)

t.test('work that is not what was asked for is refused, each time with a fresh one', async (t) => {
  const world = await openDemanding()
  const other = await world.server.apps.add({ name: 'other' })
  const credentials = { appid: other.appId, appsecret: other.appSecret }
  const first = await ask(world)
  const rows: [why: string, members: object, from?: string][] = [
    ['another purpose', { captcha: { answer: solve(await ask(world, { purpose: 'login' })) } }],
    ['another app', { ...credentials, captcha: { answer: solve(await ask(world)) } }],
    [
      'another challenge under this signature',
      { captcha: { answer: solve(first, { signature: (await ask(world)).challenge?.signature ?? '' }) } },
    ],
    [
      'another salt',
      { captcha: { answer: solve(first, { salt: (await ask(world)).challenge?.salt ?? '' }) } },
    ],
    ['another number', { captcha: { answer: solve(first, { number: 1_000_000 }) } }],
    ['another algorithm', { captcha: { answer: solve(first, { algorithm: 'SHA-1' }) } }],
    ['letters', { captcha: { captchaId: first.captchaId, answer: 'ABCDE' } }],
    ['no base64', { captcha: { answer: '%'.repeat(100) } }],
  ]
  for (const [why, members] of rows) {
    const { captcha } = checkRefusal(t, await registerOn(world, members), 'CAPTCHA_WRONG', { message: why })
    t.match(captcha, { kind: 'work' }, why)
  }
  checkRefusal(t, await registerOn(world, { captcha: {} }), 'CAPTCHA_MISSING')
  const answer = solve(first)
  world.clock.add(120_000)
  checkRefusal(t, await registerOn(world, { captcha: { answer } }), 'CAPTCHA_EXPIRED')
  t.equal(
    (await registerOn(world, { captcha: { answer: solve(await ask(world)) } })).json.code,
    codes.REGISTERED,
  )
})

t.test('work from another network is refused, and of too low a difficulty', async (t) => {
  const world = await openDemanding()
  for (let at = 0; at < 3; at++) await registerOn(world, {}, '203.0.113.9')
  const elsewhere = (await ask(world)) as Issued
  checkRefusal(
    t,
    await registerOn(world, { captcha: { answer: solve(elsewhere) } }, '203.0.113.9'),
    'CAPTCHA_WRONG',
  )
  const easy = await ask(world)
  for (let at = 0; at < 63; at++) await registerOn(world)
  const refused = await registerOn(world, { captcha: { answer: solve(easy) } })
  const { captcha } = checkRefusal(t, refused, 'CAPTCHA_WRONG') as { captcha: Issued }
  t.equal(captcha.challenge?.maxnumber, 4_000, 'the demand has risen twice')
})

t.test('work counts although the demand rose while the client did it', async (t) => {
  const world = await openDemanding()
  for (let at = 3; at < 14; at++) await registerOn(world)
  const { captcha } = checkRefusal(t, await registerOn(world), 'CAPTCHA_MISSING') as { captcha: Issued }
  t.equal(captcha.challenge?.maxnumber, 1_000)
  t.equal((await registerOn(world, { captcha: { answer: solve(captcha) } })).json.code, codes.REGISTERED)
  const next = checkRefusal(t, await registerOn(world), 'CAPTCHA_MISSING') as { captcha: Issued }
  t.equal(next.captcha.challenge?.maxnumber, 2_000, 'it has risen')
})

t.test('a picture is kept as a hash, and used up by its first answer', async (t) => {
  const demand = JSON.stringify([{ purpose: 'register', by: 'network', count: 0, kind: 'picture' }])
  const world = await openWorld(t, { ...environment, TORII__CAPTCHA__DEMAND: demand })
  const { captcha } = checkRefusal(t, await registerOn(world), 'CAPTCHA_MISSING') as { captcha: Issued }
  t.match(captcha, { kind: 'picture', picture: /^<svg / })
  const { captchaId } = captcha
  checkRefusal(t, await registerOn(world, { captcha: { captchaId, answer: 'WRONG' } }), 'CAPTCHA_WRONG')
  checkRefusal(t, await registerOn(world, { captcha: { captchaId, answer: 'WRONG' } }), 'CAPTCHA_EXPIRED')
  checkRefusal(t, await registerOn(world, { captcha: { answer: 'WRONG' } }), 'CAPTCHA_MISSING')
  checkRefusal(t, await registerOn(world, { captcha: { captchaId: 'x', answer: 'WRONG' } }), 'CAPTCHA_WRONG')
  const dark = await ask(world, { purpose: 'register', kind: 'picture', theme: 'dark' })
  t.match(dark, { kind: 'picture', picture: /#d7dbe3/ })
})

t.test('a right answer to a picture counts in any case and width, once', async (t) => {
  const demand = JSON.stringify([{ purpose: 'register', by: 'network', count: 0, kind: 'picture' }])
  const { random, read } = createReadableRandom()
  const world = await openWorld(t, { ...environment, TORII__CAPTCHA__DEMAND: demand }, random)
  const fullWidth = (text: string) =>
    String.fromCodePoint(...Array.from(text, (letter) => letter.charCodeAt(0) + 0xfee0))
  const ways: [name: string, write: (text: string) => string][] = [
    ['as drawn', (text) => text],
    ['small', (text) => text.toLowerCase()],
    ['full-width', fullWidth],
    ['full-width and small', (text) => fullWidth(text.toLowerCase())],
    ['with blanks', (text) => ` ${[...text].join(' ')}\u3000`],
  ]
  for (const [name, write] of ways) {
    const { captchaId } = await ask(world, { purpose: 'register' })
    const captcha = { captchaId, answer: write(read()) }
    t.equal((await registerOn(world, { captcha })).json.code, codes.REGISTERED, name)
    checkRefusal(t, await registerOn(world, { captcha }), 'CAPTCHA_EXPIRED', { message: name })
  }
  const rows: [why: string, members: object, from?: string][] = [
    ['another network', {}, '203.0.113.9'],
    ['another app', await world.server.apps.add({ name: 'other' }).then(credentialsOf)],
  ]
  for (const [why, members, from] of rows) {
    const { captchaId } = await ask(world, { purpose: 'register' })
    const refused = await registerOn(world, { ...members, captcha: { captchaId, answer: read() } }, from)
    checkRefusal(t, refused, 'CAPTCHA_WRONG', { message: why })
  }
  const { captchaId } = await ask(world, { purpose: 'login', kind: 'picture' })
  const refused = await registerOn(world, { captcha: { captchaId, answer: read() } })
  checkRefusal(t, refused, 'CAPTCHA_WRONG', { message: 'another purpose' })
})

const credentialsOf = ({ appId, appSecret }: { appId: string; appSecret: string }) => ({
  appid: appId,
  appsecret: appSecret,
})

const loginOn = (world: World, members: object) =>
  world
    .callJson('/v1/login', { login: 'amber', ...members })
    .then(({ json }) => json as Record<string, unknown> & { code: number })

t.test('a login is asked for work after three failures, and a wrong password uses it up', async (t) => {
  const world = await openWorld(t, environment)
  await registerOn(world, { user: { userName: 'amber' } })
  for (let at = 0; at < 3; at++)
    t.match(await loginOn(world, { password: 'wrong' }), { code: codes.LOGIN_FAILED })
  const ask = async (members: object, name: 'CAPTCHA_MISSING' | 'CAPTCHA_WRONG' = 'CAPTCHA_MISSING') => {
    const refused = await world.callJson('/v1/login', { login: 'amber', ...members })
    return (checkRefusal(t, refused, name) as { captcha: Issued }).captcha
  }
  const answer = solve(await ask({ password: 'pass word' }))
  await ask({ password: 'pass word' })
  t.match(await loginOn(world, { password: 'wrong', captcha: { answer } }), { code: codes.LOGIN_FAILED })
  const fresh = await ask({ password: 'pass word', captcha: { answer } }, 'CAPTCHA_WRONG')
  const good = await loginOn(world, { password: 'pass word', captcha: { answer: solve(fresh) } })
  t.equal(good.code, codes.LOGGED_IN, 'a refusal for want of a captcha costs no try')
  t.match(
    await loginOn(world, { password: 'pass word' }),
    { code: codes.LOGGED_IN },
    'a good login clears it',
  )
})

t.test(
  'twenty failures of a network ask for every login from there, but of a device that is known',
  async (t) => {
    const world = await openWorld(t, environment)
    await registerOn(world, { user: { userName: 'amber' } })
    const device = await world.connect()
    t.equal(
      (await device.call('/v1/login', { login: 'amber', password: 'pass word' })).json?.code,
      codes.LOGGED_IN,
    )
    for (let at = 0; at < 20; at++)
      await world.callJson('/v1/login', { login: `nobody ${at}`, password: 'x' })
    t.match(await loginOn(world, { password: 'pass word' }), { code: codes.CAPTCHA_MISSING })
    const known = await device.call('/v1/login', { login: 'amber', password: 'pass word', n: 2 })
    t.equal(known.json?.code, codes.LOGGED_IN)
  },
)

t.test('past a streak a solved captcha stands for the wait', async (t) => {
  const world = await openWorld(t, environment)
  await registerOn(world, { user: { userName: 'amber' } })
  const { write } = world.server.db
  const { tag: loginKey } = await write.selectFrom('accounts').select('tag').executeTakeFirstOrThrow()
  const streak = { loginKey, failures: 101, lastFailedAt: world.clock.now() }
  await write.insertInto('loginStreaks').values(streak).execute()
  const { captcha } = (await loginOn(world, { password: 'pass word' })) as unknown as { captcha: Issued }
  t.equal(
    (await loginOn(world, { password: 'wrong', captcha: { answer: solve(captcha) } })).code,
    codes.LOGIN_FAILED,
  )
  const again = (await loginOn(world, { password: 'pass word' })) as unknown as { captcha: Issued }
  const good = await loginOn(world, { password: 'pass word', captcha: { answer: solve(again.captcha) } })
  t.equal(good.code, codes.LOGGED_IN)
})

t.test('always asks every caller, never asks none', async (t) => {
  const always = await openWorld(t, { ...environment, TORII__CAPTCHA__MODE: 'always' })
  checkRefusal(t, await registerOn(always), 'CAPTCHA_MISSING')
  const never = await openWorld(t, { ...environment, TORII__CAPTCHA__MODE: 'never' })
  for (let at = 0; at < 6; at++) t.equal((await registerOn(never)).json.code, codes.REGISTERED)
})

type Sender = Pick<Awaited<ReturnType<typeof spawnServer>>, 'send'>

/** Calls in turn on several processes. */
const callOn =
  (servers: readonly Sender[], { appId, appSecret }: { appId: string; appSecret: string }) =>
  async (at: number, path: string, members: object) => {
    const { body } = await (servers[at % servers.length] as Sender).send({
      method: 'POST',
      url: path,
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify({ appid: appId, appsecret: appSecret, ...members }),
    })
    return JSON.parse(body)
  }

t.test('a right captcha with a wrong password is used up for both of two processes', async (t) => {
  const shared = await openShared({ ...environment, TORII__CAPTCHA__MODE: 'always' })
  const servers = await Promise.all([spawnServer(shared.environment), spawnServer(shared.environment)])
  t.teardown(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    await shared.close()
  })
  const call = callOn(servers, shared.app)
  const solved = async (purpose: string) => ({ answer: solve(await call(0, '/v1/captcha', { purpose })) })
  const person = { regmode: 'anonymous', user: { userName: 'amber' }, password: 'pass word' }
  const registered = await call(0, '/v1/register', { ...person, captcha: await solved('register') })
  t.equal(registered.code, codes.REGISTERED)
  const captcha = await solved('login')
  const login = (at: number, password: string, captcha: object) =>
    call(at, '/v1/login', { login: 'amber', password, captcha })
  t.equal((await login(0, 'wrong', captcha)).code, codes.LOGIN_FAILED)
  t.equal((await login(1, 'pass word', captcha)).code, codes.CAPTCHA_WRONG)
  t.equal((await login(0, 'pass word', captcha)).code, codes.CAPTCHA_WRONG)
  t.equal((await login(1, 'pass word', await solved('login'))).code, codes.LOGGED_IN)

  const burst = await solved('login')
  const found = await Promise.all(Array.from({ length: 20 }, (_, at) => login(at, 'pass word', burst)))
  t.equal(found.filter(({ code }) => code === codes.LOGGED_IN).length, 1, 'of twenty at once one passes')
  t.equal(found.filter(({ code }) => code === codes.CAPTCHA_WRONG).length, 19)
})

t.test('of twenty calls at once with one solved work, over two processes, one passes', async (t) => {
  const shared = await openShared({ ...environment, TORII__CAPTCHA__MODE: 'always' })
  const servers = await Promise.all([spawnServer(shared.environment), spawnServer(shared.environment)])
  t.teardown(async () => {
    await Promise.all(servers.map((server) => server.stop()))
    await shared.close()
  })
  const call = callOn(servers, shared.app)
  const answer = solve(await call(0, '/v1/captcha', { purpose: 'register' }))
  const calls = Array.from({ length: 20 }, (_, at) =>
    call(at, '/v1/register', {
      regmode: 'anonymous',
      user: { userName: `burst ${at}` },
      password: 'pass word',
      captcha: { answer },
    }),
  )
  const found = (await Promise.all(calls)).map(({ code }) => code)
  t.equal(found.filter((code) => code === codes.REGISTERED).length, 1)
  t.equal(found.filter((code) => code === codes.CAPTCHA_WRONG).length, 19)

  // Nothing is kept for work that was not solved.
  const client = new Redis(shared.environment.TORII__STORE__URL ?? '')
  const count = async () =>
    (await client.keys(`${shared.database}:*`)).filter((key) => key.includes('captcha:')).length
  const before = await count()
  for (let at = 0; at < 100; at++) await call(at, '/v1/captcha', { purpose: 'register' })
  t.equal(await count(), before)
  client.disconnect()
})

t.test('the SDK solves work by itself, and asks for pictures', async (t) => {
  const world = await openWorld(t, environment)
  const url = `http://127.0.0.1:${await world.listen()}`
  const shares: number[] = []
  const create = (more: object = {}) =>
    createClient({
      url,
      appId: world.app.appId,
      appSecret: world.app.appSecret,
      now: world.clock.now,
      minimumKdfCost: 4,
      onWork: (share) => shares.push(share),
      ...more,
    })
  for (let at = 0; at < 5; at++) {
    const { user } = await create().register({ userName: `sdk user ${at}`, password: 'pass word' })
    t.equal(user.userName, `sdk user ${at}`)
  }
  t.ok(shares.every((share) => share > 0 && share <= 1))
  t.match(await create().captcha({ purpose: 'code' }), { captchaId: /^[0-9a-f]{32}$/, answer: /^[\w+/]+=*$/ })
  const pictures: string[] = []
  const asking = create({
    onCaptcha: ({ picture }: { picture: string }) => {
      pictures.push(picture)
      return 'ABCDE'
    },
  })
  t.match(await asking.captcha({ purpose: 'register', kind: 'picture' }), { answer: 'ABCDE' })
  t.match(pictures, [/^<svg /])
  const refused = await create()
    .captcha({ purpose: 'register', kind: 'picture' })
    .catch((error: unknown) => error)
  t.ok(isFailure(refused, 'CAPTCHA_MISSING'))
})
