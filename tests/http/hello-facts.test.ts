/** What a device says of itself in its hello: the language of its replies, and where it is sent. */
import { sql } from 'kysely'
import t from 'tap'
import { codes } from '../harness/codes.ts'
import {
  type Call,
  createSealedClient,
  exchangeSealedKeys,
  frame,
  helloFrame,
  type Members,
  messageOf,
  proofOf,
} from '../harness/key-client.ts'
import { until } from '../harness/test-server.ts'
import { openUserWorld } from './key-world.ts'
import { formOf } from './world.ts'

t.setTimeout(60_000)

t.test('a device is answered in the language of its hello from then on', async (t) => {
  const world = await openUserWorld(t)
  const { call, server, clock, request } = world
  const client = await world.connect()
  const say = async (params: Members, more: Members = {}) =>
    (
      await client.call(
        '/v1/hello',
        frame('hello', { stage: 'clienthello', params, ...more }, String(clock.now())),
      )
    ).json
  const echo = async () => (await client.call('/v1/echo', {})).json?.msg
  t.equal(await echo(), '完成')
  t.match(
    await say({ Lang: 'en_US', CountryCode: 'CN' }, { clientId: 'c-1', platform: 'ios', version: '2.1' }),
    { msg: 'Done' },
  )
  t.equal(await echo(), 'Done')
  t.match(await say({}), { msg: 'Done' }, 'a hello without one keeps it')
  t.equal(await echo(), 'Done')
  t.match(await say({ lang: 'zh_Hans_CN' }), { msg: '完成' })
  t.equal(await echo(), '完成')
  t.match(await say({ Lang: 'Klingon!' }), { code: codes.OK, msg: '完成' }, 'an unknown one is recorded')
  const row = await until('the device is written', async () => {
    const { rows } = await sql<{ hello: string }>`select hello from devices where hello <> ''`.execute(
      server.db.write,
    )
    return rows[0]?.hello.includes('Klingon') && JSON.parse(rows[0].hello)
  })
  t.same(row, { language: 'Klingon!', countryCode: 'CN', platform: 'ios', clientId: 'c-1', version: '2.1' })
  const bells = '\u0007'.repeat(200)
  const long = `${'"'.repeat(60)}${'\u0001'.repeat(40)}${bells}`
  t.match(await say({ Lang: long, CountryCode: long }, { clientId: long, platform: long, version: long }), {
    code: codes.OK,
  })
  for (const value of [5, [], {}, null, true])
    t.match(await say({ Lang: value, CountryCode: value }, { clientId: value, platform: value }), {
      code: codes.OK,
    })
  const text = await until('the device is written', async () => {
    const { rows } = await sql<{ hello: string }>`select hello from devices`.execute(server.db.write)
    return rows.find(({ hello }) => hello.includes('\\"\\"'))?.hello
  })
  t.ok(text.length < 2_000, `what it said has its place: ${text.length}`)

  const { keys } = await exchangeSealedKeys(call, world.app.appId)
  const sealed = createSealedClient(keys, (url, form) => request({ url, post: formOf(form) }), clock.now)
  const message = { stage: 'clienthello', keyPrint: keys.fingerprint, params: { Lang: 'en-GB' } }
  t.match(await sealed.call('/v1/hello', frame('hello', message, String(clock.now()))), { msg: 'Done' })
  t.match(await sealed.call('/v1/echo'), { msg: 'Done' }, 'a sealed device too')

  const other = (await exchangeSealedKeys(call, world.app.appId)).keys
  const unnamed = createSealedClient(other, (url, form) => request({ url, post: formOf(form) }), clock.now)
  const bare = { stage: 'clienthello', keyPrint: '0', params: { Lang: 'en-GB', CountryCode: 'TW' } }
  t.match(await unnamed.call('/v1/hello', frame('hello', bare, String(clock.now()))), {
    msg: 'Done',
    hello: { stage: 'waitlogin' },
  })
  t.match(await unnamed.call('/v1/echo'), { msg: 'Done' }, 'also without naming its key')
})

t.test(
  'who belongs elsewhere is sent there after the right credentials on a key, and never before',
  async (t) => {
    const redirects = [
      { from: ['10.1.0.0/16'], to: 'https://south.example/torii' },
      { from: ['CN', 'tw'], to: 'https://east.example' },
    ]
    const world = await openUserWorld(t, {
      TORII__SECURITY__PROFILE: 'legacy',
      TORII__SERVER__REDIRECTS: JSON.stringify(redirects),
    })
    const { app, clock, exchange, hello, login, admin } = world
    const tm = () => String(clock.now())
    const credentials = { appid: app.appId, appsecret: app.appSecret }
    const south: Call = async (url, members) => {
      const { body } = await world.request({ url, json: { ...credentials, ...members }, from: '10.1.2.3' })
      return JSON.parse(body)
    }
    const right = { login: 'willow', password: 'pass word' }
    const key = await exchange()
    t.equal(
      messageOf(await south('/v1/hello', helloFrame(undefined, tm()))).stage,
      'waitlogin',
      'no hello redirects',
    )
    t.equal(messageOf(await south('/v1/hello', helloFrame(key, tm()))).stage, 'needlogin')
    const wrong = await south('/v1/login', { ...right, password: 'x', ...proofOf(key, tm()) })
    t.match(wrong, { code: codes.LOGIN_FAILED, redirect: undefined }, 'a wrong password learns nothing')
    const unknown = await south('/v1/login', { ...right, login: 'nobody', ...proofOf(key, tm()) })
    t.match(unknown, { code: codes.LOGIN_FAILED, redirect: undefined })
    const bad = await south('/v1/login', { ...right, ...proofOf(key, tm()), checkTokenData: 'AAAA' })
    t.match(bad, { code: codes.KX_KEY_PRINT, redirect: undefined })
    t.equal(
      (await south('/v1/login', right)).code,
      codes.LOGGED_IN,
      'without a key there is nothing to go on with',
    )
    t.equal(messageOf(await hello(key)).stage, 'needlogin', 'none of them has bound it')
    const sent = await login(key, south)
    t.match(sent, {
      code: codes.KX_REDIRECT,
      redirect: 'https://south.example/torii',
      tickets: undefined,
      user: undefined,
    })
    t.equal(
      messageOf(await south('/v1/hello', helloFrame(key, tm()))).stage,
      'waitdata',
      'and the key is bound',
    )

    const abroad = await exchange()
    t.equal((await login(abroad)).code, codes.LOGGED_IN, 'its country is not known yet')
    t.equal(messageOf(await hello(abroad, { CountryCode: 'cn' })).stage, 'waitdata')
    t.match(
      await login(abroad),
      { code: codes.KX_REDIRECT, redirect: 'https://east.example' },
      'by the country of its hello',
    )
    t.equal(messageOf(await hello(abroad, { CountryCode: 'TW' })).stage, 'waitdata')
    t.equal((await login(abroad)).code, codes.KX_REDIRECT)
    await admin.accounts.disable('willow', 'test')
    t.match(
      await login(abroad),
      { code: codes.ACCOUNT_DISABLED, redirect: undefined },
      'a disabled account goes nowhere',
    )
  },
)
