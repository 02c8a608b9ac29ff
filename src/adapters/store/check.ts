import type { Random } from '../random.ts'
import type { Store } from './index.ts'

const lifeMs = 1_000

/**
 * Tries every verb on keys that live for a second, so that a missing right or a full store shows at once and not with the
 * first login. Throws as the verbs do.
 */
export const checkVerbs = async (store: Store, random: Random): Promise<void> => {
  const tag = `check:{${random.bytes(8).toString('hex')}}`
  const key = (name: string) => `${tag}:${name}`
  await store.set(key('text'), 'a', lifeMs)
  await store.get(key('text'))
  await store.compareAndSet(key('text'), 'a', 'b', lifeMs)
  await store.compareAndSet(key('text'), 'b', undefined, lifeMs)
  await store.claim(key('text'), 'c', lifeMs)
  await store.take(key('text'))
  await store.increment(key('sum'), lifeMs)
  for (let pass = 0; pass < 3; pass++) await store.pass(key('log'), 1, 2)
  await store.setTouched(key('touched'), 'a', lifeMs)
  await store.touch(key('touched'), lifeMs, [key('gate')])
  await store.set(key('begun'), 'a', lifeMs)
  await store.beginLedger({
    key: key('begun'),
    expected: 'a',
    value: 'b',
    ledger: key('ledger'),
    marks: ['a'],
    ttlMs: lifeMs,
  })
  await store.consume(key('ledger'), ['b'], 10)
  for (const number of [1, 5]) await store.slide(key('ledger'), number, 2, 10)
  for (const entry of ['a', 'b']) await store.pushBounded(key('ring'), entry, 1, lifeMs)
  const ring = { key: key('kept'), most: 1, ttlMs: lifeMs }
  for (const name of ['first', 'second'])
    await store.setInRing({ key: key(name), value: 'a', ttlMs: lifeMs, ownIdleMs: lifeMs, ring })
  await store.extend([key('ring'), key('ledger')], lifeMs)
  await store.remove([
    key('kept'),
    key('second'),
    key('ring'),
    key('ledger'),
    key('begun'),
    key('touched'),
    key('sum'),
    key('log'),
  ])
  await store.ping()
}

/** What keeps the store from being used; empty: nothing. A store that answers may still take no writes. */
export const findStoreProblem = async (store: Store, random: Random): Promise<string> => {
  try {
    await store.ping()
  } catch {
    return 'does not answer'
  }
  try {
    // A key of its own each time: a store that is full still replaces the value of a key that is there.
    await store.set(`ready:${random.bytes(8).toString('hex')}`, '', lifeMs)
    return ''
  } catch {
    return 'takes no writes: is it full?'
  }
}
