/** A server that is killed between two commands to Redis leaves no key behind that would stay for ever. */
import { join } from 'node:path'
import { Redis } from 'ioredis'
import t from 'tap'
import { startRedis } from '../../tools/test/harness.ts'
import { createDevice, createDice, randomName, registration, ticketsOf } from '../harness/devices.ts'
import { openShared, provisionDevice, spawnServer, testServers, until } from '../harness/test-server.ts'
import { openCommandGate } from './command-gate.ts'
import { countReplies, createHistory, takeSeed } from './history.ts'

const isLong = process.env.TORII_TEST_LONG === '1'
const kills = isLong ? 50 : 10
const enoughKeys = isLong ? 10_000 : 1_000
const loops = 20

t.setTimeout(isLong ? 600_000 : 240_000)
const dice = createDice(takeSeed(t))
const pick = <T>(list: readonly T[]): T => list[Math.floor(dice() * list.length)] as T

/** All keys with what is left of their lives; -1: for ever. */
const readLives = async (url: string): Promise<Map<string, number>> => {
  const client = new Redis(url)
  const lives = new Map<string, number>()
  for await (const keys of client.scanStream({ count: 500 }))
    for (const key of keys as string[]) lives.set(key, await client.pttl(key))
  client.disconnect()
  return lives
}
const forEver = (lives: ReadonlyMap<string, number>) => [...lives].filter(([, life]) => life === -1)

t.test('a client that needs two commands for a key with a life is caught by this test', async (t) => {
  const redis = await startRedis({ folder: testServers().folder })
  const gate = await openCommandGate(redis)
  const client = new Redis(gate.url, { lazyConnect: true, retryStrategy: () => null })
  client.on('error', () => {})
  t.teardown(() => {
    gate.close()
    return redis.stop()
  })
  await client.connect()
  const shut = gate.shutAfter(1)
  for (const sent of [client.incr('count'), client.pexpire('count', 60_000)]) sent.catch(() => {})
  t.equal(await shut, 'INCR')
  await until('the key is there', async () => (await readLives(redis.url)).has('count'))
  client.disconnect()
  t.strictSame(forEver(await readLives(redis.url)), [['count', -1]])
})

t.test('a server that is killed between commands leaves no key without a lifetime', async (t) => {
  const redis = await startRedis({ folder: testServers().folder })
  t.teardown(() => redis.stop())
  const gate = await openCommandGate(redis)
  t.teardown(() => gate.close())
  const shared = await openShared({
    TORII__STORE__URL: gate.url,
    TORII__SERVER__TRUSTED_PROXIES: '["127.0.0.0/8"]',
  })
  t.teardown(() => shared.close())
  const history = createHistory(join(shared.folder, 'calls.jsonl'))
  const families = new Map<string, Set<string>>()
  const lasts: string[] = []
  const look = async () => {
    const lives = await readLives(redis.url)
    for (const key of lives.keys()) {
      const family = key.slice(`${shared.database}:`.length).split(':')[0] ?? ''
      families.set(family, (families.get(family) ?? new Set()).add(key))
    }
    t.strictSame(forEver(lives).slice(0, 5), [], `of ${lives.size} keys none is without a lifetime`)
  }
  const countKeys = () => [...families.values()].reduce((sum, keys) => sum + keys.size, 0)

  while (lasts.length < kills || countKeys() < enoughKeys) {
    gate.open()
    const server = await spawnServer(shared.environment)
    let isDead = false
    /** From an address of its own, so that limits have keys of their own too. */
    const createTarget = () => {
      const from = Array.from({ length: 4 }, () => 1 + Math.floor(dice() * 200)).join('.')
      const forwarded = { 'x-forwarded-for': from, 'x-forwarded-proto': 'https' }
      return {
        send: ({ headers, ...rest }: Parameters<typeof server.send>[0]) =>
          server.send({ ...rest, headers: { ...headers, ...forwarded } }),
      }
    }
    /** A whole life over t/j: each step once, and the exchange twice. */
    const live = async () => {
      const target = createTarget()
      const what = (operation: string, input = '') => ({ process: server.url, operation, input })
      const device = createDevice(await provisionDevice(target.send, shared.app))
      const name = randomName()
      const members = await registration(device, target, name)
      const call = async (path: string, rest: Record<string, unknown>) =>
        isDead ? undefined : history.call(what(path, name), () => device.call(target, path, rest))
      const made = await call('/v1/register', members)
      if (!made) return
      const { a2, skey } = ticketsOf(made)
      await call('/v1/session', { token: skey })
      await call('/v1/login', { login: name, clientHash: members.clientHash })
      for (const token of [a2, a2]) await call('/v1/ticket/exchange', { token, to: 'skey' })
      await call('/v1/login', { login: name, clientHash: 'x'.repeat(31) })
      await call('/v1/logout', { token: pick([a2, skey]), everywhere: dice() < 0.5 })
    }
    const load = Promise.all(
      Array.from({ length: loops }, async () => {
        while (!isDead) await live().catch(() => {})
      }),
    )
    const last = await gate.shutAfter(200 + Math.floor(dice() * 600))
    isDead = true
    await server.kill()
    lasts.push(last)
    await load
    await look()
  }
  const cut = history.read().filter(({ reply }) => typeof reply === 'string').length
  t.comment(`killed ${lasts.length} times, the last commands ${lasts.join(' ')}; ${cut} calls were cut`)
  t.comment(`commands ${JSON.stringify(gate.counts)}`)
  t.comment(
    `${countKeys()} keys: ${[...families].map(([name, keys]) => `${name} ${keys.size}`).join(', ')}; without a lifetime 0`,
  )
  t.comment(`replies ${JSON.stringify(countReplies(history.read()))}`)
  t.ok(cut > kills, 'it was in the middle of something')
  t.ok(countKeys() >= enoughKeys)
})
