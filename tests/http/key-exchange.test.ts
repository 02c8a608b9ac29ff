/** Hello, key exchange and sealed calls as honest clients make them. */
import t from 'tap'
import { verifyEd25519 } from '../../src/client/key-primitives.ts'
import { fromBase64 } from '../../src/protocol/bytes.ts'
import { signedText } from '../../src/protocol/key-exchange.ts'
import { codes } from '../harness/codes.ts'
import {
  beginExchange,
  createSealedClient,
  encTypes,
  exchangeKey,
  exchangeSealedKeys,
  frame,
  helloFrame,
  messageOf,
  proofOf,
  suites,
  thirdOf,
} from '../harness/key-client.ts'
import { formOf, openWays, openWorld, register, startMs } from './world.ts'

t.test('an old client exchanges a key, logs in on it, resumes and logs out', async (t) => {
  const world = await openWorld(t)
  const ways = await openWays(world)
  await register(ways.JSON, 'amber')
  for (const [way, call] of Object.entries(ways)) {
    for (const suite of suites) {
      const title = `${suite}, ${way}`
      let now = startMs
      const tm = () => String(now++)
      const key = await exchangeKey(call, suite, () => now)
      const first = await call('/v1/hello', helloFrame(key, tm()))
      t.same(
        [first.code, messageOf(first).stage],
        [codes.OK, 'needlogin'],
        `${title}: there was no login on it`,
      )
      const login = await call('/v1/login', { login: 'amber', password: 'pass word', ...proofOf(key, tm()) })
      t.equal(login.code, codes.LOGGED_IN, `${title}: logged in`)
      const tickets = login.tickets as { a2?: string; skey: string }
      t.equal(tickets.a2 === undefined, suite === 'twofish128', `${title}: an A2 unless the key is weak`)
      const resumed = await call('/v1/hello', helloFrame(key, tm()))
      t.equal(messageOf(resumed).stage, 'waitdata', title)
      t.match(resumed, { user: { userName: 'amber' }, tickets: { skey: /^sk_/ } })
      const { skey } = resumed.tickets as { skey: string }
      t.not(skey, tickets.skey)
      t.equal(
        (await call('/v1/session', { token: skey })).code,
        codes.TICKET_VALID,
        `${title}: the fresh SKey is live`,
      )
      t.equal((await call('/v1/logout', { token: skey })).code, codes.LOGGED_OUT)
      t.equal(
        (await call('/v1/session', { token: tickets.skey })).code,
        codes.TICKET_ENDED,
        `${title}: the login has ended`,
      )
      const after = await call('/v1/hello', helloFrame(key, tm()))
      t.same([messageOf(after).stage, after.tickets], ['needlogin', undefined], `${title}: logged out`)
      const again = await call('/v1/login', { login: 'amber', password: 'pass word', ...proofOf(key, tm()) })
      t.equal(again.code, codes.LOGGED_IN, `${title}: the same key, no new exchange`)
      t.equal(messageOf(await call('/v1/hello', helloFrame(key, tm()))).stage, 'waitdata')
    }
  }
})

t.test('registering on a key binds it too', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  const key = await exchangeKey(call, 'ChaCha20', () => startMs)
  const reply = await call('/v1/register', {
    ...{ regmode: 'anonymous', user: { userName: 'beryl' }, password: 'pass word' },
    ...proofOf(key, String(startMs + 1)),
  })
  t.equal(reply.code, codes.REGISTERED)
  const resumed = await call('/v1/hello', helloFrame(key, String(startMs + 2)))
  t.match(resumed, { hello: { stage: 'waitdata' }, user: { userName: 'beryl' } })
  const { logins } = await world.admin.accounts.show('beryl')
  t.same(
    logins.map(({ keyPrint }) => keyPrint),
    [key.keyPrint],
    'an administrator sees the keys of a user',
  )
})

