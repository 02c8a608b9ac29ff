import { randomBytes, randomInt } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { systemClock } from '../../src/adapters/clock.ts'
import { createMemoryStore } from '../../src/adapters/store/memory.ts'
import { openStore } from '../../src/adapters/store/open.ts'
import { Failure } from '../../src/protocol/errors.ts'
import { testContract, until } from './store-contract.ts'
import { testLedgers } from './store-contract-ledgers.ts'
import { testRings } from './store-contract-rings.ts'
import { listLives, moveSlot, startCluster, storeConfig } from './store-servers.ts'

const { redis, folder } = JSON.parse(process.env.TORII_TEST_SERVERS ?? '{}')
const open = (more: Partial<typeof storeConfig>) =>
  openStore({ config: { ...storeConfig, ...more }, clock: systemClock })
const fixedClock = () => {
  let now = 1_700_000_000_000
  return { now: () => now, elapsed: () => now, advance: (ms: number) => (now += ms) }
}
const overloaded = new Failure('OVERLOADED')

const contracts = [testContract, testLedgers, testRings]

const memory = await open({})
for (const test of contracts) test(t, { name: 'memory', stores: [memory, memory] })

const mine = { url: redis.url, keyPrefix: `t-${randomBytes(6).toString('hex')}:` }
const single = [await open(mine), await open(mine)] as const
for (const test of contracts)
  test(t, { name: 'Redis', stores: single, listLives: () => listLives(mine.url, mine.keyPrefix) })

const servers = await startCluster(folder)
const clusterNodes = servers.map(({ host, port }) => `${host}:${port}`)
const cluster = [
  await open({ clusterNodes }),
  await open({ clusterNodes: clusterNodes.slice(1, 2) }),
] as const
for (const test of contracts)
  test(t, {
    name: 'Redis Cluster',
    stores: cluster,
    listLives: async () =>
      (await Promise.all(servers.map(({ url }) => listLives(url, storeConfig.keyPrefix)))).flat(),
  })

t.test('on a cluster a verb whose keys share no hash tag is refused alone', async (t) => {
  const [store] = cluster
  const begin = { key: '{a}', ledger: '{b}', expected: '', value: '', marks: [], ttlMs: 1_000 }
  const apart = [
    () => store.touch('{a}', 1_000, ['{b}']),
    () => store.beginLedger(begin),
    () => store.extend(['{a}', '{b}'], 1_000),
    () => store.remove(['{a}', '{b}']),
  ]
  const [refused, others] = await Promise.all([
    Promise.allSettled(apart.map((call) => call())),
    Promise.allSettled(
      Array.from({ length: 100 }, (_, place) => store.touch(`{k${place}}a`, 1_000, [`{k${place}}b`])),
    ),
  ])
  for (const outcome of refused) t.match(outcome, { status: 'rejected', reason: /hash tag/ })
  t.ok(others.every(({ status }) => status === 'fulfilled'))
  t.equal(store.epoch, '', 'of many lives nobody can tell one')
})

t.test('on a cluster a key is found again after it has moved to another node', async (t) => {
  const [store] = cluster
  const key = '{moving}key'
  await store.set(key, 'x', 60_000)
  await moveSlot(servers, storeConfig.keyPrefix + key)
  await until(async () => {
    const answers = await Promise.allSettled(
      Array.from({ length: 100 }, (_, place) => store.get(place % 2 ? key : `{k${place}}`)),
    )
    return answers.every(({ status }) => status === 'fulfilled')
  }, 1_000)
  t.equal(await store.get(key), 'x')
})

t.test('memory refuses new keys when it is full, and keeps what it has promised', async (t) => {
  const clock = fixedClock()
  const store = createMemoryStore({ maxKeys: 1_000, clock })
  for (let place = 0; place < 1_000; place++) await store.set(`${place}`, 'x', 1_000 + place)
  await t.rejects(store.set('new', 'x', 1_000), overloaded)
  await t.rejects(store.pass('new', 1_000, 1), overloaded)
  await t.rejects(store.increment('new', 1_000), overloaded)
  await t.rejects(store.claim('new', 'x', 1_000), overloaded)
  await t.rejects(store.setTouched('new', 'x', 1_000), overloaded)
  await store.set('5', 'y', 60_000)
  t.equal(await store.get('5'), 'y')
  clock.advance(1_000)
  await store.set('new', 'x', 60_000)
  await t.rejects(store.set('newer', 'x', 1_000), overloaded)
  t.equal(await store.take('new'), 'x')
  await store.set('newer', 'x', 1_000)
  for (let place = 1; place < 1_000; place++) t.not(await store.get(`${place}`), undefined)
  await store.close()
})

