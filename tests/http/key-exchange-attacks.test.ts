/** What can be made of a proof that was seen, and what is no key: none of it is taken, and nothing is used up by it. */
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { codes } from '../harness/codes.ts'
import {
  beginExchange,
  type Call,
  encryptTm,
  exchangeKey,
  frame,
  helloFrame,
  type Members,
  messageOf,
  proofOf,
  type Suite,
  suites,
  thirdOf,
} from '../harness/key-client.ts'
import { helloWith, isRefused, openKeyWorld } from './key-world.ts'
import { register, startMs } from './world.ts'

t.setTimeout(60_000)

const textAt = { 'AES-CTR': 16, ChaCha20: 12, twofish128: 0 } as const

/** A proof of another tm, made without the key: xor into the text, for CBC into the IV. */
const alter = (suite: Suite, proof: string | undefined, from: string, to: string) => {
  const bytes = Buffer.from(proof ?? '', 'base64')
  const start = textAt[suite]
  for (let at = 0; at < from.length; at++) {
    bytes[start + at] = (bytes[start + at] ?? 0) ^ from.charCodeAt(at) ^ to.charCodeAt(at)
  }
  return bytes.toString('base64')
}

t.test('a proof that was seen is useless', async (t) => {
  const { call, tm } = await openKeyWorld(t)
  await register(call, 'alder')
  const right = { login: 'alder', password: 'pass word' }
  for (const suite of suites) {
    const { answer, second, shared: key } = await beginExchange(call, suite)
    if (!key) throw new Error('refused')
    const thirdTm = tm()
    const third = thirdOf(key, thirdTm)
    await call('/v1/key-exchange', third)
    const other = await exchangeKey(call, suite, () => startMs)
    const { keyPrint } = key
    const stillGood = async (title: string) =>
      t.equal(messageOf(await call('/v1/hello', helloFrame(key, tm()))).stage, 'waitdata', title)
    const forge = async (proof: string | undefined, from: string, title: string) => {
      const [a, b, c] = [tm(), tm(), tm()]
      const name = `${suite}: ${title}`
      isRefused(
        t,
        await call('/v1/hello', helloWith(keyPrint, from, proof)),
        codes.KX_CHECK_DATA,
        `${name}, as it is`,
      )
      const forged = (to: string) => alter(suite, proof, from, to)
      isRefused(
        t,
        await call('/v1/hello', helloWith(keyPrint, a, forged(a))),
        codes.KX_CHECK_DATA,
        `${name}, hello`,
      )
      const proven = { keyPrint, tm: b, checkTokenData: forged(b) }
      t.match(
        await call('/v1/login', { ...right, ...proven }),
        { code: codes.KX_CHECK_DATA, tickets: undefined },
        name,
      )
      const account = { regmode: 'anonymous', user: { userName: `u${c}` }, password: 'pass word' }
      const again = { keyPrint, tm: c, checkTokenData: forged(c) }
      t.match(await call('/v1/register', { ...account, ...again }), { code: codes.KX_CHECK_DATA }, name)
      t.equal(
        (await call('/v1/register', account)).code,
        codes.REGISTERED,
        'the refused one has not registered',
      )
    }
    const login = await call('/v1/login', { ...right, ...proofOf(key, tm()) })
    t.equal(login.code, codes.LOGGED_IN)
    await forge(second.tempKey, String(answer.tm), 'the proof of stage 2')
    await forge((third.keyEx as Members).tempKey as string, thirdTm, 'the proof of stage 3')
    const seenTm = tm()
    const seen = helloFrame(key, seenTm)
    t.equal(messageOf(await call('/v1/hello', seen)).stage, 'waitdata')
    isRefused(t, await call('/v1/hello', seen), codes.KX_CHECK_DATA, `${suite}: a hello again`)
    const { params } = seen.hello as { params: { checkTokenData: string } }
    await forge(params.checkTokenData, seenTm, 'the proof of a hello')
    const iv = Buffer.from(params.checkTokenData, 'base64').subarray(0, suite === 'ChaCha20' ? 12 : 16)
    isRefused(
      t,
      await call('/v1/hello', helloFrame(key, tm(), {}, iv)),
      codes.KX_CHECK_DATA,
      `${suite}: an IV again`,
    )

    for (const late of [startMs - 400_000, startMs + 400_000]) {
      const refused = proofOf(key, String(late))
      const reply = await call('/v1/hello', helloWith(keyPrint, String(late), refused.checkTokenData))
      t.match(reply, { code: codes.CLOCK_OFF, tm: String(startMs), msgType: 'error', err: { number: 2 } })
      await forge(refused.checkTokenData, String(late), 'an honest proof that was refused for its clock')
    }
    const shown = proofOf(key, tm())
    t.equal((await call('/v1/login', { ...right, password: 'wrong', ...shown })).code, codes.LOGIN_FAILED)
    await forge(shown.checkTokenData, shown.tm, 'the proof shown with a wrong password')
    await stillGood(`${suite}: the key still stands`)

    const now = tm()
    const good = encryptTm(suite, key.key, now)
    const wrong: [string, string, unknown][] = [
      ...Array.from({ length: good.length }, (_, length): [string, string, unknown] => [
        `${length} bytes`,
        now,
        good.subarray(0, length).toString('base64'),
      ]),
      ['a byte more', now, Buffer.concat([good, Buffer.alloc(1)]).toString('base64')],
      ['a block more', now, Buffer.concat([good, randomBytes(16)]).toString('base64')],
      ['16 KB', now, randomBytes(12_000).toString('base64')],
      ['not base64', now, '*'.repeat(40)],
      ['no text', now, 5],
      ['an array', now, [good.toString('base64')]],
      ['none', now, undefined],
      ['another tm', String(Number(now) + 1), good.toString('base64')],
      ['12 digits', now.slice(1), encryptTm(suite, key.key, now.slice(1)).toString('base64')],
      ['14 digits', `${now}0`, encryptTm(suite, key.key, `${now}0`).toString('base64')],
      ['1 digit', '1', encryptTm(suite, key.key, '1').toString('base64')],
      ['of another key', now, proofOf(other, now).checkTokenData],
    ]
    for (const [title, at, proof] of wrong) {
      isRefused(
        t,
        await call('/v1/hello', helloWith(keyPrint, at, proof)),
        codes.KX_KEY_PRINT,
        `${suite}: ${title}`,
      )
      const members = { ...right, keyPrint, tm: at, checkTokenData: proof }
      t.equal((await call('/v1/login', members)).code, codes.KX_KEY_PRINT, `${suite}: ${title}, login`)
    }
    t.equal(
      messageOf(await call('/v1/hello', helloWith(keyPrint, now, good.toString('base64')))).stage,
      'waitdata',
    )
  }
})

