import type { Test } from 'tap'
import type { Store } from '../../src/adapters/store/index.ts'
import { newKey, type Subject, times, until } from './store-contract.ts'

const beyond = 2 ** 53
const largest = Number.MAX_SAFE_INTEGER
export const missing = { outcome: 'missing', lifeMs: 0 }

const newNames = () => {
  const key = newKey()
  return { key, ledger: `${key}:ledger` }
}

const countOf = (outcomes: readonly { outcome: string }[], outcome: string) =>
  outcomes.filter((it) => it.outcome === outcome).length

export const begin = async (store: Store, marks: readonly string[] = [], ttlMs = 60_000) => {
  const names = newNames()
  await store.set(names.key, 'pending', 60_000)
  await store.beginLedger({ ...names, expected: 'pending', value: 'ready', marks, ttlMs })
  return names
}

/** The sentences of the contract about ledgers, for one implementation. */
export function testLedgers(t: Test, { name, stores }: Subject) {
  const [one, two] = stores
  /** Calls alternate between the processes. */
  const either = (place: number) => (place % 2 === 0 ? one : two)

  t.test(`${name}: a ledger begins with the value, only if it was so, instead of another`, async (t) => {
    const names = newNames()
    const input = { ...names, expected: 'a', value: 'b', marks: ['m', 'n'], ttlMs: 60_000 }
    t.equal(await one.beginLedger(input), false)
    t.equal(await one.beginLedger({ ...input, expected: '' }), false, 'nothing there never equals a string')
    t.equal(await two.get(names.key), undefined)
    t.strictSame(await two.consume(names.ledger, ['x'], 10), missing)

    await one.set(names.key, 'a', 60_000)
    await one.set(names.ledger, 'whatever was there', 60_000)
    t.equal(await one.beginLedger({ ...input, expected: 'c' }), false)
    t.equal(await one.get(names.ledger), 'whatever was there')
    t.equal(await two.beginLedger(input), true)
    t.equal(await one.get(names.key), 'b')
    t.match(await one.consume(names.ledger, ['n'], 10), { outcome: 'seen' })
    t.match(await one.consume(names.ledger, ['x'], 10), { outcome: 'consumed' })
    t.match(await one.slide(names.ledger, 900, 64, 1_000), { outcome: 'fresh' })

    t.equal(await two.beginLedger(input), false, 'only once')
    t.match(await one.consume(names.ledger, ['x'], 10), { outcome: 'seen' }, 'what was there stayed')
    t.equal(await one.beginLedger({ ...input, expected: 'b', value: 'c', marks: [] }), true)
    t.match(await two.consume(names.ledger, ['m', 'n', 'x'], 3), { outcome: 'consumed' }, 'it began empty')
    t.match(await two.slide(names.ledger, 1, 64, 1), { outcome: 'fresh' })
  })

  t.test(`${name}: one of 200 begins a ledger, and its marks are in it`, async (t) => {
    const names = newNames()
    await one.set(names.key, 'a', 60_000)
    const begun = await times(200, (place) =>
      either(place).beginLedger({
        ...names,
        expected: 'a',
        value: `${place}`,
        marks: [`${place}`],
        ttlMs: 60_000,
      }),
    )
    t.equal(begun.filter(Boolean).length, 1)
    const first = begun.indexOf(true)
    t.equal(await one.get(names.key), `${first}`)
    t.match(await two.consume(names.ledger, [`${first}`], 1), { outcome: 'seen' })
    t.match(await two.consume(names.ledger, [`${first + 1}`], 1), { outcome: 'full' }, 'and no other')
  })

  t.test(`${name}: value and ledger end together, and no use prolongs the ledger`, async (t) => {
    const start = performance.now()
    const { key, ledger } = await begin(one, ['m'], 150)
    const first = await two.consume(ledger, ['n'], 10)
    t.ok(first.lifeMs <= 150 && first.lifeMs >= 140 - (performance.now() - start), `${first.lifeMs} ms`)
    let ends = 0
    const tookMs = await until(async () => {
      const [value, burnt, slid] = await Promise.all([
        one.get(key),
        two.consume(ledger, [`${ends}`], 1_000),
        two.slide(ledger, ++ends, 64, 1_000),
      ])
      const outcomes = [value ?? 'missing', burnt.outcome, slid.outcome]
      const gone = outcomes.filter((it) => it === 'missing').length
      t.ok(gone === 3 || burnt.lifeMs <= 150)
      return gone === 3
    })
    t.ok(tookMs < 5_000, `${tookMs} ms`)
    t.ok(performance.now() - start >= 149)
    t.strictSame(await one.consume(ledger, ['m'], 10), missing, 'it does not begin by a burn')
    t.strictSame(await one.slide(ledger, 1, 64, 10), missing, 'nor by a number')
    t.strictSame(await one.consume(ledger, ['m'], 10), missing)
  })

  t.test(`${name}: one of 200 burns a mark, and a ledger holds no more than it may`, async (t) => {
    const { ledger } = await begin(one)
    const burnt = await times(200, (place) => either(place).consume(ledger, ['m'], 10))
    t.equal(countOf(burnt, 'consumed'), 1)
    t.equal(countOf(burnt, 'seen'), 199)
    t.ok(burnt.every(({ lifeMs }) => Number.isInteger(lifeMs) && lifeMs > 50_000 && lifeMs <= 60_000))
    const others = await times(200, (place) => either(place).consume(ledger, [`other ${place}`], 10))
    t.equal(countOf(others, 'consumed'), 9)
    t.equal(countOf(others, 'full'), 191)
    t.match(await one.consume(ledger, ['m'], 10), { outcome: 'seen' }, 'also of a full ledger')
    t.match(await one.consume(ledger, [], 10), { outcome: 'consumed' }, 'nothing always fits')
  })

  t.test(`${name}: burns all marks or none, and takes each for what it is`, async (t) => {
    const { ledger } = await begin(one, ['iv'])
    t.match(await one.consume(ledger, ['a', 'iv', 'b'], 10), { outcome: 'seen' })
    t.match(await two.consume(ledger, ['a', 'b', 'c'], 3), { outcome: 'full' })
    t.match(await two.consume(ledger, ['a', 'b'], 3), { outcome: 'consumed' }, 'neither was entered before')
    t.match(await one.consume(ledger, ['c', 'b'], 10), { outcome: 'seen' })
    t.match(
      await one.consume(ledger, ['c', 'c'], 4),
      { outcome: 'consumed' },
      'one that is given twice is one',
    )

    const strange = ['', ':', ':a', 'A', '5', '-1', 'Ω 漢字 🗝', '\u0000', '\u0000\r\n', 'x'.repeat(10_000)]
    for (const mark of strange) t.match(await one.consume(ledger, [mark], 100), { outcome: 'consumed' }, mark)
    for (const mark of strange) t.match(await two.consume(ledger, [mark], 100), { outcome: 'seen' }, mark)
    t.match(await one.slide(ledger, 5, 64, 100), { outcome: 'fresh' }, 'a mark is no number')
    t.match(await two.slide(ledger, 7, 64, 100), { outcome: 'fresh' })
    t.match(await two.consume(ledger, ['7'], 100), { outcome: 'consumed' }, 'a number is no mark')
    t.match(await two.consume(ledger, ['last'], 15), { outcome: 'full' })
    t.match(await two.consume(ledger, ['last'], 16), { outcome: 'consumed' }, 'numbers do not count')
  })

  t.test(`${name}: holds 4,096 marks of 24 characters, given singly or at once`, async (t) => {
    const mark = (place: number) => `${place}`.padEnd(24, '=')
    const marks = Array.from({ length: 4_096 }, (_, place) => mark(place))
    const { key, ledger } = await begin(one, [mark(0)])
    const burnt = await times(4_095, (place) => either(place).consume(ledger, [mark(place + 1)], 4_096))
    t.equal(countOf(burnt, 'consumed'), 4_095)
    t.match(await two.consume(ledger, [mark(4_096)], 4_096), { outcome: 'full' })
    const again = await times(4_096, (place) => either(place).consume(ledger, [mark(place)], 4_096))
    t.equal(countOf(again, 'seen'), 4_096)

    const input = { key, ledger, expected: 'ready', value: 'next', ttlMs: 60_000 }
    t.equal(await one.beginLedger({ ...input, marks }), true)
    t.match(await two.consume(ledger, [mark(4_096)], 4_096), { outcome: 'full' })
    t.match(await two.consume(ledger, [mark(4_095)], 4_096), { outcome: 'seen' })
    const empty = await begin(one)
    t.match(await two.consume(empty.ledger, marks, 4_095), { outcome: 'full' })
    t.match(await two.consume(empty.ledger, marks, 4_096), { outcome: 'consumed' })
    t.match(await one.consume(empty.ledger, [mark(4_096), mark(2_000)], 9_999), { outcome: 'seen' })
  })

  t.test(`${name}: one of 200 slides a number in, and none of many is taken twice`, async (t) => {
    const { ledger } = await begin(one)
    const slid = await times(200, (place) => either(place).slide(ledger, 5, 64, 10))
    t.equal(countOf(slid, 'fresh'), 1)
    t.equal(countOf(slid, 'seen'), 199)
    t.ok(slid.every(({ lifeMs }) => Number.isInteger(lifeMs) && lifeMs > 50_000 && lifeMs <= 60_000))

    const fresh = new Map<number, number>()
    await times(2_000, async (place) => {
      const number = 6 + ((place * 7) % 500)
      const { outcome } = await either(place).slide(ledger, number, 64, 1_000)
      if (outcome === 'fresh') fresh.set(number, (fresh.get(number) ?? 0) + 1)
    })
    t.ok(fresh.size >= 64, `${fresh.size} of 500`)
    t.strictSame(
      [...fresh].filter(([, count]) => count > 1),
      [],
    )
  })

  t.test(`${name}: a window has exact edges, and forgets only what fell out`, async (t) => {
    const { ledger } = await begin(one)
    const slide = (number: number, width = 64, jump = 100) => two.slide(ledger, number, width, jump)
    const expect = async (number: number, outcome: string, width?: number, jump?: number) =>
      t.equal((await slide(number, width, jump)).outcome, outcome, `${number} ${width} ${jump}`)

    await expect(101, 'ahead')
    await expect(100, 'fresh')
    await expect(36, 'behind')
    await expect(37, 'fresh')
    await expect(37, 'seen')
    await expect(201, 'ahead')
    await expect(100, 'seen')
    await expect(101, 'fresh')
    await expect(37, 'behind')
    await expect(38, 'fresh')
    await expect(201, 'fresh')
    await expect(137, 'behind')
    await expect(138, 'fresh')
    await expect(101, 'behind')
    await expect(202, 'fresh', 1)
    await expect(202, 'seen', 1)
    await expect(201, 'behind', 1)
    await expect(204, 'ahead', 1, 1)
    await expect(203, 'fresh', 1, 1)

    // Against a model that forgets nothing.
    const other = await begin(one)
    const seen = new Set<number>()
    let highest = 0
    for (let place = 0; place < 600; place++) {
      const number = 1 + ((place * 37 + place ** 2) % 61) + Math.floor(place / 3)
      const { outcome } = await either(place).slide(other.ledger, number, 8, 20)
      const isBehind = number <= highest - 8
      const isAhead = number > highest + 20
      const expected = isBehind ? 'behind' : isAhead ? 'ahead' : seen.has(number) ? 'seen' : 'fresh'
      if (outcome !== expected) t.fail(`${number}: ${outcome}, not ${expected}`)
      if (outcome !== 'fresh') continue
      seen.add(number)
      highest = Math.max(highest, number)
    }
    t.ok(highest > 150 && seen.size > 100, `${seen.size} up to ${highest}`)
  })

  t.test(`${name}: distinguishes numbers near 2^53, and compares them as numbers`, async (t) => {
    const { ledger } = await begin(one, ['m'])
    const expect = async (number: number, outcome: string, width = 4, jump = largest) =>
      t.equal((await two.slide(ledger, number, width, jump)).outcome, outcome, `${number}`)
    for (const number of [9, 10, 99, 100, 99_999, 100_000, 1e14, 1e14 + 1, 1e15])
      await expect(number, 'fresh')
    await expect(1e14, 'behind')
    await expect(1e15 - 4, 'behind')
    await expect(1e15 - 3, 'fresh')
    await expect(largest - 4, 'fresh')
    await expect(largest - 2, 'fresh')
    await expect(largest, 'ahead', 4, 1)
    await expect(largest - 3, 'fresh')
    await expect(largest - 1, 'fresh')
    await expect(largest - 1, 'seen')
    await expect(largest, 'fresh')
    await expect(largest, 'seen')
    await expect(largest - 3, 'seen')
    await expect(largest - 4, 'behind')
    await expect(2, 'fresh', largest - 1)
    await expect(1, 'behind', largest - 1)
    t.match(await one.consume(ledger, ['m'], 10), { outcome: 'seen' }, 'marks stay')
    for (const number of [0, -1, 0.5, Number.NaN, beyond, Number.POSITIVE_INFINITY]) {
      await t.rejects(one.slide(ledger, number, 64, 10), RangeError)
      await t.rejects(one.slide(ledger, 1, number, 10), RangeError)
      await t.rejects(one.slide(ledger, 1, 64, number), RangeError)
    }
  })
}
