import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import t from 'tap'
import { Failure } from '../../src/protocol/errors.ts'
import { findFreePort, startRedis } from '../../tools/test/harness.ts'
import { printTime } from '../harness/print-time.ts'
import { until } from './store-contract.ts'
import {
  command,
  openFor as open,
  startCluster,
  storeConfig,
  timeToFail,
  timeToReturn,
  type Words,
} from './store-servers.ts'

const { folder } = JSON.parse(process.env.TORII_TEST_SERVERS ?? '{}')
const unreachable = new Failure('STORE_UNREACHABLE')
const tls = (file: string) => fileURLToPath(import.meta.resolve(`#root/tests/fixtures/store-tls/${file}`))

t.test('a killed server fails every call at once, and is used again within a second', async (t) => {
  const server = await startRedis({ folder })
  const said: string[] = []
  const say = (_: object, text: string) => said.push(text)
  const store = await open({ url: server.url }, { info: say, warn: say })
  t.teardown(() => Promise.all([store.close(), server.stop()]))
  await store.pass('log', 60_000, 10)

  await server.kill('SIGSTOP')
  const underWay = [store.get('a'), store.pass('log', 60_000, 10)].map((call) => timeToFail(t, call))
  await server.kill('SIGKILL')
  for (const tookMs of await Promise.all(underWay))
    t.ok(tookMs >= 0 && tookMs < storeConfig.commandTimeoutMs / 2, `under way: ${tookMs} ms`)
  const calls = [
    () => store.get('a'),
    () => store.set('a', 'x', 1_000),
    () => store.take('a'),
    () => store.increment('a', 1_000),
    () => store.compareAndSet('a', 'x', 'y', 1_000),
    () => store.claim('a', 'x', 1_000),
    () => store.pass('log', 60_000, 10),
    () => store.setTouched('a', 'x', 1_000),
    () => store.touch('a', 1_000, ['b']),
    () => store.beginLedger({ key: 'a', expected: 'x', value: 'y', ledger: 'l', marks: ['m'], ttlMs: 1_000 }),
    () => store.consume('l', ['m'], 10),
    () => store.slide('l', 1, 64, 10),
    () => store.extend(['a', 'l'], 1_000),
    () => store.pushBounded('r', 'x', 8, 1_000),
    () => store.setInRing({ key: 'a', value: 'x', ttlMs: 1_000, ring: { key: 'r', most: 8, ttlMs: 1_000 } }),
    () => store.remove(['a', 'l']),
    () => store.ping(),
  ]
  for (const call of calls) {
    const tookMs = await timeToFail(t, call())
    t.ok(tookMs >= 0 && tookMs < storeConfig.commandTimeoutMs / 2, `${call}: ${tookMs} ms`)
  }

  await server.restart()
  const tookMs = await timeToReturn(t, () => store.ping())
  printTime(t, 'back', tookMs)
  t.not(await store.pass('log', 60_000, 1), 0, 'what had passed is remembered')
  t.equal(await store.pass('log', 60_000, 2), 0, 'what was under way was not sent again')
  t.strictSame(said, ['the store is away', 'the store is back'])
})

t.test('each life of a server has a name, the same for all who use it', async (t) => {
  const server = await startRedis({ folder })
  const said: string[] = []
  const say = (_: object, text: string) => said.push(text)
  const openOne = () => open({ url: server.url }, { info: say, warn: say })
  const stores = [await openOne(), await openOne()] as const
  t.teardown(() => Promise.all([...stores.map((store) => store.close()), server.stop()]))
  const allAnswer = () =>
    until(async () => (await Promise.all(stores.map((it) => timeToFail(t, it.ping())))).every((ms) => ms < 0))
  const names = () => stores.map(({ epoch }) => epoch)
  const [first = ''] = names()
  t.match(first, /^[0-9a-f]{40}$/)
  t.strictSame(names(), [first, first])

  for (const round of [1, 2]) {
    await command(server.url, 'CLIENT', 'KILL', 'TYPE', 'normal')
    await until(() => said.filter((text) => text === 'the store is back').length === 2 * round)
    await allAnswer()
    t.strictSame(names(), [first, first], `a lost connection, ${round}`)
  }

  const seen = [first]
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    await server.kill(signal)
    await until(async () => (await timeToFail(t, stores[0].ping())) >= 0)
    t.equal(stores[0].epoch, seen.at(-1), 'while it is away it has the name it had')
    await server.restart()
    await allAnswer()
    const [next = ''] = names()
    t.strictSame(names(), [next, next])
    t.notOk(seen.includes(next), signal)
    seen.push(next)
  }
})