t.test('a proof without the name of its key is no login without a key', async (t) => {
  const { call, tm, server } = await openKeyWorld(t)
  await register(call, 'larch')
  const right = { login: 'larch', password: 'pass word' }
  const key = await exchangeKey(call, 'AES-CTR', () => startMs)
  const account = { regmode: 'anonymous', user: { userName: 'spruce' }, password: 'pass word' }
  for (const keyPrint of ['0', 0, '', undefined]) {
    const shown = { ...proofOf(key, tm()), keyPrint }
    t.match(
      await call('/v1/login', { ...right, ...shown }),
      { code: codes.KX_KEY_PRINT, tickets: undefined },
      `${keyPrint}`,
    )
    t.match(await call('/v1/register', { ...account, ...shown }), { code: codes.KX_KEY_PRINT }, `${keyPrint}`)
  }
  for (const checkTokenData of [5, [], {}, true])
    t.equal(
      (await call('/v1/login', { ...right, keyPrint: '0', tm: tm(), checkTokenData })).code,
      codes.KX_KEY_PRINT,
    )
  const rows = await server.db.write.selectFrom('logins').select('loginId').execute()
  t.equal(rows.length, 1, 'none of them has logged in')
  for (const checkTokenData of ['', null, undefined])
    t.equal(
      (await call('/v1/login', { ...right, keyPrint: '0', tm: tm(), checkTokenData })).code,
      codes.LOGGED_IN,
    )
})

