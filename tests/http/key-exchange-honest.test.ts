/** Honest clients of every kind, and many of them: all succeed. */
import { createECDH, createHash, randomBytes } from 'node:crypto'
import t from 'tap'
import { createSealer } from '../../src/adapters/crypto.ts'
import { nodeKeyPrimitives, openIdentityKey } from '../../src/adapters/key-crypto.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import { createMemoryStore } from '../../src/adapters/store/memory.ts'
import { createKeyExchange } from '../../src/features/key-exchange/exchange.ts'
import { createKeys } from '../../src/features/key-exchange/keys.ts'
import { createRecords } from '../../src/features/key-exchange/records.ts'
import type { AppCaller } from '../../src/http/caller.ts'
import type { JsonObject } from '../../src/protocol/json.ts'
import { codes } from '../harness/codes.ts'
import {
  type Answer,
  beginExchange,
  encryptTm,
  exchangeKey,
  frame,
  helloFrame,
  messageOf,
  pemOf,
  proofOf,
  type SharedKey,
  suites,
  thirdOf,
} from '../harness/key-client.ts'
import { createTestClock } from '../harness/test-server.ts'
import { openKeyWorld } from './key-world.ts'
import { register, startMs } from './world.ts'

t.setTimeout(120_000)
const rounds = 10_000

t.test(`${rounds} exchanges succeed, those whose secret begins with a zero byte among them`, async (t) => {
  const clock = createTestClock(startMs)
  const store = createMemoryStore({ maxKeys: 100_000, clock })
  t.teardown(() => store.close())
  const sealer = createSealer({ current: 'k1', keys: { k1: randomBytes(32) } }, systemRandom)
  const records = createRecords({ store, sealer })
  const needs = { store, clock, random: systemRandom, primitives: nodeKeyPrimitives, records }
  const { exchange } = createKeyExchange({
    ...needs,
    identities: [openIdentityKey(randomBytes(32))],
    unwrapKeys: [],
    allows: { version1: true, weakSuites: true },
    raiseMinStrength: async () => {},
  })
  const keys = createKeys({ ...needs, findApp: async () => undefined, chooseLanguage: () => undefined })
  const app = { appId: 'app', isPublic: false, minStrength: 0 }
  const caller = { app, address: { limitNetwork: '10.0.0.1' } } as unknown as AppCaller
  const send = async (message: JsonObject, tm: string) =>
    messageOf((await exchange(frame('keyEx', message, tm) as JsonObject, caller)) as object as Answer)

  const own = createECDH('prime256v1')
  let pubKey = ''
  let zeros = 0
  let good = 0
  for (let round = 0; round < rounds; round++) {
    const suite = suites[round % suites.length] ?? 'AES-CTR'
    // The server's is new each time, so is the secret.
    if (round % 20 === 0) pubKey = pemOf(own.generateKeys())
    const second = await send({ stage: 1, pubKey, encType: suite }, '1')
    const spki = Buffer.from((second.pubKey ?? '').replace(/-----[^-]+-----|\s/g, ''), 'base64')
    const x = own.computeSecret(spki.subarray(-65))
    if (x[0] === 0) zeros++
    const key = suite === 'twofish128' ? createHash('md5').update(x).digest() : x
    const shared: SharedKey = { suite, key, keyPrint: String(key.readBigInt64LE()) }
    const tm = String(clock.now() + round)
    const tempKey = encryptTm(suite, key, tm).toString('base64')
    const fourth = await send({ stage: 3, keyPrint: shared.keyPrint, tempKey, status: 'ready' }, tm)
    const proven = await keys.prove(proofOf(shared, String(clock.now())), caller)
    if (fourth.status === 'needlogin' && proven?.fingerprint === second.keyPrint) good++
    clock.add(10)
  }
  t.equal(good, rounds)
  t.ok(zeros > 0, `${zeros} secrets began with a zero byte`)
})