t.test('the same stage 3 gets the same stage 4, also after a login', async (t) => {
  const world = await openWorld(t)
  const { JSON: call } = await openWays(world)
  await register(call, 'coral')
  const { shared } = await beginExchange(call, 'AES-CTR')
  if (!shared) throw new Error('refused')
  const third = thirdOf(shared, String(startMs))
  const fourth = await call('/v1/key-exchange', third)
  t.same(messageOf(fourth), { stage: 4, keyPrint: shared.keyPrint, status: 'needlogin' })
  t.same(await call('/v1/key-exchange', third), fourth)
  const login = { login: 'coral', password: 'pass word', ...proofOf(shared, String(startMs + 1)) }
  t.equal((await call('/v1/login', login)).code, codes.LOGGED_IN)
  t.same(await call('/v1/key-exchange', third), fourth)
  world.clock.set(startMs + 61_000)
  t.equal((await call('/v1/key-exchange', third)).code, codes.KX_KEY_PRINT, 'a minute later it is over')
})

t.test('a hello of version 2 is sealed, and its login is worth nothing in a weaker envelope', async (t) => {
  const world = await openWorld(t)
  const ways = await openWays(world)
  await register(ways.JSON, 'dahlia')
  for (const suite of ['aesGcm', 'chacha20Poly1305'] as const) {
    const { keys, proofs, hash, second, fourth } = await exchangeSealedKeys(ways.JSON, world.app.appId, suite)
    t.equal(second.encType, encTypes[suite])
    t.equal(second.keyPrint, keys.fingerprint)
    t.same(fromBase64(second.tempKey ?? ''), Uint8Array.from(proofs[2]))
    t.same(fromBase64(messageOf(fourth).tempKey ?? ''), Uint8Array.from(proofs[4]))
    const published = (await ways.JSON('/v1/server-keys', {})) as unknown as {
      keys: { serverKeyId: string; publicKey: string }[]
    }
    const signer = published.keys.find(({ serverKeyId }) => serverKeyId === second.serverKeyId)
    const publicKey = fromBase64(signer?.publicKey ?? '') ?? new Uint8Array()
    t.ok(verifyEd25519(publicKey, signedText(hash), fromBase64(second.signature ?? '') ?? new Uint8Array()))

    const client = createSealedClient(
      keys,
      (url, form) => world.request({ url, post: formOf(form) }),
      () => startMs,
    )
    const hello = () =>
      client.call(
        '/v1/hello',
        frame('hello', { stage: 'clienthello', keyPrint: keys.fingerprint }, String(startMs)),
      )
    t.same(messageOf(await hello()).stage, 'needlogin')
    const login = await client.call('/v1/login', { login: 'dahlia', password: 'pass word' })
    t.match(login, { code: codes.LOGGED_IN, sealed: true, status: 200 })
    const { skey, a2 } = login.tickets as { skey: string; a2: string }
    t.equal((await client.call('/v1/session', { token: skey })).code, codes.TICKET_VALID)
    const resumed = await hello()
    t.match(resumed, { hello: { stage: 'waitdata' }, user: { userName: 'dahlia' } })
    const fresh = (resumed.tickets as { skey: string }).skey
    t.equal((await client.call('/v1/session', { token: fresh })).code, codes.TICKET_VALID)
    for (const [way, call] of Object.entries(ways)) {
      for (const token of [skey, a2, fresh])
        t.equal((await call('/v1/session', { token })).code, codes.ENCRYPTION_REQUIRED, way)
      t.equal(
        (await call('/v1/ticket/exchange', { token: a2, to: 'skey' })).code,
        codes.ENCRYPTION_REQUIRED,
        way,
      )
    }
    const exchanged = await client.call('/v1/ticket/exchange', { token: a2, to: 'skey' })
    t.equal(exchanged.code, codes.OK)
    t.equal((await client.call('/v1/logout', { token: fresh })).code, codes.LOGGED_OUT)
    t.equal(messageOf(await hello()).stage, 'needlogin')
  }
})

t.test('a device that exchanged keys of version 2 in its own envelope is held to them', async (t) => {
  const world = await openWorld(t)
  const ways = await openWays(world)
  const totp = ways['t and j by POST']
  t.equal((await totp('/v1/echo', {})).code, codes.OK)
  await exchangeSealedKeys(totp, world.app.appId)
  t.equal((await totp('/v1/echo', {})).code, codes.ENCRYPTION_REQUIRED)
  t.equal(
    (await totp('/v1/key-exchange', frame('keyEx', { stage: 1 }, String(startMs)))).code,
    codes.ENCRYPTION_REQUIRED,
    'nor version 1',
  )
  await exchangeSealedKeys(totp, world.app.appId)
})
