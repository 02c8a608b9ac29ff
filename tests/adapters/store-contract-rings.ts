import type { Test } from 'tap'
import { Failure } from '../../src/protocol/errors.ts'
import { newKey, type Subject, times, until } from './store-contract.ts'
import { begin, missing } from './store-contract-ledgers.ts'

/** The sentences of the contract about rings, and about many kinds of keys at once, for one implementation. */
export function testRings(t: Test, { name, stores, listLives }: Subject) {
  const [one, two] = stores
  /** Calls alternate between the processes. */
  const either = (place: number) => (place % 2 === 0 ? one : two)

  t.test(`${name}: pushes into several rings at once`, async (t) => {
    const tag = `{${newKey()}}`
    const rings = [
      { key: `${tag}:a`, most: 2 },
      { key: `${tag}:b`, most: 3 },
    ]
    const fallen: string[][] = []
    for (const [place, entry] of ['1', '2', '3', '4'].entries())
      fallen.push(await either(place).pushEach(rings, entry, 60_000))
    t.same(fallen, [[], [], ['1'], ['2', '1']])
    t.equal(await one.pushBounded(`${tag}:a`, '5', 2, 60_000), '3')
    t.same(await one.pushEach([], 'x', 60_000).catch(() => []), [])
  })

  t.test(`${name}: a value in a full ring removes the oldest, in one trip`, async (t) => {
    const tag = `{${newKey()}}`
    const ring = { key: `${tag}:ring`, most: 2, ttlMs: 60_000 }
    const put = (store: typeof one, key: string, most = 2) =>
      store.setInRing({ key: `${tag}:${key}`, value: key, ttlMs: 60_000, ring: { ...ring, most } })
    const readValue = async (key: string) => (await one.touch(`${tag}:${key}`, 60_000, [])).value
    const found = async () => (await Promise.all(['a', 'b', 'c', 'd'].map(readValue))).join('')

    const before = one.trips
    await put(one, 'a')
    t.equal(one.trips - before, 1)
    await put(two, 'b')
    t.equal(await found(), 'ab')
    await put(two, 'c')
    t.equal(await found(), 'bc')
    await put(one, 'd', 1)
    t.equal(await found(), 'd', 'with a smaller ring all that is too much ends')
    t.equal((await two.touch(`${tag}:d`, 60_000, [])).used, true)
    await put(two, 'd', 2)
    t.equal((await one.touch(`${tag}:d`, 60_000, [])).used, true, 'what was touched keeps its marks')
    await put(one, 'a')
    await put(two, 'd')
    t.equal(await found(), 'ad', 'a key takes no second place in its ring')

    const crowd = { key: `${tag}:crowd`, most: 8, ttlMs: 60_000 }
    await times(200, (place) =>
      either(place).setInRing({ key: `${tag}:${place}`, value: 'x', ttlMs: 60_000, ring: crowd }),
    )
    const live = await times(200, (place) => readValue(`${place}`))
    t.equal(live.filter((value) => value === 'x').length, 8)

    const idle = { key: `${tag}:idle`, value: 'x', ttlMs: 60_000, ownIdleMs: 1 }
    await one.setInRing({ ...idle, ring: crowd })
    await until(async () => (await two.touch(idle.key, 60_000, [])).idle)
    await one.set(`${tag}:text`, 'x', 60_000)
    const wrong = { ...idle, key: `${tag}:new`, ring: { ...crowd, key: `${tag}:text` } }
    await t.rejects(one.setInRing(wrong), new Failure('STORE_UNREACHABLE'))
    t.equal(await readValue('new'), undefined, 'what is refused changes nothing')
  })

  t.test(`${name}: extends what is there, whatever it is, and makes nothing`, async (t) => {
    const { key, ledger } = await begin(one, ['m'], 1_000)
    const [none, ring, mark] = [`${key}:none`, `${key}:ring`, `${key}:mark`]
    await Promise.all([one.pushBounded(ring, 'x', 2, 1_000), one.set(mark, '', 1_050)])
    await two.extend([key, none, ledger, ring], 60_000)
    await until(async () => (await one.get(mark)) === undefined)
    t.equal(await one.get(key), 'ready')
    t.equal(await one.get(none), undefined)
    const { outcome, lifeMs } = await one.consume(ledger, ['m'], 10)
    t.equal(outcome, 'seen')
    t.ok(lifeMs > 50_000 && lifeMs <= 60_000, `${lifeMs} ms`)
    t.equal(await one.pushBounded(ring, 'y', 1, 60_000), 'x')
    await one.extend([key, ledger], 1)
    await until(async () => (await two.get(key)) === undefined)
    await until(async () => (await two.consume(ledger, [], 10)).outcome === 'missing')
    await one.extend([], 60_000)
    await t.rejects(one.extend([key], Number.NaN), RangeError)
  })

  t.test(`${name}: a full ring returns its oldest entry once, and its lifetime begins again`, async (t) => {
    const key = newKey()
    const fallen: (string | undefined)[] = []
    for (const entry of ['a', 'b', '', 'b', 'Ω 🗝', 'c'])
      fallen.push(await one.pushBounded(key, entry, 3, 60_000))
    t.strictSame(fallen, [undefined, undefined, undefined, 'a', 'b', ''])
    t.equal(await two.pushBounded(key, 'd', 2, 60_000), 'b', 'with a smaller ring the oldest')
    t.equal(await two.pushBounded(key, 'e', 2, 60_000), 'c')

    const crowd = newKey()
    const out = await times(200, (place) => either(place).pushBounded(crowd, `${place}`, 8, 60_000))
    const given = out.filter((it) => it !== undefined)
    t.equal(given.length, 192)
    t.equal(new Set(given).size, 192)

    const [short, mark] = [newKey(), newKey()]
    await one.pushBounded(short, 'a', 1, 1_000)
    t.equal(await two.pushBounded(short, 'b', 1, 60_000), 'a')
    await one.set(mark, '', 1_050)
    await until(async () => (await one.get(mark)) === undefined)
    t.equal(await two.pushBounded(short, 'c', 1, 50), 'b')
    await one.set(mark, '', 60)
    await until(async () => (await one.get(mark)) === undefined)
    t.equal(await one.pushBounded(short, 'd', 1, 60_000), undefined)
  })

  t.test(`${name}: removes whatever the keys hold`, async (t) => {
    const { key, ledger } = await begin(one, ['m'])
    const [ring, log, ticket] = [`${key}:ring`, `${key}:log`, `${key}:ticket`]
    await Promise.all([one.pushBounded(ring, 'x', 1, 60_000), one.pass(log, 60_000, 1)])
    await one.setTouched(ticket, 'x', 60_000)
    await two.remove([key, ledger, ring, log, ticket, `${key}:none`])
    t.equal(await one.get(key), undefined)
    t.strictSame(await one.consume(ledger, ['m'], 10), missing)
    t.equal(await one.pushBounded(ring, 'y', 1, 60_000), undefined)
    t.equal(await one.pass(log, 60_000, 1), 0)
    t.equal((await one.touch(ticket, 1_000, [])).value, undefined)
    await one.remove([])
  })

  t.test(`${name}: refuses a ledger or ring where another group of verbs has made the key`, async (t) => {
    const { key, ledger } = await begin(one, ['m'])
    const [ring, log, ticket] = [`${key}:ring`, `${key}:log`, `${key}:ticket`]
    await Promise.all([one.pushBounded(ring, 'x', 1, 60_000), one.pass(log, 60_000, 1)])
    await one.setTouched(ticket, 'x', 60_000)
    const input = { expected: 'x', value: 'y', marks: [], ttlMs: 60_000 }
    const mixed: (() => Promise<unknown>)[] = [
      () => one.get(ledger),
      () => one.pass(ledger, 60_000, 1),
      () => one.touch(ledger, 60_000, []),
      () => one.pushBounded(ledger, 'x', 1, 60_000),
      () => one.get(ring),
      () => one.touch(ring, 60_000, []),
      ...[key, ring, log, ticket].flatMap((other) => [
        () => one.consume(other, ['m'], 10),
        () => one.consume(other, [], 10),
        () => one.slide(other, 1, 64, 10),
      ]),
      ...[key, ticket].map((other) => () => one.pushBounded(other, 'x', 1, 60_000)),
      ...[ledger, ring, ticket].map((other) => () => one.beginLedger({ ...input, key: other, ledger: key })),
    ]
    for (const call of mixed) await t.rejects(call(), new Failure('STORE_UNREACHABLE'), String(call))
    t.equal(await one.get(key), 'ready')
    t.equal((await two.touch(key.replace('key', 'none'), 1_000, [ledger])).gates[0], undefined)
  })

  t.test(`${name}: each of these verbs is one trip, every key has a life, and the epoch stays`, async (t) => {
    const { epoch } = one
    const before = one.trips
    await times(100, async (place) => {
      const key = `${newKey()}:${place}`
      const ledger = `${key}:ledger`
      await one.set(key, 'x', 60_000)
      await one.beginLedger({ key, expected: 'x', value: 'y', ledger, marks: ['m'], ttlMs: 60_000 })
      await one.consume(ledger, ['n'], 10)
      await one.slide(ledger, 1, 64, 10)
      await one.pushBounded(`${key}:ring`, 'x', 8, 60_000)
      await one.pushBounded(`${key}:ring`, 'x', 1, 60_000)
      await one.setInRing({
        key: `${key}:kept`,
        value: 'x',
        ttlMs: 60_000,
        ring: { key: `${key}:kept-ring`, most: 1, ttlMs: 60_000 },
      })
      await one.extend([key, ledger], 60_000)
      await one.remove([`${key}:none`])
      await one.consume(`${ledger}:none`, ['n'], 10)
      await one.slide(`${ledger}:none`, 1, 64, 10)
    })
    t.equal(one.trips - before, 100 * 11)
    t.equal(one.epoch, epoch)
    t.equal(two.epoch, epoch)
    t.type(epoch, 'string')
    if (!listLives) return
    const lives = await listLives()
    t.ok(lives.length >= 300, `${lives.length} keys`)
    t.strictSame(
      lives.filter((life) => life < 0 || life > 60_001),
      [],
    )
  })
}