t.test('forgotten scripts are sent again', async (t) => {
  const server = await startRedis({ folder })
  const store = await open({ url: server.url })
  t.teardown(() => Promise.all([store.close(), server.stop()]))
  for (const round of [1, 2, 3]) {
    await command(server.url, 'SCRIPT', 'FLUSH')
    const sums = await Promise.all([1, 2, 3].map(() => store.increment('n', 60_000)))
    t.equal(Math.max(...sums), 3 * round)
    t.equal(await store.pass('log', 60_000, round), 0)
  }
})

t.test('a server that takes no writes is away until it does', async (t) => {
  const server = await startRedis({ folder })
  const store = await open({ url: server.url })
  t.teardown(() => Promise.all([store.close(), server.stop()]))
  const states: [shut: Words, open: Words][] = [
    [
      ['CONFIG', 'SET', 'maxmemory', 1],
      ['CONFIG', 'SET', 'maxmemory', 0],
    ],
    [
      ['REPLICAOF', '127.0.0.1', await findFreePort()],
      ['REPLICAOF', 'NO', 'ONE'],
    ],
  ]
  for (const [shut, open] of states) {
    await command(server.url, ...shut)
    t.ok((await timeToFail(t, store.set('a', 'x', 60_000))) >= 0, shut.join(' '))
    t.ok((await timeToFail(t, store.pass('log', 60_000, 10))) >= 0, shut.join(' '))
    await command(server.url, ...open)
    const tookMs = await timeToReturn(t, () => store.set('a', 'x', 60_000))
    printTime(t, 'back', tookMs)
  }
})

t.test('after a failover behind one name the new server is used', async (t) => {
  const [old, next] = await Promise.all([startRedis({ folder }), startRedis({ folder })])
  let target = old
  const name = createServer((socket) => {
    const onward = connect({ host: target.host, port: target.port })
    socket
      .on('error', () => {})
      .pipe(onward.on('error', () => {}))
      .pipe(socket)
  })
  await once(name.listen(0, '127.0.0.1'), 'listening')
  const store = await open({ url: `redis://127.0.0.1:${(name.address() as AddressInfo).port}` })
  t.teardown(() => Promise.all([store.close(), name.close(), old.stop(), next.stop()]))
  await store.set('a', 'old', 60_000)
  target = next
  await command(old.url, 'REPLICAOF', next.host, next.port)
  t.ok((await timeToFail(t, store.set('a', 'x', 60_000))) >= 0)
  const tookMs = await timeToReturn(t, () => store.set('a', 'next', 60_000))
  printTime(t, 'back', tookMs)
  t.equal(await command(next.url, 'GET', 'torii:a'), 'next')
})

t.test('a failure has the message of the server and no value', async (t) => {
  const server = await startRedis({ folder })
  const store = await open({ url: server.url })
  t.teardown(() => Promise.all([store.close(), server.stop()]))
  await store.setTouched('ticket', 'hidden', 60_000)
  for (const call of [
    store.claim('ticket', 'hidden', 1_000),
    store.compareAndSet('ticket', 'hidden', 'hidden', 1),
  ]) {
    const error = await call.catch((error) => error)
    t.match(error.cause.message, /^WRONGTYPE/)
    t.notMatch(inspect(error, { depth: 9, showHidden: true }), /hidden/)
  }
})

