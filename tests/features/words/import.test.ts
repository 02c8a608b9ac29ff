/** Reading of line by line lists: encodings, notes, doubles, and what can't be listed. */
import t from 'tap'
import { createFolding } from '../../../src/features/words/fold.ts'
import {
  decodeList,
  type ImportedList,
  readList,
  type Skipped,
} from '../../../src/features/words/import-list.ts'
import { createReadWord } from '../../../src/features/words/read-word.ts'
import { options } from './lists.ts'

const readWord = createReadWord(createFolding(options), options.wildcard)

const read = (text: string, more: { existing?: unknown[]; cut?: string } = {}) => {
  const skipped: Skipped[] = []
  const work = readList(text, { readWord, cut: '|', tellSkipped: (row) => skipped.push(row), ...more })
  for (;;) {
    const step = work.next()
    if (step.done) return { ...(step.value as ImportedList), skipped }
  }
}

const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')

t.test('encodings', async (t) => {
  const text = '敏感\r\nbad|2019\n'
  // 敏感 in GB18030.
  const gb18030 = Buffer.concat([Buffer.from([0xc3, 0xf4, 0xb8, 0xd0]), Buffer.from('\r\nbad|2019\n')])
  const rows = [
    ['UTF-8', Buffer.from(text)],
    ['UTF-8', Buffer.from(`\ufeff${text}`)],
    ['UTF-16', utf16(text)],
    ['UTF-16', utf16(text).swap16()],
    ['GB18030', gb18030],
  ] as const
  for (const [encoding, bytes] of rows) {
    const decoded = decodeList(bytes)
    t.equal(decoded.encoding, encoding)
    t.same(read(decoded.text).words, ['敏感', 'bad'], encoding)
  }
  t.throws(() => decodeList(Buffer.from([0xff, 0xff, 0x00])), { message: /neither UTF-8/ })
})

t.test('notes are cut; duplicates and words that cannot be listed are counted and reported', async (t) => {
  const lines = [
    '下&滥|why',
    'ＢＡＤ',
    'bad',
    ' b.a.d ',
    '',
    '★',
    '★中',
    '&&',
    'x'.repeat(65),
    'b\0ad',
    '|note',
    '好',
  ]
  const { words, summary, skipped } = read(lines.join('\r\n'))
  t.same(words, ['下&滥', 'ＢＡＤ', '好'])
  t.same(summary, { read: 12, kept: 3, doubled: 3, empty: 4, tooLong: 1, single: 1 })
  t.same(
    skipped.map(({ line, reason }) => [line, reason]),
    [
      [3, 'doubled'],
      [4, 'doubled'],
      [5, 'empty'],
      [6, 'empty'],
      [7, 'single'],
      [8, 'empty'],
      [9, 'too long'],
      [10, 'doubled'],
      [11, 'empty'],
    ],
  )
  t.same(read('a|b\nc', { cut: '' }).words, ['a|b', 'c'])
  t.same(read('bad\nnew', { existing: ['bad', 5, 'old', 'OLD'] }).words, ['bad', 'old', 'new'])
})

t.test('a line of a megabyte, a million empty lines, no last line break, old line breaks', async (t) => {
  t.same(read(`${'x'.repeat(1_000_000)}\nbad`).words, ['bad'])
  t.same(read(`${'\n'.repeat(1_000_000)}bad`).summary.read, 1_000_001)
  t.same(read('one\rtwo').words, ['one', 'two'])
  t.same(read('').words, [])
})

t.test('two million lines are read, a slice at a time', async (t) => {
  const text = Array.from({ length: 2_000_000 }, (_, at) => `w${at % 1_000}x`).join('\n')
  const work = readList(text, { readWord, cut: '|' })
  let slices = 0
  for (;;) {
    const step = work.next()
    if (step.done) {
      t.same(step.value.summary, {
        read: 2_000_000,
        kept: 1_000,
        doubled: 1_999_000,
        empty: 0,
        tooLong: 0,
        single: 0,
      })
      break
    }
    slices++
  }
  t.ok(slices > 100)
})
