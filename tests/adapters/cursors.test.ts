/** Where a list goes on: for the caller and the list that the cursor was made for, and for no other. */
import { randomBytes } from 'node:crypto'
import t, { type Test } from 'tap'
import { createSealer } from '../../src/adapters/crypto.ts'
import { type Cursors, createCursors } from '../../src/adapters/cursors.ts'
import { systemRandom } from '../../src/adapters/random.ts'
import { toBase64url, utf8 } from '../../src/protocol/bytes.ts'
import { Failure } from '../../src/protocol/errors.ts'
import { longestCursor } from '../../src/protocol/lists.ts'

const k1 = randomBytes(32)
const k2 = randomBytes(32)
const ring = (current: string, keys: Record<string, Buffer>) => createSealer({ current, keys }, systemRandom)
const before = createCursors(ring('k1', { k1 }))

const readFails = (
  t: Test,
  cursors: Cursors,
  [place, userId, text]: [string, number, string],
  message = '',
) => {
  const error = t.throws(() => cursors.read(place, userId, text), Failure, message)
  if (error instanceof Failure)
    t.same([error.entry.name, error.options.info], ['PARAMETER_INVALID', 'cursor'])
}

t.test('brings back its position, and the beginning where there is none', async (t) => {
  for (const position of [[1_700_000_000_000, 42], ['王 % _', 7], { after: '' }, 0, null])
    t.same(before.read('list fans', 7, before.write('list fans', 7, position)), position)
  t.equal(before.read('list fans', 7, undefined), undefined)
})

t.test('shows nothing of its position, and is another each time', async (t) => {
  const [one, two] = [before.write('fans', 7, 'zebra'), before.write('fans', 7, 'zebra')]
  t.not(one, two)
  t.match(one, /^[A-Za-z0-9_-]+$/)
  t.notOk(Buffer.from(one, 'base64url').includes('zebra'))
})

t.test('refuses the cursor of another user or another list', async (t) => {
  const text = before.write('fans', 7, 1)
  readFails(t, before, ['fans', 8, text])
  readFails(t, before, ['following', 7, text])
  readFails(t, before, ['7 fans', 7, before.write('fans', 77, 1)])
  // What the sealer has sealed for other places of the server is no cursor either.
  const sealer = ring('k1', { k1 })
  readFails(t, before, ['fans', 7, toBase64url(sealer.seal('password reset', utf8('1')))])
})

t.test('refuses what was altered, cut or made up', async (t) => {
  const text = before.write('fans', 7, [1, 2])
  const bytes = Buffer.from(text, 'base64url')
  for (const at of bytes.keys()) {
    const altered = Buffer.from(bytes)
    altered[at] = (altered[at] ?? 0) ^ 1
    readFails(t, before, ['fans', 7, altered.toString('base64url')], `byte ${at}`)
  }
  for (const made of [
    '',
    'AAAA',
    '-1',
    '1000000000',
    text.slice(0, -1),
    `${text}A`,
    `${text}=`,
    ` ${text}`,
    '\0',
    '王',
  ])
    readFails(t, before, ['fans', 7, made], JSON.stringify(made))
})

t.test('refuses a long text before it is decoded', async (t) => {
  const most = before.write('fans', 7, 'x'.repeat(300))
  t.ok(most.length <= longestCursor, `${most.length} characters`)
  t.same(before.read('fans', 7, most), 'x'.repeat(300))
  const longer = before.write('fans', 7, 'x'.repeat(400))
  readFails(t, before, ['fans', 7, longer])
  readFails(t, before, ['fans', 7, 'A'.repeat(1_000_000)])
})

t.test('outlives a rotation of the key ring, until its key is retired', async (t) => {
  const text = before.write('fans', 7, [1])
  const rotated = createCursors(ring('k2', { k1, k2 }))
  t.same(rotated.read('fans', 7, text), [1])
  // The other processes still use the older key, and know the newer.
  t.same(createCursors(ring('k1', { k1, k2 })).read('fans', 7, rotated.write('fans', 7, [2])), [2])
  const retired = createCursors(ring('k2', { k2 }))
  readFails(t, retired, ['fans', 7, text])
})
