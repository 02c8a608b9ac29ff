/** What a process remembers of passes is bounded in bytes, however many addresses they come from. */
import t from 'tap'
import { createPassBook } from '../../src/adapters/store/pass-book.ts'

const collect = globalThis.gc
const heapBytes = () => {
  collect?.()
  return process.memoryUsage().heapUsed
}

t.test('500,000 passes of as many addresses', async (t) => {
  const book = createPassBook()
  const before = heapBytes()
  for (let at = 0; at < 500_000; at++)
    book.record(`limit:{2001:db8:${at % 65_536}::/48}:login:2001:db8:${at}::/64`, 60_000, at)
  const known = book.list()
  t.ok(known.length > 30_000 && known.length <= 41_000, `${known.length} addresses are remembered`)
  t.equal(known.at(-1)?.times[0], 499_999, 'the latest')
  const megabytes = (heapBytes() - before) / 1e6
  t.comment(`${Math.round(megabytes)} MB${collect ? '' : ', uncollected'}`)
  if (collect) t.ok(megabytes < 64)
})

t.test('the passes of one address', async (t) => {
  const book = createPassBook()
  for (let at = 0; at < 500_000; at++) book.record('limit:login:a', 60_000, at)
  t.equal(book.list()[0]?.times.length, 10_000, 'as many as a limit needs')
})
