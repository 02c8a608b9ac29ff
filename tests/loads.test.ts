/** What may be read from a replica, and when it is read again. */
import t from 'tap'
import { createLoads } from '../src/features/apps/loads.ts'
import { createTestClock } from './harness/test-server.ts'

const open = (lagMs = 1_000) => {
  const clock = createTestClock()
  const reads: string[] = []
  const kept: string[] = []
  const waiting: (() => void)[] = []
  const loads = createLoads<string>({
    ...{ clock, lagMs, most: 3 },
    read: (id, isRecent) => {
      const row = `${id} of the ${isRecent ? 'primary' : 'replica'}`
      reads.push(row)
      return new Promise((resolve) => waiting.push(() => resolve(row)))
    },
    keep: (_, row) => kept.push(row ?? ''),
  })
  const answer = async () => {
    for (const resolve of waiting.splice(0)) resolve()
    await new Promise(setImmediate)
  }
  const load = async (id: string) => {
    const row = loads.load(id)
    await answer()
    return row
  }
  return { ...loads, clock, reads, kept, load, begin: loads.load, answer }
}

t.test('what changed is read from the primary until replicas have it', async (t) => {
  const { load, noteChange, noteAny, clock } = open()
  t.equal(await load('a'), 'a of the replica')
  noteChange('a')
  clock.add(999)
  t.equal(await load('a'), 'a of the primary')
  t.equal(await load('b'), 'b of the replica')
  noteChange('b')
  clock.add(1)
  t.equal(await load('a'), 'a of the replica')
  noteChange('a')
  clock.add(998)
  for (const id of ['a', 'b']) t.equal(await load(id), `${id} of the primary`)
  clock.add(2)
  for (const id of ['a', 'b']) t.equal(await load(id), `${id} of the replica`)
  noteAny()
  clock.add(999)
  t.equal(await load('c'), 'c of the primary', 'any may have changed')
  clock.add(1)
  t.equal(await load('c'), 'c of the replica')
})

t.test('more changes than are remembered may be of any', async (t) => {
  const { load, noteChange, clock } = open()
  for (const id of ['a', 'b', 'c', 'c']) noteChange(id)
  t.equal(await load('other'), 'other of the replica')
  noteChange('d')
  for (const id of ['a', 'd', 'other']) t.equal(await load(id), `${id} of the primary`)
  clock.add(1_000)
  for (const id of ['a', 'd', 'other']) t.equal(await load(id), `${id} of the replica`)
})

t.test('what changes while it is read is read again, also where no lag is allowed for', async (t) => {
  for (const lagMs of [0, 1_000]) {
    const { begin, answer, noteChange, noteAny, reads, kept } = open(lagMs)
    for (const change of [() => noteChange('a'), noteAny]) {
      const both = [begin('a'), begin('a')]
      t.equal(reads.splice(0).length, 1, 'two that want it ask once')
      change()
      await answer()
      const again = `a of the ${lagMs ? 'primary' : 'replica'}`
      t.same(reads.splice(0), [again])
      t.same(kept, [], 'what it was is not kept')
      await answer()
      t.same(await Promise.all(both), [again, again])
      t.same(kept.splice(0), [again])
      reads.splice(0)
    }
  }
})

t.test('a load that fails is over', async (t) => {
  let fails = true
  const read = async () => {
    if (fails) throw new Error('away')
    return 'row'
  }
  const { load } = createLoads({ clock: createTestClock(), lagMs: 0, most: 1, read, keep: () => {} })
  await t.rejects(load('a'), { message: 'away' })
  fails = false
  t.equal(await load('a'), 'row')
})