t.test('with TLS and a user of its own it needs few rights, and any other server is refused', async (t) => {
  const tlsPort = await findFreePort()
  const rights =
    '~torii:* +ping +info +get +mget +set +getdel +@scripting +time +incr +del +pexpire +lindex +lrange'
  const ledgers = '+pttl +zadd +zscore +zcount +zrevrange +zremrangebyscore'
  const server = await startRedis({
    folder,
    args: [
      ...['--tls-port', `${tlsPort}`, '--tls-auth-clients', 'no', '--tls-ca-cert-file', tls('ca.pem')],
      ...['--tls-cert-file', tls('server.pem'), '--tls-key-file', tls('server.key')],
      ...`--user torii on >p@ss:w/rd ${rights} +rpush +lpop +hset +hmget +hexists ${ledgers}`.split(' '),
    ],
  })
  const url = `rediss://torii:${encodeURIComponent('p@ss:w/rd')}@localhost:${tlsPort}`
  const store = await open({ url, tlsCaFile: tls('ca.pem') })
  t.teardown(() => Promise.all([store.close(), server.stop()]))
  await store.set('a', 'x', 60_000)
  t.equal(await store.take('a'), 'x')
  t.equal(await store.increment('n', 60_000), 1)
  t.equal(await store.compareAndSet('n', '1', undefined, 60_000), true)
  t.equal(await store.claim('c', 'x', 60_000), undefined)
  for (const pass of [1, 2, 3]) t.equal((await store.pass('log', 1, 1)) >= 0, true, `${pass}`)
  await store.setTouched('t', 'x', 60_000)
  t.match(await store.touch('t', 60_000, ['c']), { value: 'x', gates: ['x'] })
  const begin = { key: 'c', expected: 'x', value: 'y', ledger: 'l', marks: ['m'], ttlMs: 60_000 }
  t.equal(await store.beginLedger(begin), true)
  t.equal((await store.consume('l', ['n'], 10)).outcome, 'consumed')
  for (const number of [1, 99]) t.equal((await store.slide('l', number, 64, 100)).outcome, 'fresh')
  t.equal(await store.pushBounded('r', 'x', 1, 60_000), undefined)
  t.equal(await store.pushBounded('r', 'y', 1, 60_000), 'x')
  await store.extend(['c', 'l'], 60_000)
  await store.remove(['c', 'l'])

  const nobody = await findFreePort()
  const refused: [Partial<typeof storeConfig>, RegExp][] = [
    [{ url: `redis://torii:p%40ss@127.0.0.1:${nobody}` }, /ECONNREFUSED/],
    [{ clusterNodes: [`127.0.0.1:${nobody}`], url: 'redis://torii:p%40ss@x' }, /ECONNREFUSED|closed/],
    [{ url: `redis://torii:p%40ss@127.0.0.1:${server.port}` }, /WRONGPASS/],
    [{ url }, /self-signed|unable to verify/],
    [{ url: url.replace('localhost', '127.0.0.2'), tlsCaFile: tls('ca.pem') }, /altnames|ECONNREFUSED/],
    [{ clusterNodes: [`127.0.0.1:${server.port}`] }, /cluster support disabled|slots/],
  ]
  await Promise.all(
    refused.map(async ([config, reason]) => {
      const error = await open(config).catch((error) => error)
      t.match(error, unreachable)
      t.match(error.cause?.message, reason)
      t.notMatch(inspect(error, { depth: 9 }), /p@ss|p%40ss/)
    }),
  )
})

t.test('a malformed address is refused without showing it', async (t) => {
  for (const url of ['hidden', 'http://u:hidden@h', 'redis://u:hidden@h:99999', 'redis://u:hidden@h/name']) {
    const error = await open({ url }).catch((error) => error)
    t.match(error.message, /^store\.url must look like/)
    t.notMatch(inspect(error), /hidden/)
  }
  const error = await open({ clusterNodes: ['host'] }).catch((error) => error)
  t.match(error.message, /host:port/)
})

t.test('a cluster that has lost a node serves the others, and the node when it is back', async (t) => {
  const servers = await startCluster(folder)
  const store = await open({ clusterNodes: servers.map(({ host, port }) => `${host}:${port}`) })
  t.teardown(() => Promise.all([store.close(), ...servers.map((server) => server.stop())]))
  const keys = Array.from({ length: 60 }, (_, place) => `key${place}`)
  const ask = () => Promise.all(keys.map((key) => timeToFail(t, store.increment(key, 60_000))))
  t.ok((await ask()).every((tookMs) => tookMs < 0))
  await servers[0].kill('SIGKILL')
  for (let round = 0; round < 5; round++) {
    const tookMs = await ask()
    const failed = tookMs.filter((it) => it >= 0)
    t.ok(failed.length > 5 && failed.length < 35, `${failed.length} of 60 fail`)
    t.ok(Math.max(...failed) < 500, `in ${Math.max(...failed)} ms`)
  }
  await servers[0].restart()
  const tookMs = await until(async () => (await ask()).every((tookMs) => tookMs < 0))
  t.comment(`back after ${tookMs} ms`)
})
