/** Shared keys in two processes on one Redis and one MariaDB: what is used up is used up everywhere, once. */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { createSealer } from '../../src/adapters/crypto.ts'
import { nodeKeyPrimitives, openIdentityKey } from '../../src/adapters/key-crypto.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import { openRedisStore } from '../../src/adapters/store/redis.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createKeyExchange } from '../../src/features/key-exchange/exchange.ts'
import { createRecords } from '../../src/features/key-exchange/records.ts'
import type { AppCaller } from '../../src/http/caller.ts'
import type { JsonObject } from '../../src/protocol/json.ts'
import { startRedis } from '../../tools/test/harness.ts'
import { codes as replyCodes } from '../harness/codes.ts'
import { countCodes, randomName, type Target } from '../harness/devices.ts'
import {
  type Answer,
  beginExchange,
  type Call,
  createSealedClient,
  exchangeKey,
  exchangeSealedKeys,
  frame,
  helloFrame,
  messageOf,
  pemOf,
  proofOf,
  type SharedKey,
  suites,
  thirdOf,
} from '../harness/key-client.ts'
import { until } from '../harness/test-server.ts'
import { openFleet, readStore, runFolder } from './fleet.ts'

t.setTimeout(120_000)
const many = 200

const own = await startRedis({ folder: runFolder() })
t.teardown(() => own.stop())
const fleet = await openFleet(t, { TORII__STORE__URL: own.url, TORII__PASSWORD__COST: '4' })
const { a, b, app } = fleet
const credentials = { appid: app.appId, appsecret: app.appSecret }

const callOf =
  ({ send }: Target): Call =>
  async (url, members) => {
    const payload = JSON.stringify({ ...credentials, ...members })
    const headers = { 'content-type': 'application/json' }
    return JSON.parse((await send({ method: 'POST', url, headers, payload })).body)
  }
const [atA, atB] = [callOf(a), callOf(b)]
const spread = <T>(work: (call: Call, at: number) => Promise<T>) =>
  Promise.all(Array.from({ length: many }, (_, at) => work(at % 2 ? atA : atB, at)))
const now = () => String(Date.now())

const registerOn = async () => {
  const login = randomName()
  const account = { regmode: 'anonymous', user: { userName: login }, password: 'pass word' }
  const { code } = await atA('/v1/register', account)
  if (code !== replyCodes.REGISTERED) throw new Error(`registration: ${code}`)
  return { login, password: 'pass word' }
}
const skeyOf = (answer: Answer) => (answer.tickets as { skey: string }).skey
const session = async (token: string, call = atB) => (await call('/v1/session', { token })).code

t.test('the four stages, the login and the resumption may each meet another process', async (t) => {
  const right = await registerOn()
  for (const suite of suites) {
    const { shared } = await beginExchange(atA, suite)
    if (!shared) throw new Error('refused')
    t.equal(messageOf(await atB('/v1/key-exchange', thirdOf(shared, now()))).status, 'needlogin')
    t.equal(messageOf(await atA('/v1/hello', helloFrame(shared, now()))).stage, 'needlogin')
    t.equal((await atB('/v1/login', { ...right, ...proofOf(shared, now()) })).code, replyCodes.LOGGED_IN)
    const resumed = await atA('/v1/hello', helloFrame(shared, now()))
    t.equal(messageOf(resumed).stage, 'waitdata', suite)
    t.equal(await session(skeyOf(resumed)), replyCodes.TICKET_VALID)
  }
})

t.test(`${many} times the same stage 3 make one key`, async (t) => {
  const { shared } = await beginExchange(atA, 'AES-CTR')
  if (!shared) throw new Error('refused')
  const third = thirdOf(shared, now())
  const replies = await spread((call) => call('/v1/key-exchange', third))
  t.same(countCodes(replies), { [replyCodes.OK]: many })
  t.same(new Set(replies.map((reply) => JSON.stringify(messageOf(reply)))).size, 1, 'equal stage 4s')
  const kept = await readStore(own.url, `${fleet.database}:key:{${shared.keyPrint}}`)
  t.equal(kept.size, 1)
  t.equal(messageOf(await atB('/v1/hello', helloFrame(shared, now()))).stage, 'needlogin')
})

