/** Writes wait for a slot, and a call that would wait too long is refused at once: on a simulated machine. */
import t, { type Test } from 'tap'
import { type Admission, createAdmission } from '../../src/http/admission.ts'
import { catalogue } from '../../src/protocol/errors.ts'

const limits = { maxWritesAtOnce: 16, writeWaitMs: 300 }

type Counts = { taken: number; refused: number; refusedLate: number; longestMs: number; mostRunning: number }

/** Ends one operation after another, each after `workMs()`, while `arrivals(ms)` come in each millisecond. */
const runMachine = async (
  { admission, clock }: { admission: Admission; clock: { ms: number } },
  { ms, arrivals, workMs }: { ms: number; arrivals(ms: number): number; workMs(ms: number): number },
): Promise<Counts> => {
  const counts = { taken: 0, refused: 0, refusedLate: 0, longestMs: 0, mostRunning: 0 }
  const running: { came: number }[] = []
  const end = clock.ms + ms
  let done = 0
  for (let now = clock.ms; now < end || running.length > 0; now++) {
    clock.ms = now
    for (let left = now < end ? arrivals(now) : 0; left > 0; left--) {
      const came = now
      admission.enter().then(
        () => running.push({ came }),
        () => {
          if (clock.ms === came) counts.refused++
          else counts.refusedLate++
        },
      )
    }
    await new Promise<void>((resolve) => setImmediate(resolve))
    counts.mostRunning = Math.max(counts.mostRunning, admission.facts().running)
    done += running.length > 0 ? 1 / workMs(now) : 0
    for (; done >= 1 && running.length > 0; done--) {
      const [first] = running.splice(0, 1)
      counts.taken++
      counts.longestMs = Math.max(counts.longestMs, now - (first?.came ?? now))
      admission.leave()
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }
  return counts
}

const open = () => {
  const clock = { ms: 0 }
  return { clock, admission: createAdmission({ ...limits, elapsedMs: () => clock.ms }) }
}
t.test('at four times its capacity the machine works on, and what it admits is served in time', async (t) => {
  // One in 4 ms, one comes each ms.
  const counts = await runMachine(open(), { ms: 10_000, arrivals: () => 1, workMs: () => 4 })
  t.ok(counts.taken >= 2_500, `${counts.taken} of 2,500 that it can do`)
  t.ok(counts.longestMs <= 500, `the longest took ${counts.longestMs} ms`)
  t.equal(counts.mostRunning, limits.maxWritesAtOnce)
  t.equal(counts.taken + counts.refused + counts.refusedLate, 10_000)
  t.equal(counts.refusedLate, 0, 'no call waits for a refusal')
})

t.test('a burst that is served in time is not refused', async (t) => {
  const counts = await runMachine(open(), {
    ms: 1_000,
    arrivals: (ms) => (ms % 500 === 0 ? 60 : 0),
    workMs: () => 4,
  })
  t.match(counts, { taken: 120, refused: 0, refusedLate: 0 })
})

t.test('a machine that becomes slower admits less, and more when it is quick again', async (t) => {
  const world = open()
  const workMs = (ms: number) => (ms < 5_000 ? 1 : ms < 10_000 ? 20 : 1)
  const arrivals = (ms: number) => (ms % 2 === 0 ? 1 : 0)
  const quick = await runMachine(world, { ms: 5_000, arrivals, workMs })
  t.match(quick, { taken: 2_500, refused: 0 })
  const slow = await runMachine(world, { ms: 5_000, arrivals, workMs })
  t.ok(slow.longestMs <= 3 * limits.writeWaitMs + 20 * limits.maxWritesAtOnce, `${slow.longestMs} ms`)
  t.ok(slow.taken >= 245, `${slow.taken} of 250 that it can do`)
  world.clock.ms = Math.max(world.clock.ms, 10_000)
  const again = await runMachine(world, { ms: 5_000, arrivals, workMs })
  t.ok(again.refused < 50, `${again.refused} refused until it is known`)
})

t.test('when no write ends, no call waits longer than three times the limit', async (t) => {
  const { clock, admission } = open()
  for (let count = 0; count < limits.maxWritesAtOnce; count++) await admission.enter()
  const late = t.rejects(admission.enter(), { name: 'Failure', entry: catalogue.OVERLOADED })
  clock.ms += 3 * limits.writeWaitMs
  admission.dropLate()
  t.equal(admission.facts().waiting, 1)
  clock.ms++
  admission.dropLate()
  await late
  t.same(admission.facts(), { running: limits.maxWritesAtOnce, waiting: 0 })
  const next = admission.enter()
  t.equal(
    admission.facts().waiting,
    1,
    'one call may always wait, or the queue would never learn that it moves again',
  )
  t.throws(admission.check, { name: 'Failure', entry: catalogue.OVERLOADED })
  await t.rejects(admission.enter(), { name: 'Failure' })
  admission.leave()
  await next
})

t.test('work that waits elsewhere takes no slot', async (t: Test) => {
  const { admission } = open()
  for (let count = 0; count < limits.maxWritesAtOnce; count++) await admission.enter()
  const { promise, resolve } = (() => {
    let resolve = () => {}
    const promise = new Promise<void>((done) => {
      resolve = done
    })
    return { promise, resolve }
  })()
  const next = admission.enter()
  const aside = admission.runWithoutSlot(() => promise)
  await next
  t.equal(admission.facts().running, limits.maxWritesAtOnce)
  resolve()
  await aside
  t.equal(admission.facts().running, limits.maxWritesAtOnce + 1, 'and goes on without waiting a second time')
  admission.leave()
  t.equal(admission.facts().running, limits.maxWritesAtOnce)
})