t.test(
  'clients that count in seconds, two tabs on one key, and clocks of all kinds are served',
  async (t) => {
    const { call, clock } = await openKeyWorld(t)
    await register(call, 'yarrow')
    const right = { login: 'yarrow', password: 'pass word' }
    const stageAt = async (key: SharedKey, tm: string | number) =>
      messageOf(await call('/v1/hello', helloFrame(key, String(tm)))).stage
    const seconds = () => Math.floor(clock.now() / 1_000)
    const minute = 60_000
    for (const suite of suites) {
      const { shared: slow } = await beginExchange(call, suite)
      if (!slow) throw new Error('refused')
      const third = thirdOf(slow, String(seconds()))
      t.equal(messageOf(await call('/v1/key-exchange', third)).status, 'needlogin', `${suite}: in seconds`)
      t.equal(
        (await call('/v1/login', { ...right, ...proofOf(slow, String(seconds())) })).code,
        codes.LOGGED_IN,
      )
      for (let again = 0; again < 5; again++)
        t.equal(await stageAt(slow, seconds()), 'waitdata', 'five times within one second')
      t.equal(await stageAt(slow, clock.now()), 'waitdata', 'and in milliseconds')
      t.match(
        await call('/v1/hello', { ...helloFrame(slow, String(seconds())), tm: seconds() }),
        { hello: { stage: 'waitdata' } },
        'as a number',
      )

      const shared = await exchangeKey(call, suite, clock.now)
      t.equal(
        (await call('/v1/login', { ...right, ...proofOf(shared, String(clock.now())) })).code,
        codes.LOGGED_IN,
      )
      const tabs = await Promise.all(
        [0, 0, 7, -3, 5_000, -20_000].map((apart) => stageAt(shared, clock.now() + apart)),
      )
      t.same(new Set(tabs), new Set(['waitdata']), `${suite}: tabs, in any order, at one time`)

      for (const offset of [
        4 * minute,
        -4 * minute,
        3 * 365 * 24 * 60 * minute,
        -20 * 365 * 24 * 60 * minute,
      ]) {
        const title = `${suite}, ${offset / minute} minutes off`
        const off = () => clock.now() + offset
        const key = await exchangeKey(call, suite, off)
        const login = { ...right, ...proofOf(key, String(off())) }
        t.equal((await call('/v1/login', login)).code, codes.LOGGED_IN, title)
        t.equal(await stageAt(key, off()), 'waitdata', title)
        t.equal(await stageAt(key, off() + 4 * minute), 'waitdata', `${title}, and somewhat more`)
        t.equal(await stageAt(key, clock.now()), 'waitdata', `${title}, then put right`)
        t.equal(await stageAt(key, off()), 'waitdata', `${title}, and back`)
        clock.add(1_000)
      }
    }
  },
)

t.test('a stage 3 that is sent again gets its stage 4, whatever happened since', async (t) => {
  const { call, clock } = await openKeyWorld(t)
  await register(call, 'zinnia')
  for (const suite of suites) {
    const { shared } = await beginExchange(call, suite)
    if (!shared) throw new Error('refused')
    const third = thirdOf(shared, String(clock.now()))
    const [first, ...copies] = await Promise.all(
      Array.from({ length: 20 }, () => call('/v1/key-exchange', third)),
    )
    t.equal(messageOf(first as Answer).status, 'needlogin')
    for (const copy of copies) t.same(copy, first, `${suite}: sent twenty times at once`)
    const login = { login: 'zinnia', password: 'pass word', ...proofOf(shared, String(clock.now())) }
    const { tickets } = await call('/v1/login', login)
    clock.add(59_000)
    t.same(messageOf(await call('/v1/key-exchange', third)), messageOf(first as Answer), 'after a login')
    t.match(
      await call('/v1/hello', helloFrame(shared, String(clock.now()))),
      { hello: { stage: 'waitdata' } },
      'which it has not undone',
    )
    const { skey } = tickets as { skey: string }
    t.equal((await call('/v1/session', { token: skey })).code, codes.TICKET_VALID)
  }
})
