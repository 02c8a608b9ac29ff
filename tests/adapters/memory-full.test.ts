/** What a full store of one process forgets first: keys on which no user has logged in. */
import t from 'tap'
import { createMemoryStore } from '../../src/adapters/store/memory.ts'
import { Failure } from '../../src/protocol/errors.ts'
import { createTestClock } from '../harness/test-server.ts'

const lifeMs = 3_600_000

const open = () => {
  const store = createMemoryStore({ maxKeys: 100, clock: createTestClock() })
  t.teardown(() => store.close())
  return {
    store,
    /** As an exchange ends. */
    begin: async (name: string) => {
      await store.set(`key:${name}`, 'pending', lifeMs)
      const names = { key: `key:${name}`, ledger: `ledger:${name}` }
      return store.beginLedger({
        ...names,
        expected: 'pending',
        value: 'live',
        marks: [],
        ttlMs: lifeMs,
        yields: true,
      })
    },
    has: async (name: string) =>
      (await store.get(`key:${name}`)) !== undefined &&
      (await store.consume(`ledger:${name}`, ['a'], 10)).outcome === 'consumed',
  }
}

t.test('keys without a login give way, the oldest first, and no other key does', async (t) => {
  const { store, begin, has } = open()
  for (let at = 0; at < 20; at++) t.equal(await begin(`k${at}`), true)
  // A login on it prolongs it.
  await store.extend(['key:k3', 'ledger:k3'], 7 * 24 * lifeMs)
  for (let at = 0; at < 60; at++) await store.set(`other-${at}`, '', lifeMs)
  await store.set('one more', '', lifeMs)
  t.equal(await store.get('key:k0'), undefined, 'the oldest is gone')
  t.equal(await store.get('key:k19'), 'live')
  for (let at = 60; at < 96; at++) await store.set(`other-${at}`, '', lifeMs)
  t.equal(await has('k3'), true, 'the one that a user has logged in on stays')
  t.equal(await store.get('key:k19'), undefined)
  for (let at = 0; at < 96; at++) t.equal(await store.get(`other-${at}`), '', `other-${at}`)
  const fill = async () => {
    for (let at = 0; at < 5; at++) await store.set(`too much ${at}`, '', lifeMs)
  }
  await t.rejects(fill(), new Failure('OVERLOADED'), 'then it is full')
})

t.test('what gave way is whole: a key without its ledger is gone too', async (t) => {
  const { store, begin } = open()
  for (let at = 0; at < 50; at++) await begin(`k${at}`)
  await begin('last')
  t.equal(await store.get('key:last'), 'live', 'a new exchange finds room')
  t.equal(await store.get('key:k0'), undefined)
  t.equal((await store.consume('ledger:k0', ['a'], 10)).outcome, 'missing')
})

t.test('lists of such keys give way too, so that they cannot fill the store', async (t) => {
  const { store } = open()
  for (let at = 0; at < 100; at++)
    await store.pushEach([{ key: `ring ${at % 9}`, most: 20 }], `${at}`, lifeMs)
  await store.pushEach([{ key: 'another', most: 20 }], 'a', lifeMs)
  for (let at = 0; at < 100; at++) await store.set(`other-${at}`, '', lifeMs)
  for (let at = 0; at < 100; at++) t.equal(await store.get(`other-${at}`), '', `other-${at}`)
  await t.rejects(store.pushEach([{ key: 'late', most: 20 }], 'a', lifeMs), new Failure('OVERLOADED'))
})
