/** The queue before slots and connections, on a clock that the test moves. */
import t from 'tap'
import { createMean, createQueue, createSlots } from '../../src/protocol/queue.ts'

const refused = { message: /^since \d+$/ }

const open = (limits: { slots?: number; longest?: number; maxWaitMs?: number } = {}) => {
  const clock = { ms: 0 }
  const needs = {
    elapsedMs: () => clock.ms,
    longest: limits.longest ?? 10,
    maxWaitMs: limits.maxWaitMs ?? 100,
    dropAfterMs: 300,
    createRefusal: ({ sinceMs }: { sinceMs: number }) => new Error(`since ${sinceMs}`),
  }
  return { clock, queue: createQueue(needs), slots: createSlots({ ...needs, slots: limits.slots ?? 1 }) }
}

t.test('serves calls in the order in which they came', async (t) => {
  const { slots } = open({ slots: 2 })
  const order: number[] = []
  const calls = [1, 2, 3, 4, 5].map((call) => slots.enter().then(() => order.push(call)))
  await Promise.all(calls.slice(0, 2))
  t.same(slots.facts(), { running: 2, waiting: 3 })
  for (let left = 3; left > 0; left--) slots.leave()
  await Promise.all(calls)
  t.same(order, [1, 2, 3, 4, 5])
  t.same(slots.facts(), { running: 2, waiting: 0 })
})

t.test('refuses at once what finds the queue full, and says since when it has not been empty', async (t) => {
  const { clock, slots } = open({ longest: 1, maxWaitMs: Number.POSITIVE_INFINITY })
  await slots.enter()
  clock.ms = 7
  const waiting = slots.enter()
  clock.ms = 9
  await t.rejects(slots.enter(), { message: 'since 7' })
  t.throws(slots.check, refused)
  slots.leave()
  await waiting
  slots.leave()
  t.doesNotThrow(slots.check, 'a free slot refuses no call')
})

t.test('refuses at once what would wait too long, and forgets an old estimate', async (t) => {
  const { clock, slots } = open()
  const passOne = async (ms: number) => {
    const next = slots.enter()
    clock.ms += ms
    slots.leave()
    await next
  }
  await slots.enter()
  for (let call = 0; call < 20; call++) await passOne(80)
  const second = slots.enter()
  await t.rejects(slots.enter(), refused, 'two places take 160 ms')
  slots.leave()
  await second
  clock.ms += 10_001
  const calls = [slots.enter(), slots.enter(), slots.enter()]
  t.equal(slots.facts().waiting, 3, 'after a quiet time a burst may wait')
  for (const call of calls) {
    slots.leave()
    await call
  }
})

t.test('drops what has waited too long by itself', async (t) => {
  const needs = {
    elapsedMs: () => performance.now(),
    longest: 10,
    maxWaitMs: 1_000,
    dropAfterMs: 20,
    createRefusal: () => new Error('since 0'),
  }
  const queue = createQueue(needs)
  await t.rejects(
    queue.enter(() => undefined),
    refused,
  )
  t.equal(queue.length, 0)
})

t.test('a call that cannot be served yet holds up only those with the same needs', async (t) => {
  const { queue } = open()
  const free = new Set<string>()
  const take = (name: string) => () => (free.delete(name) ? name : undefined)
  const served: string[] = []
  for (const name of ['a', 'a', 'b']) void queue.enter(take(name), name).then((got) => served.push(got))
  await Promise.resolve()
  free.add('b')
  queue.move()
  free.add('a')
  queue.move()
  await new Promise<void>((resolve) => setImmediate(resolve))
  t.same(served, ['b', 'a'])
  t.equal(queue.length, 1)
  free.add('a')
  queue.move()
})

t.test('a call whose turn fails is told why, and the others go on', async (t) => {
  const { queue } = open()
  let isBroken = false
  const failing = queue.enter(() => {
    if (isBroken) throw new RangeError('closed')
    return undefined
  })
  isBroken = true
  queue.move()
  await t.rejects(failing, { name: 'RangeError' })
  t.equal(queue.length, 0)
})

t.test('a mean follows what it learns, and knows the spread', async (t) => {
  const mean = createMean(undefined)
  t.equal(mean.mean(5), 5, 'the first guess')
  for (let count = 0; count < 100; count++) mean.learn(50)
  t.ok(Math.abs(mean.mean(5) - 50) < 0.01)
  t.ok(mean.spread() < 0.01)
})