t.test('a key answers to its own app alone', async (t) => {
  const { call, tm, server } = await openKeyWorld(t)
  const foreign = await server.apps.add({ name: 'other' })
  const elsewhere: Call = (path, members) =>
    call(path, { ...members, appid: foreign.appId, appsecret: foreign.appSecret })
  await register((path, members = {}) => elsewhere(path, members), 'birch')
  for (const suite of suites) {
    const { shared } = await beginExchange(call, suite)
    if (!shared) throw new Error('refused')
    const third = thirdOf(shared, tm())
    isRefused(t, await elsewhere('/v1/key-exchange', third), codes.KX_KEY_PRINT, 'stage 3 by another app')
    t.equal(
      messageOf(await call('/v1/key-exchange', third)).status,
      'needlogin',
      'the exchange was not touched',
    )
    isRefused(
      t,
      await elsewhere('/v1/key-exchange', third),
      codes.KX_KEY_PRINT,
      'stage 3 again by another app',
    )
    const hello = helloFrame(shared, tm())
    isRefused(t, await elsewhere('/v1/hello', hello), codes.KX_KEY_PRINT, 'its key shown by another app')
    const login = { login: 'birch', password: 'pass word', ...proofOf(shared, tm()) }
    t.equal((await elsewhere('/v1/login', login)).code, codes.KX_KEY_PRINT)
    t.equal(messageOf(await call('/v1/hello', hello)).stage, 'needlogin', 'nothing was burned')
  }
})

t.test('stage 2 sent back as stage 3 makes no key, and a bad stage 3 uses nothing up', async (t) => {
  const { call, tm } = await openKeyWorld(t)
  for (const suite of suites) {
    const { answer, second, shared } = await beginExchange(call, suite)
    if (!shared) throw new Error('refused')
    const { keyPrint } = shared
    const stage3 = (at: string, tempKey: unknown, more: Members = {}) =>
      call('/v1/key-exchange', frame('keyEx', { stage: 3, keyPrint, tempKey, status: 'ready', ...more }, at))
    const its = String(answer.tm)
    isRefused(t, await stage3(its, second.tempKey), codes.KX_CHECK_DATA, `${suite}: stage 2 as it is`)
    for (const to of [String(Number(its) + 1), String(startMs + 5_000), tm()]) {
      const code = to === its ? codes.KX_TEMP_KEY : codes.KX_CHECK_DATA
      isRefused(t, await stage3(to, alter(suite, second.tempKey, its, to)), code, `${suite}: stage 2 altered`)
    }
    const now = tm()
    const good = encryptTm(suite, shared.key, now).toString('base64')
    for (const tempKey of ['', undefined, good.slice(4), `${good}AAAA`, randomBytes(29).toString('base64')])
      isRefused(t, await stage3(now, tempKey), codes.KX_TEMP_KEY, `${suite}: ${tempKey}`)
    for (const tempKey of [5, [good], { good }, null])
      isRefused(t, await stage3(now, tempKey), codes.KX_CONTENT, `${suite}: ${JSON.stringify(tempKey)}`)
    isRefused(t, await stage3(tm(), good), codes.KX_TEMP_KEY, 'of another tm')
    isRefused(t, await stage3(now, good, { kx: 2 }), codes.KX_KEY_PRINT, 'as version 2')
    isRefused(t, await stage3(now, good, { keyPrint: '77' }), codes.KX_KEY_PRINT, 'of another key')
    t.match(messageOf(await stage3(now, good)), { keyPrint, status: 'needlogin' })
    isRefused(t, await stage3(tm(), good), codes.KX_KEY_PRINT, 'another stage 3 is no repetition')
    isRefused(
      t,
      await call('/v1/key-exchange', thirdOf(shared, tm())),
      codes.KX_KEY_PRINT,
      'nor is an honest one',
    )
  }
})
