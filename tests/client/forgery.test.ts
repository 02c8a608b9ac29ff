/** The client when an attacker forges what no envelope protects: refusals, times, and how a password is hashed. */
import t from 'tap'
import { type ClientOptions, createClient } from '../../src/client/index.ts'
import { spawnServer } from '../harness/test-server.ts'
import { password, randomUser, refusalOf } from './connected.ts'
import { plainly } from './impostor.ts'
import { createTestStorage, createWire } from './wire.ts'
import { openEmbedded } from './worlds.ts'

const dayMs = 86_400_000
const openUrl = 'http://login.example.test'

t.setTimeout(120_000)

t.test('the client against forged replies', async (t) => {
  const world = await openEmbedded({ TORII__PASSWORD__COST: '5' })
  const server = await spawnServer(world.environment)
  t.teardown(async () => {
    await server.stop()
    await world.close()
  })

  /** A client whose calls go to `url`, which is the server in any case. */
  const connect = (url: string, more: Partial<ClientOptions> = {}, storage = createTestStorage()) => {
    const wire = createWire(server.url)
    const fetch: ClientOptions['fetch'] = (address, init) =>
      wire.fetch(address.replace(url, server.url), init)
    const options = { url, ...world.app, language: 'en', fetch, storage, minimumKdfCost: 5, ...more }
    return { wire, storage, client: createClient(options) }
  }

  const refuse = (timestampMs = Date.now()) =>
    plainly(2020408, { timestamp: Math.floor(timestampMs / 1_000) })

  t.test('forged refusals over plain HTTP bring about no new device', async (t) => {
    const first = connect(openUrl)
    await first.client.provision()
    const { t: id } = first.storage.read('device') ?? {}
    const later = connect(openUrl, {}, first.storage)
    for (let count = 0; count < 4; count++) later.wire.replaceReply('echo', () => refuse())
    t.match(await refusalOf(later.client.echo({})), { name: 'ENVELOPE_REFUSED', isAnswer: false })
    t.match(await refusalOf(later.client.echo({})), { name: 'ENVELOPE_REFUSED' })
    t.equal(later.wire.of('provision').length, 0)
    t.equal(first.storage.read('device')?.t, id)
    t.equal((await later.client.echo({ a: 1 })).a, 1, 'the device goes on')
    await later.client.provision({ renew: true })
    t.not(first.storage.read('device')?.t, id, 'the app may ask for a new one')
  })

  t.test('one refusal is not enough for a new device on loopback either', async (t) => {
    const first = connect(server.url)
    await first.client.provision()
    const later = connect(server.url, {}, first.storage)
    later.wire.replaceReply('echo', () => refuse())
    t.equal((await later.client.echo({ a: 1 })).a, 1)
    t.equal(later.wire.of('provision').length, 0)
  })

  t.test('a forged time moves the clock by minutes at most', async (t) => {
    for (const aheadMs of [dayMs, -dayMs, 20 * 60_000]) {
      const { client, wire, storage } = connect(openUrl)
      await client.provision()
      wire.replaceReply('echo', () => refuse(Date.now() + aheadMs))
      t.equal((await client.echo({ aheadMs })).aheadMs, aheadMs, 'the next try is sealed for now')
      t.equal(wire.of('echo').length, 2)
      t.equal((await client.echo({ aheadMs })).aheadMs, aheadMs)
      t.equal(wire.of('echo').length, 3, 'and so are later calls')
      t.ok(storage.read('device'))
    }
  })

  t.test('a clock that is far off is corrected where no reply can be forged', async (t) => {
    const { client } = connect(server.url, { now: () => Date.now() - dayMs })
    await client.provision()
    t.equal((await client.echo({ a: 1 })).a, 1)
  })

  const editPrelogin = (members: object) => (reply: string) =>
    JSON.stringify({ ...JSON.parse(reply), ...members })

  t.test('a password is hashed at a cost of at least 10, unless an option allows less', async (t) => {
    const userName = randomUser()
    const { client, wire } = connect(server.url)
    await client.register({ userName, password })
    const careful = connect(server.url, { minimumKdfCost: undefined })
    const refusal = await refusalOf(careful.client.login({ login: userName, password }))
    t.match(refusal, { name: 'KDF_TOO_WEAK', info: /cost 5 .*10/ })
    t.equal(careful.wire.of('login').length, 0, 'no hash is sent')
    t.ok(wire.of('register').length === 1)
  })

  t.test('a login is never hashed weaker than before, nor silently with another salt', async (t) => {
    const { client, wire, storage } = connect(server.url, { transport: 'json', minimumKdfCost: 4 })
    const credentials = { login: randomUser(), password }
    await client.register({ userName: credentials.login, password })
    const tries = [
      { cost: 4 },
      { salt: 'O5tjSSpKc1raSiIoRxY7w.' },
      { cost: 4, salt: 'O5tjSSpKc1raSiIoRxY7w.' },
    ]
    for (const members of tries) {
      wire.replaceReply('/v1/prelogin', editPrelogin(members))
      t.match(
        await refusalOf(client.login(credentials)),
        { name: 'KDF_CHANGED' },
        Object.keys(members).join(),
      )
    }
    const restarted = connect(server.url, { transport: 'json', minimumKdfCost: 4 }, storage)
    restarted.wire.replaceReply('/v1/prelogin', editPrelogin({ cost: 4 }))
    t.match(await refusalOf(restarted.client.login(credentials)), { name: 'KDF_CHANGED' }, 'after a restart')
    t.equal(wire.of('login').length + restarted.wire.of('login').length, 0, 'no hash is sent')

    wire.replaceReply('/v1/prelogin', editPrelogin({ next: { cost: 4 } }))
    await client.login(credentials)
    t.notOk(wire.of('login').at(-1)?.body.includes('nextClientHash'), 'a weaker next cost is ignored')
    wire.replaceReply('/v1/prelogin', editPrelogin({ cost: 4 }))
    const accepted = await refusalOf(client.login({ ...credentials, acceptNewKdf: true }))
    t.match(accepted, { name: 'LOGIN_FAILED' }, 'the app may accept it')
    await client.login(credentials)
  })

  t.test('what is remembered of logins does not grow without end', async (t) => {
    const { client, storage } = connect(server.url)
    for (let count = 0; count < 4; count++) await client.register({ userName: randomUser(), password })
    const { logins } = (storage.read('kdf') ?? {}) as { logins?: unknown }
    t.equal(Object.keys(logins ?? {}).length, 4)
    const many = Array.from({ length: 100 }, (_, at) => [`${at}`, { salt: 's', cost: 5 }])
    storage.change('kdf', { logins: Object.fromEntries(many) })
    await client.register({ userName: randomUser(), password })
    t.equal(Object.keys((storage.read('kdf') as { logins?: object }).logins ?? {}).length, 32)
  })
})