t.test(`of ${many} copies of a hello, or of a sealed message, one counts`, async (t) => {
  const right = await registerOn()
  for (const suite of suites) {
    const key = await exchangeKey(atA, suite)
    await atA('/v1/login', { ...right, ...proofOf(key, now()) })
    const hello = helloFrame(key, now())
    t.same(
      countCodes(await spread((call) => call('/v1/hello', hello))),
      { [replyCodes.OK]: 1, [replyCodes.KX_CHECK_DATA]: many - 1 },
      suite,
    )
  }
  const { keys } = await exchangeSealedKeys(atA, app.appId)
  const clients = [a, b].map((target) =>
    createSealedClient(keys, async (url, form) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      return target.send({ method: 'POST', url, headers, payload: new URLSearchParams(form).toString() })
    }),
  )
  const [client, other] = clients
  if (!client || !other) throw new Error('no clients')
  const account = { regmode: 'anonymous', user: { userName: randomName() }, password: 'pass word' }
  for (const [path, members, code] of [
    ['/v1/echo', {}, replyCodes.OK],
    ['/v1/register', account, replyCodes.REGISTERED],
  ] as const) {
    const sealed = client.seal(path, JSON.stringify(members))
    const replies = await spread((_, at) => (at % 2 ? client : other).send(path, sealed))
    t.same(countCodes(replies), { [code]: 1, [replyCodes.ENVELOPE_REFUSED]: many - 1 }, path)
  }
})

t.test('of two exchanges with one fingerprint one gets it and the other is refused', async (t) => {
  const config = loadConfig(fleet.environment).store
  const stores = await Promise.all([openRedisStore({ config }), openRedisStore({ config })])
  t.teardown(() => Promise.all(stores.map((store) => store.close())))
  const sealer = createSealer({ current: 'k1', keys: { k1: randomBytes(32) } }, systemRandom)
  // A server that always draws the same key.
  const fixed = nodeKeyPrimitives.createExchangeKey()
  const pubKey = pemOf(Buffer.from(nodeKeyPrimitives.createExchangeKey().point))
  const clock = { now: Date.now, elapsed: () => performance.now() }
  const exchanges = stores.map((store) =>
    createKeyExchange({
      ...{ store, clock, random: systemRandom, records: createRecords({ store, sealer }) },
      primitives: { ...nodeKeyPrimitives, createExchangeKey: () => fixed },
      identities: [openIdentityKey(randomBytes(32))],
      unwrapKeys: [],
      allows: { version1: true, weakSuites: true },
      raiseMinStrength: async () => {},
    }),
  )
  const answers = await Promise.all(
    Array.from({ length: many }, async (_, at) => {
      const limitNetwork = `10.0.${at}.1`
      const caller = { app: { appId: app.appId }, address: { limitNetwork } } as unknown as AppCaller
      const first = frame('keyEx', { stage: 1, pubKey }, now()) as JsonObject
      const result = exchanges[at % 2]?.exchange(first, caller)
      return (async () => result)().then(
        () => ({ code: replyCodes.OK }),
        (error) => ({ code: Number(error.entry?.code) }),
      )
    }),
  )
  t.same(countCodes(answers), { [replyCodes.OK]: 1, [replyCodes.KX_KEY_CONFLICT]: many - 1 })
})

/** While hellos resume a login, it ends; from then on no hello does, and what they got is worth nothing. */
const race = async (
  end: (resumed: Answer) => Promise<unknown>,
  right: { login: string; password: string },
) => {
  const key: SharedKey = await exchangeKey(atA, 'AES-CTR')
  await atB('/v1/login', { ...right, ...proofOf(key, now()) })
  const first = await atA('/v1/hello', helloFrame(key, now()))
  const skeys = [skeyOf(first)]
  let isOver = false
  const late: Answer[] = []
  const resume = async (call: Call) => {
    for (let round = 0; round < 6; round++) {
      const wasOver = isOver
      const answer = await call('/v1/hello', helloFrame(key, now()))
      if (answer.tickets) skeys.push(skeyOf(answer))
      if (wasOver) late.push(answer)
    }
  }
  const ending = end(first).then(() => {
    isOver = true
  })
  await Promise.all([resume(atA), resume(atB), ending, resume(atA), resume(atB)])
  for (const call of [atA, atB]) late.push(await call('/v1/hello', helloFrame(key, now())))
  return { skeys, late }
}

t.test('a logout beats every resumption', async (t) => {
  const right = await registerOn()
  for (let round = 0; round < 8; round++) {
    const out = async (first: Answer) => {
      const { code } = await atB('/v1/logout', { token: skeyOf(first) })
      t.equal(code, replyCodes.LOGGED_OUT)
    }
    const { skeys, late } = await race(out, right)
    t.same(
      [...new Set(late.map((answer) => messageOf(answer).stage))],
      ['needlogin'],
      `${late.length} late hellos`,
    )
    const codes = await Promise.all(skeys.map((token, at) => session(token, at % 2 ? atA : atB)))
    t.notOk(codes.includes(replyCodes.TICKET_VALID), `${skeys.length} SKeys are dead: ${codes}`)
  }
})