t.test('a full memory has room for what is reserved', async (t) => {
  const clock = fixedClock()
  const store = createMemoryStore({ maxKeys: 1_000, clock, reserved: ['limit:', 'login:'] })
  for (let place = 0; place < 900; place++) await store.set(`key:${place}`, 'x', 60_000)
  await t.rejects(store.set('key:900', 'x', 60_000), overloaded)
  await t.rejects(store.pushBounded('ring', 'x', 2, 60_000), overloaded)
  const ring = { key: 'ring', most: 2, ttlMs: 60_000 }
  await t.rejects(store.setInRing({ key: 'value', value: 'x', ttlMs: 60_000, ring }), overloaded)
  const toKeep = { key: 'login:value', value: 'x', ttlMs: 60_000, ring }
  await t.rejects(store.setInRing(toKeep), overloaded, 'room for the value, none for the ring')
  t.equal((await store.touch('login:value', 1_000, [])).value, undefined)
  for (let place = 0; place < 50; place++) {
    t.equal(await store.pass(`limit:${place}`, 60_000, 1), 0)
    await store.set(`login:${place}`, 'logged-out', 60_000)
  }
  await t.rejects(store.set('login:50', 'x', 60_000), overloaded, 'the bound holds for these too')
  await store.close()
})

t.test('memory counts what is in ledgers and rings like keys', async (t) => {
  const clock = fixedClock()
  const store = createMemoryStore({ maxKeys: 1_000, clock })
  const marks = Array.from({ length: 600 }, (_, place) => `${place}`)
  const begin = { key: 'k', expected: 'x', value: 'y', ledger: 'l', marks, ttlMs: 2_000 }
  await store.set('k', 'x', 1_000)
  await store.set('full', 'x', 60_000)
  await t.rejects(
    store.beginLedger({ ...begin, marks: [...marks, ...marks.map((it) => `-${it}`)] }),
    overloaded,
  )
  t.equal(await store.get('k'), 'x', 'what finds no room changes nothing')
  t.equal(await store.beginLedger(begin), true)
  for (let place = 0; place < 300; place++) await store.pushBounded('r', `${place}`, 300, 1_000)
  await store.pushBounded('r', 'next', 300, 1_000)
  for (let number = 1; number < 200; number++)
    t.equal((await store.slide('l', number, 64, 10)).outcome, 'fresh')
  for (let place = 0; place < 33; place++)
    t.equal((await store.consume('l', [`new ${place}`], 1_000)).outcome, 'consumed')
  await t.rejects(store.consume('l', ['a'], 1_000), overloaded)
  await t.rejects(store.slide('l', 200, 64, 10), overloaded)
  await t.rejects(store.pushBounded('r2', 'a', 2, 1_000), overloaded)
  await t.rejects(store.set('new', 'x', 1_000), overloaded)
  await store.pushBounded('r', 'next', 300, 1_000)
  clock.advance(1_000)
  t.equal((await store.consume('l', ['a'], 1_000)).outcome, 'consumed', 'the ring has made room')
  t.equal((await store.consume('l', ['new 5'], 1_000)).outcome, 'seen', 'nothing was forgotten')
  await store.remove(['l'])
  for (let place = 0; place < 998; place++) await store.set(`${place}`, 'x', 1_000)
  await t.rejects(store.set('new', 'x', 1_000), overloaded)
  await store.close()
})

t.test('memory stays within its bound, and gives each place back at the end of a life', async (t) => {
  const clock = fixedClock()
  const store = createMemoryStore({ maxKeys: 1_000, clock })
  const ends = new Map<string, number>()
  const alive = () => [...ends].filter(([, end]) => end > clock.now())
  let refused = 0
  for (let round = 0; round < 20_000; round++) {
    const key = randomBytes(2).toString('hex')
    const ttlMs = 1 + randomInt(2_000)
    try {
      await store.set(key, key, ttlMs)
      ends.set(key, clock.now() + ttlMs)
    } catch (error) {
      t.match(error, overloaded)
      if (refused++ % 100 === 0) t.equal(alive().length, 1_000, 'refused only when all are alive')
    }
    if (round % 10 === 0) clock.advance(randomInt(20))
    if (round % 500 > 0) continue
    for (const [key] of alive()) if ((await store.get(key)) !== key) t.fail(`${key} was forgotten`)
  }
  t.ok(refused > 200 && refused < 19_000, `${refused} refused`)
  await store.close()
})

t.test('200,000 lifetimes that end at once delay no call, and their memory is freed', async (t) => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const heap = () => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const clock = fixedClock()
  const store = createMemoryStore({ maxKeys: 1_000_000, clock })
  const empty = heap()
  for (let place = 0; place < 200_000; place++) await store.set(`key:${place}`, `value ${place}`, 1_000)
  const full = heap() - empty
  t.comment(`${Math.round(full / 200_000)} bytes a key`)
  clock.advance(1_000)

  let longestMs = 0
  await until(async () => {
    const end = performance.now() + 200
    for (let last = performance.now(); last < end; ) {
      const { user, system } = process.cpuUsage()
      await new Promise((resolve) => setImmediate(resolve))
      const used = process.cpuUsage()
      // What others have of this core meanwhile is no work of this process.
      const workedMs = (used.user + used.system - user - system) / 1_000
      longestMs = Math.max(longestMs, Math.min(workedMs, performance.now() - last))
      last = performance.now()
    }
    return heap() - empty < full / 20
  })
  t.ok(longestMs < 50, `longest gap ${longestMs} ms`)
  await store.close()
})

t.teardown(async () => {
  await Promise.all([memory, ...single, ...cluster].map((store) => store.close()))
  await Promise.all(servers.map((server) => server.stop()))
})
