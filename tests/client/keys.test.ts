/** The client with a shared key: exchanged, sealed with, resumed on. */
import t from 'tap'
import { type ClientOptions, createClient, isFailure } from '../../src/client/index.ts'
import { findFreePort } from '../../tools/test/harness.ts'
import { codes } from '../harness/codes.ts'
import { spawnServer } from '../harness/test-server.ts'
import { openConnected, password, randomUser, refusalOf } from './connected.ts'
import { createTestStorage, headerOf } from './wire.ts'
import { openEmbedded, worlds } from './worlds.ts'

const suites = {
  1: ['AES-CTR', 'ChaCha20', 'twofish128'],
  2: ['AES-256-GCM', 'ChaCha20-Poly1305'],
} as const

// Two servers and their clients, on two busy cores.
t.setTimeout(180_000)

for (const { name, open } of worlds) {
  t.test(name, async (t) => {
    const { world, connect } = await openConnected(t, open)

    for (const transport of ['totp', 'json'] as const) {
      for (const suite of suites[2]) {
        t.test(`${suite} exchanged by ${transport}: every call is sealed, and resumes`, async (t) => {
          const { client, wire, storage } = connect({ transport })
          if (transport === 'totp') await client.provision()
          const key = await client.exchangeKeys({ suite })
          t.match(key, { version: 2, suite, keyPrint: /^[0-9a-f]{32}$/ })
          t.same(await client.exchangeKeys(), key, 'the key stays')
          t.equal((await client.hello({ language: 'en', countryCode: 'CN' })).stage, 'needlogin')
          const before = wire.calls.length
          const { user } = await client.register({ userName: randomUser(), password })
          t.equal((await client.echo({ greeting: '鳥居' })).greeting, '鳥居')
          t.same((await client.session()).user, user)
          const { a2 } = await client.exchange()
          t.ok(a2)
          t.ok(wire.calls.slice(before).every(({ isSealed }) => isSealed))
          const numbers = wire.calls.filter(({ isSealed }) => isSealed).map((call) => headerOf(call).sequence)
          t.same(
            numbers,
            numbers.map((_, at) => at + 1),
            'each has a number of its own',
          )

          const later = connect({ transport }, storage)
          t.same((await later.client.resume()).user, user, 'after a restart')
          t.equal(storage.read('login')?.a2, a2, 'the A2 of the same login is kept')
          t.same((await later.client.session()).user, user)
          storage.forget('login')
          t.same((await later.client.resume()).user, user, 'by the key alone')
          const { skey = '', a2: none } = storage.read('login') ?? {}
          t.equal(none, '')
          storage.change('login', { skey: `${skey.slice(0, -8)}AAAAAAAA` })
          t.same((await later.client.session()).user, user, 'a new SKey by a hello')
          t.not((await later.client.exchange()).skey, skey)
          await later.client.logout()
          t.equal(storage.read('login'), undefined)
          t.equal((await later.client.hello()).stage, 'needlogin')
          t.match(await refusalOf(later.client.resume()), { name: 'NOT_LOGGED_IN' })
          t.equal(storage.read('key')?.fingerprint, key.keyPrint, 'the key is kept')
          await later.client.login({ login: user.userName, password })
          t.same((await later.client.resume()).user, user)
          t.equal(later.wire.of('keyExchange').length, 0, 'no new exchange')
          t.ok(later.wire.calls.every(({ isSealed }) => isSealed))
        })
      }

      for (const suite of suites[1]) {
        t.test(`${suite} exchanged by ${transport}: login and hello are proven`, async (t) => {
          const { client, wire, storage } = connect({ transport })
          t.equal((await client.hello()).stage, 'waitlogin')
          const key = await client.exchangeKeys({ version: 1, suite })
          t.match(key, { version: 1, suite, keyPrint: /^-?\d+$/ })
          t.equal((await client.hello()).stage, 'needlogin')
          const { user } = await client.register({ userName: randomUser(), password })
          const isWeak = suite === 'twofish128'
          t.equal(storage.read('login')?.a2 === '', isWeak, 'an A2 unless the key is weak')
          const later = connect({ transport }, storage)
          t.same((await later.client.resume()).user, user, 'after a restart')
          const { skey = '' } = storage.read('login') ?? {}
          const spoil = () => storage.change('login', { skey: `${skey.slice(0, -8)}AAAAAAAA` })
          spoil()
          t.same((await later.client.session()).user, user, 'an SKey that has ended is replaced')
          t.equal(later.wire.of('exchange').length, isWeak ? 0 : 1)
          wire.loseReply('hello')
          const failed = await refusalOf(client.resume())
          t.equal(failed.name ?? 'nothing', transport === 'json' ? 'UNREACHABLE' : 'nothing')
          t.same((await client.resume()).user, user, 'its proof was used, so another is made')
          spoil()
          await later.client.logout()
          t.equal((await later.client.hello()).stage, 'needlogin')
          t.match(await refusalOf(later.client.resume()), { name: 'NOT_LOGGED_IN' })
          await client.login({ login: user.userName, password })
          t.same((await later.client.resume()).user, user, 'the same key')
          t.equal(later.wire.of('keyExchange').length, 0)
        })
      }
    }

    t.test('a login from before the exchange is bound to the key by its A2', async (t) => {
      const { client, wire, storage } = connect()
      const { user } = await client.register({ userName: randomUser(), password })
      await client.exchangeKeys({ version: 1 })
      await client.exchangeKeys()
      t.match(await refusalOf(client.exchangeKeys({ version: 1 })), { name: 'ENCRYPTION_REQUIRED' })
      t.same((await client.session()).user, user)
      t.equal(wire.of('exchange').length, 1)
      storage.forget('login')
      t.same((await client.resume()).user, user)
      const { skey = '' } = storage.read('login') ?? {}
      const weaker = connect().client
      const refusal = await refusalOf(weaker.call('/v1/logout', { token: skey }))
      t.match(refusal, { name: 'ENCRYPTION_REQUIRED' }, 'and worth nothing in a weaker envelope')
    })

    t.test('two clients on one storage never use a number twice', async (t) => {
      const first = connect()
      const second = connect({}, first.storage)
      const { user } = await first.client.register({ userName: randomUser(), password })
      await Promise.all([first.client.exchangeKeys(), second.client.exchangeKeys()])
      t.equal(first.wire.of('keyExchange').length + second.wire.of('keyExchange').length, 2, 'one exchange')
      const calls = Array.from({ length: 200 }, (_, at) => {
        const { client } = at % 2 ? first : second
        return at % 3 ? client.session() : client.echo({ at })
      })
      const results = await Promise.allSettled(calls)
      t.same(
        results.filter(({ status }) => status === 'rejected'),
        [],
      )
      const sealed = [...first.wire.calls, ...second.wire.calls].filter(({ isSealed }) => isSealed)
      const numbers = sealed.map((call) => headerOf(call).sequence)
      t.ok(numbers.length >= 200)
      t.equal(new Set(numbers).size, numbers.length)
      t.equal(new Set(sealed.map((call) => headerOf(call).nonce)).size, numbers.length)
      const refused = sealed.filter(({ reply }) => reply.startsWith('{')).length
      t.comment(`${numbers.length} sealed calls, ${refused} were sealed again`)
      t.same((await second.client.session()).user, user)
    })

    t.test('long before its numbers end, a key is replaced', async (t) => {
      const { client, storage, wire } = connect()
      const { keyPrint } = await client.exchangeKeys()
      const { user } = await client.register({ userName: randomUser(), password })
      storage.change('key', { sequence: 2 ** 31 - 1 })
      t.same((await client.session()).user, user)
      const { fingerprint } = storage.read('key') ?? {}
      t.not(fingerprint, keyPrint)
      t.equal(wire.of('keyExchange').length, 4)
      storage.forget('login')
      t.match(await refusalOf(client.resume()), { name: 'NOT_LOGGED_IN' }, 'bound by the next call only')
    })

    t.test('a login is sent on to an allowed base URL, and to no other', async (t) => {
      if (name === 'SQLite and memory')
        return t.pass('a process without a shared store has no server to send to')
      const target = await spawnServer(world.environment)
      t.teardown(target.stop)
      const gate = await spawnServer({
        ...world.environment,
        TORII__SERVER__REDIRECTS__0__FROM: '127.0.0.0/8',
        TORII__SERVER__REDIRECTS__0__TO: target.url,
      })
      t.teardown(gate.stop)
      const { user } = await connect().client.register({ userName: randomUser(), password })
      const credentials = { login: user.userName, password }
      for (const version of [1, 2] as const) {
        const addresses: string[] = []
        const follow: ClientOptions['fetch'] = (address, init) => {
          addresses.push(new URL(address).origin)
          return fetch(address, init)
        }
        const storage = createTestStorage()
        const allowed = { fetch: follow, redirects: [`${target.url}/`] }
        const { client } = connect(allowed, storage, gate.url)
        await client.exchangeKeys({ version })
        t.match(await client.login(credentials), { code: codes.LOGGED_IN, user, tickets: { skey: /^sk_/ } })
        t.equal(addresses.at(-1), target.url)
        addresses.length = 0
        t.same((await client.session()).user, user)
        t.same((await connect(allowed, storage, gate.url).client.resume()).user, user)
        t.ok(
          addresses.every((origin) => origin === target.url),
          'from then on',
        )
        const other = connect({ redirects: ['http://127.0.0.1:1'] }, createTestStorage(), gate.url)
        await other.client.exchangeKeys({ version })
        const refusal = await refusalOf(other.client.login(credentials))
        t.ok(isFailure(refusal, 'KX_REDIRECT'))
        t.equal(refusal.members.redirect, target.url)
        t.equal(other.storage.read('login'), undefined)
      }
    })
  })
}

t.test('a server that forgot all keys is met with a new one', async (t) => {
  const port = String(await findFreePort())
  const world = await openEmbedded({ TORII__PASSWORD__COST: '4', TORII__SERVER__PORT: port })
  t.teardown(world.close)
  const first = await spawnServer(world.environment)
  const storage = createTestStorage()
  const client = createClient({ url: first.url, ...world.app, storage, minimumKdfCost: 4 })
  await client.exchangeKeys()
  const { fingerprint } = storage.read('key') ?? {}
  const { user } = await client.register({ userName: randomUser(), password })
  t.equal(await first.stop(), 0)
  t.match(await refusalOf(client.session()), { name: 'UNREACHABLE' })
  const second = await spawnServer(world.environment)
  t.teardown(second.stop)
  t.same((await client.session()).user, user)
  t.same((await client.resume()).user, user)
  t.not(storage.read('key')?.fingerprint, fingerprint)
})