t.test('disabling beats every resumption', async (t) => {
  for (let round = 0; round < 4; round++) {
    const right = await registerOn()
    const { skeys, late } = await race(() => fleet.admin.accounts.disable(right.login, 'test'), right)
    t.same(Object.keys(countCodes(late)), ['2040205'], `${late.length} late hellos`)
    await until('every SKey is dead', async () => {
      const codes = await Promise.all(skeys.map((token) => session(token)))
      return !codes.includes(replyCodes.TICKET_VALID)
    })
  }
})

t.test('a key that is pushed out during a login exists whole or not at all', async (t) => {
  const right = await registerOn()
  const store = await openRedisStore({ config: loadConfig(fleet.environment).store })
  t.teardown(() => store.close())
  const counts = { kept: 0, pushedOut: 0 }
  for (let round = 0; round < 40; round++) {
    const key = await exchangeKey(atA, 'AES-CTR')
    // As many others as there may be behind it: the next one pushes it out.
    await Promise.all(
      Array.from({ length: 63 }, (_, at) =>
        store.pushBounded('unbound:{keys}:127.0.0.1', `${at}`, 64, 60_000),
      ),
    )
    const { shared } = await beginExchange(atA, 'AES-CTR')
    if (!shared) throw new Error('refused')
    const push = async () => {
      await delay((round % 10) * 10)
      await atA('/v1/key-exchange', thirdOf(shared, now()))
    }
    const [login] = await Promise.all([atB('/v1/login', { ...right, ...proofOf(key, now()) }), push()])
    t.ok([replyCodes.LOGGED_IN, replyCodes.KX_KEY_PRINT].includes(login.code), `${login.code}`)
    const hello = await atA('/v1/hello', helloFrame(key, now()))
    const left = [...(await readStore(own.url, `${fleet.database}:key:{${key.keyPrint}}`)).keys()]
    const { outcome } = await store.consume(`ledger:{${key.keyPrint}}`, [], 9)
    if (hello.code === replyCodes.OK) {
      counts.kept++
      t.match([messageOf(hello).stage, left.length, outcome], ['waitdata', 1, 'consumed'])
    } else {
      counts.pushedOut++
      t.same([hello.code, left.length, outcome], [replyCodes.KX_KEY_PRINT, 0, 'missing'])
    }
  }
  t.comment(JSON.stringify(counts))
  t.ok(counts.kept > 0)
})

t.test('a Redis that restarted knows no key of before', async (t) => {
  const right = await registerOn()
  const { shared } = await beginExchange(atA, 'ChaCha20')
  const { shared: open } = await beginExchange(atA, 'ChaCha20')
  if (!shared || !open) throw new Error('refused')
  const third = thirdOf(shared, now())
  await atB('/v1/key-exchange', third)
  t.equal((await atB('/v1/login', { ...right, ...proofOf(shared, now()) })).code, replyCodes.LOGGED_IN)
  const sealed = await exchangeSealedKeys(atA, app.appId)
  const client = createSealedClient(sealed.keys, async (url, form) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return a.send({ method: 'POST', url, headers, payload: new URLSearchParams(form).toString() })
  })
  t.equal((await client.call('/v1/echo')).code, replyCodes.OK)
  await own.kill('SIGKILL')
  await own.restart()
  for (const { send } of [a, b]) {
    await until('the store answers', async () => {
      const { status } = await send({ method: 'GET', url: '/readyz', headers: {} })
      return status === 200
    })
  }
  for (const call of [atA, atB]) {
    t.equal((await call('/v1/hello', helloFrame(shared, now()))).code, replyCodes.KX_KEY_PRINT)
    t.equal((await call('/v1/key-exchange', third)).code, replyCodes.KX_KEY_PRINT, 'nor its stage 3')
    t.equal(
      (await call('/v1/key-exchange', thirdOf(open, now()))).code,
      replyCodes.KX_KEY_PRINT,
      'nor an open exchange',
    )
    t.equal((await call('/v1/login', { ...right, ...proofOf(shared, now()) })).code, replyCodes.KX_KEY_PRINT)
  }
  t.match(await client.call('/v1/echo'), { code: replyCodes.ENVELOPE_REFUSED, sealed: false })
  const anew = await exchangeKey(atA, 'ChaCha20')
  t.equal((await atB('/v1/login', { ...right, ...proofOf(anew, now()) })).code, replyCodes.LOGGED_IN)
  t.equal(messageOf(await atA('/v1/hello', helloFrame(anew, now()))).stage, 'waitdata')
})
