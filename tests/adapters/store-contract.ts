import type { Test } from 'tap'
import type { Store } from '../../src/adapters/store/index.ts'
import { Failure } from '../../src/protocol/errors.ts'

/** `stores`: what two processes hold in their hands. Keys are given whole, so each call has its own tag. */
export type Subject = {
  name: string
  stores: readonly [Store, Store]
  /** What is left of the life of every key, in ms; negative: for ever. */
  listLives?: () => Promise<number[]>
}

let count = 0
export const newKey = () => `{contract-${process.pid}-${count++}}:key`

/**
 * Asks again and again until the answer is true. Returns the ms that it took, or that passed since `start`: a life
 * began after the call that gives it, and for all that its answer may have come late.
 */
export async function until(
  ask: () => boolean | Promise<boolean>,
  deadlineMs = 10_000,
  start = performance.now(),
) {
  while (!(await ask())) {
    if (performance.now() - start > deadlineMs) throw new Error(`not true after ${deadlineMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  return performance.now() - start
}

export const times = <T>(count: number, make: (place: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, place) => make(place)))

/** Every sentence of the contract, for one implementation. */
export function testContract(t: Test, { name, stores, listLives }: Subject) {
  const [one, two] = stores
  /** Calls alternate between the processes. */
  const either = (place: number) => (place % 2 === 0 ? one : two)

  t.test(`${name}: one process reads what another has set, until its life is over`, async (t) => {
    const key = newKey()
    t.equal(await one.get(key), undefined)
    const start = performance.now()
    await one.set(key, 'a', 60)
    const seen = await two.get(key)
    // Where this machine has taken as long as the life, either is true.
    if (performance.now() - start < 59) t.equal(seen, 'a')
    const tookMs = await until(async () => (await two.get(key)) === undefined, 10_000, start)
    t.ok(tookMs > 58, `${tookMs} ms`)
    for (const value of ['', 'Ω 漢字 🗝', '\u0000\r\n', 'x'.repeat(100_000)]) {
      await one.set(key, value, 60_000)
      t.equal(await two.get(key), value)
    }
  })

  t.test(`${name}: set replaces a value together with its life`, async (t) => {
    const [longer, shorter, mark] = [newKey(), newKey(), newKey()]
    await Promise.all([one.set(longer, 'a', 50), one.set(shorter, 'a', 60_000)])
    await Promise.all([two.set(longer, 'b', 60_000), two.set(shorter, 'b', 50)])
    // Longer than both short lives, and begun after them.
    await one.set(mark, '', 100)
    await until(async () => (await one.get(mark)) === undefined)
    t.equal(await one.get(longer), 'b')
    t.equal(await one.get(shorter), undefined)
  })

  t.test(`${name}: one of 200 takers gets the value`, async (t) => {
    const key = newKey()
    await one.set(key, 'once', 60_000)
    const taken = await times(200, (place) => either(place).take(key))
    t.strictSame(
      taken.filter((value) => value !== undefined),
      ['once'],
    )
    t.equal(await two.get(key), undefined)
  })

  t.test(`${name}: counts each call once, in a life that starts with the first`, async (t) => {
    const key = newKey()
    const sums = await times(500, (place) => either(place).increment(key, 60_000))
    t.strictSame(
      sums.sort((a, b) => a - b),
      Array.from({ length: 500 }, (_, place) => place + 1),
    )
    t.equal(await one.get(key), '500')

    const short = newKey()
    const start = performance.now()
    t.equal(await one.increment(short, 80), 1)
    const tookMs = await until(async () => (await two.increment(short, 80)) === 1, 10_000, start)
    t.ok(tookMs > 78, `${tookMs} ms`)
  })

  t.test(`${name}: compares and sets in all four ways, and only if it was so`, async (t) => {
    const key = newKey()
    t.equal(await one.compareAndSet(key, '', 'x', 60_000), false, 'nothing there never equals a string')
    t.equal(await one.compareAndSet(key, 'a', undefined, 60_000), false)
    t.equal(await one.compareAndSet(key, undefined, undefined, 60_000), true)
    t.equal(await one.get(key), undefined)
    t.equal(await one.compareAndSet(key, undefined, '', 60_000), true)
    t.equal(await two.compareAndSet(key, undefined, 'b', 60_000), false, 'an empty string is a value')
    t.equal(await two.compareAndSet(key, '', 'b', 60_000), true)
    t.equal(await one.compareAndSet(key, 'a', undefined, 60_000), false)
    t.equal(await one.get(key), 'b')
    t.equal(await one.compareAndSet(key, 'b', undefined, 60_000), true)
    t.equal(await two.get(key), undefined)
    const won = await times(200, (place) => either(place).compareAndSet(key, undefined, `${place}`, 60_000))
    t.equal(won.filter(Boolean).length, 1)
    t.equal(await one.get(key), `${won.indexOf(true)}`)
    const short = newKey()
    t.equal(await one.compareAndSet(short, undefined, 'x', 50), true)
    t.equal(await one.compareAndSet(key, `${won.indexOf(true)}`, 'x', 50), true)
    await until(async () => (await one.get(short)) === undefined, 2_000)
    await until(async () => (await one.get(key)) === undefined, 2_000)
  })

  t.test(`${name}: one of 200 claims is granted, the others see whose it is`, async (t) => {
    const key = newKey()
    const seen = await times(200, (place) => either(place).claim(key, `${place}`, 60_000))
    t.equal(seen.filter((value) => value === undefined).length, 1)
    t.strictSame([...new Set(seen)].filter(Boolean), [`${seen.indexOf(undefined)}`])

    const short = newKey()
    const start = performance.now()
    t.equal(await one.claim(short, 'first', 200), undefined)
    // Each of them asks for a minute: had it prolonged the first, this would not end in time.
    const tookMs = await until(
      async () => (await two.claim(short, 'next', 60_000)) === undefined,
      10_000,
      start,
    )
    t.ok(tookMs > 198, `${tookMs} ms`)
    t.equal(await one.get(short), 'next')
  })

  t.test(`${name}: of 1,000 calls at once exactly 10 pass`, async (t) => {
    const key = newKey()
    const waits = await times(1_000, (place) => either(place).pass(key, 60_000, 10))
    t.equal(waits.filter((wait) => wait === 0).length, 10)
    t.ok(waits.every((wait) => Number.isInteger(wait) && wait >= 0 && wait <= 60_000))
    t.ok((await one.pass(key, 60_000, 3)) > 0, 'a lower limit counts what has passed')
    t.equal(await one.pass(key, 60_000, 11), 0, 'so does a higher one')
    t.ok((await one.pass(key, 60_000, 11)) > 0)
  })

  t.test(`${name}: with wider logs all of them have room, or none remembers`, async (t) => {
    const tag = `{${newKey()}}`
    const wider = [
      { key: `${tag}:block`, max: 20 },
      { key: `${tag}:site`, max: 15 },
    ]
    const passAt = (network: number) => either(network).pass(`${tag}:${network}`, 60_000, 10, wider)
    const waits = await times(100, (place) => passAt(place % 2))
    t.equal(waits.filter((wait) => wait === 0).length, 15, 'the narrowest of all bounds the sum')
    t.ok((await passAt(7)) > 0, 'a network of its own does not help')
    t.equal(await one.pass(`${tag}:7`, 60_000, 1), 0, 'and what was refused is nowhere remembered')
    t.ok((await one.pass(`${tag}:block`, 60_000, 15)) > 0)
    t.equal(await one.pass(`${tag}:block`, 60_000, 16), 0)
  })

  t.test(`${name}: never more than max pass in any window, and the wait it returns is right`, async (t) => {
    const [key, windowMs, max] = [newKey(), 100, 5]
    const passed: { before: number; after: number }[] = []
    const begun = performance.now()
    const isOver = (ms: number) => performance.now() - begun > ms
    while (!isOver(passed.length > 3 * max ? 1_000 : 10_000)) {
      const before = performance.now()
      // Not as fast as possible: the passes shall be spread unevenly over the windows.
      if ((await either(passed.length).pass(key, windowMs, max)) === 0)
        passed.push({ before, after: performance.now() })
      await new Promise((resolve) => setTimeout(resolve, (passed.length * 7) % 23))
    }
    for (const [place, { before }] of passed.entries()) {
      const next = passed[place + max]
      // A millisecond for clocks that count whole ones.
      if (next) t.ok(next.after - before > windowMs - 1, `pass ${place} and ${place + max}`)
    }
    t.ok(passed.length > 3 * max, `${passed.length} of 50 passed`)

    let [told, start] = [0, 0]
    while (told === 0) {
      start = performance.now()
      told = await one.pass(key, windowMs, max)
    }
    const tookMs = await until(async () => (await two.pass(key, windowMs, max)) === 0, 10_000, start)
    t.ok(told >= 1 && told <= windowMs && tookMs > told - 5, `told ${told}, took ${tookMs}`)
  })

  t.test(`${name}: returns the time since the last use, if there was one`, async (t) => {
    const key = newKey()
    const gates = ['a', 'b', 'c'].map((gate) => `${key}:${gate}`)
    const nothing = { value: undefined, sinceUseMs: 0, used: false, idle: false }
    t.strictSame(await one.touch(key, 1_000, []), { ...nothing, gates: [] })
    await two.set(`${key}:b`, 'shut', 60_000)
    t.strictSame(await one.touch(key, 1_000, gates), { ...nothing, gates: [undefined, 'shut', undefined] })

    await one.setTouched(key, 'unused', 60_000)
    await two.setTouched(key, 'ticket', 60_000)
    const first = await two.touch(key, 10_000, gates)
    t.match(first, { value: 'ticket', used: false, idle: false, gates: [undefined, 'shut', undefined] })
    t.ok(first.sinceUseMs >= 0 && first.sinceUseMs < 5_000)
    t.match(await one.touch(key, 10_000, []), { value: 'ticket', used: true, idle: false })
    t.equal(
      (await times(50, (place) => either(place).touch(key, 10_000, []))).filter((it) => it.used).length,
      50,
    )

    await one.setTouched(key, 'other', 60_000)
    t.match(await two.touch(key, 10_000, []), { value: 'ticket', used: true }, 'what is there stays')
  })

  t.test(`${name}: what was idle for too long stays so, and a touch prolongs no life`, async (t) => {
    const [key, short] = [newKey(), newKey()]
    await one.setTouched(key, 'ticket', 60_000)
    await one.touch(key, 10_000, [])
    // With no idle time allowed nothing is marked, so this only looks.
    await until(async () => (await two.touch(key, 0, [])).sinceUseMs >= 60)
    const late = await one.touch(key, 60, [])
    t.match(late, { value: 'ticket', used: true, idle: true })
    const later = await two.touch(key, 60, [])
    t.match(later, { value: 'ticket', used: true, idle: true })
    t.ok(later.sinceUseMs >= late.sinceUseMs)

    const own = newKey()
    await one.setTouched(own, 'ticket', 60_000, 50)
    await until(async () => (await two.touch(own, 0, [])).sinceUseMs >= 50)
    t.match(
      await one.touch(own, 10_000, []),
      { value: 'ticket', used: false, idle: true },
      'its own idle time',
    )
    const patient = newKey()
    await one.setTouched(patient, 'ticket', 60_000, 60_000)
    t.match(await two.touch(patient, 0, []), { idle: true }, 'the shorter of both counts')
    t.match(await two.touch(patient, 10_000, []), { used: false, idle: false })

    const start = performance.now()
    await one.setTouched(short, 'ticket', 100)
    const tookMs = await until(
      async () => (await two.touch(short, 10_000, [])).value === undefined,
      10_000,
      start,
    )
    t.ok(tookMs > 98, `${tookMs} ms`)
  })

  t.test(`${name}: refuses a key that another group of verbs has made`, async (t) => {
    const [log, ticket, text] = [newKey(), newKey(), newKey()]
    await Promise.all([
      one.pass(log, 60_000, 5),
      one.setTouched(ticket, 'x', 60_000),
      one.set(text, 'x', 60_000),
    ])
    const mixed: (() => Promise<unknown>)[] = [
      () => one.get(log),
      () => one.take(ticket),
      () => one.claim(log, 'x', 60_000),
      () => one.compareAndSet(ticket, 'x', 'y', 60_000),
      () => one.increment(text, 60_000),
      () => one.increment(log, 60_000),
      () => one.pass(text, 60_000, 5),
      () => one.pass(ticket, 60_000, 5),
      () => one.touch(text, 60_000, []),
      () => one.touch(log, 60_000, []),
    ]
    for (const call of mixed) await t.rejects(call(), new Failure('STORE_UNREACHABLE'), String(call))
    await one.set(log, 'y', 60_000)
    t.equal(await one.get(log), 'y', 'set replaces whatever was there')
    t.equal((await one.touch(`${ticket}:none`, 1_000, [ticket])).gates[0], undefined)
  })

  t.test(`${name}: takes what is left of a life, and no nonsense`, async (t) => {
    const key = newKey()
    for (const rest of [0, -5, 0.3]) {
      await one.set(key, 'x', rest)
      await until(async () => (await one.get(key)) === undefined, 1_000)
    }
    for (const ttlMs of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      await t.rejects(one.set(key, 'x', ttlMs), RangeError)
  })

  t.test(`${name}: every verb is one trip, and every key has a life`, async (t) => {
    const before = one.trips
    await times(125, async (place) => {
      const key = () => `${newKey()}:${place}`
      await one.set(key(), 'x', 60_000)
      await one.increment(key(), 60_000)
      await one.compareAndSet(key(), undefined, 'x', 60_000)
      await one.claim(key(), 'x', 60_000)
      await one.pass(key(), 60_000, 5)
      await one.setTouched(key(), 'x', 60_000)
      const touched = key()
      await one.setTouched(touched, 'x', 60_000)
      await one.touch(touched, 60_000, [])
      const passed = key()
      await one.pass(passed, 60_000, 1)
      await one.pass(passed, 60_000, 1)
    })
    t.ok(Math.abs((await one.ping()) - Date.now()) < 1_000, 'tells the time')
    t.equal(one.trips - before, 125 * 10 + 1)
    if (!listLives) return
    const lives = await listLives()
    t.ok(lives.length >= 1_000, `${lives.length} keys`)
    t.strictSame(
      lives.filter((life) => life < 0 || life > 60_001),
      [],
    )
  })
}
