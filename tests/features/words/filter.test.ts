/** The word filter's pure parts: folding, places, matching, and what odd lists and texts do. */
import t from 'tap'
import { createFilter, createRandom } from './lists.ts'

const evasions: [why: string, word: string, text: string, hit: string][] = [
  ['full-width letters', 'ab', 'xＡＢy', 'ＡＢ'],
  ['a symbol between', '下滥', '真下③滥', ''],
  ['number styles', '下3滥', '真下③滥', '下③滥'],
  ['formal numbers', '三八', '叁8', '叁8'],
  ['digits of other scripts', '2046', '٢٠٤٦', '٢٠٤٦'],
  ['digits in black circles', '64', '❻➍', '❻➍'],
  ['full stops between', '麻痹', '你麻。。。痹吧', '麻。。。痹'],
  ['blanks between Han', '法轮', '法 \u3000\n轮', '法 \u3000\n轮'],
  ['a zero-width space', 'bad', 'ba\u200bd', 'ba\u200bd'],
  ['a combining mark', 'bad', 'ba\u0336\u0301d!', 'ba\u0336\u0301d'],
  ['a mark behind the last letter', 'bad', 'bad\u0336 x', 'bad\u0336'],
  ['a composed letter', 'fuck', 'FÚCK', 'FÚCK'],
  ['a ligature', 'office', 'my oﬃce', 'oﬃce'],
  ['the long s', 'ass', 'xaſſ', 'aſſ'],
  ['sharp s', 'strasse', 'STRAẞE', 'STRAẞE'],
  ['letters of mathematics', 'sex', 'a𝓼𝕖𝔁b', '𝓼𝕖𝔁'],
  ['emoji between', '麻痹', '😀麻😀👩‍👩‍👧痹😀', '麻😀👩‍👩‍👧痹'],
  ['half a surrogate pair', 'bad', 'b\ud83dad\ude00', 'b\ud83dad'],
  ['NUL', 'bad', 'b\0ad', 'b\0ad'],
  ['a soft hyphen and a variation selector', 'bad', 'b\u00ada\ufe0fd', 'b\u00ada\ufe0fd'],
  ['half-width Kana with its mark', 'バカ', 'ﾊﾞｶです', 'ﾊﾞｶ'],
  ['a Kana whose mark stands alone', 'バカ', 'ハ\u3099カ', 'ハ\u3099カ'],
  ['Hangul in Jamo', '바보', '\u1107\u1161보', '\u1107\u1161보'],
  ['a Hangul filler', '바보', '바\u3164보', '바\u3164보'],
  ['a blank in braille', 'bad', 'b\u2800ad', 'b\u2800ad'],
]

t.test('a word is found however it is written, at its place in the original', async (t) => {
  for (const [why, word, text, hit] of evasions) {
    const filter = createFilter({ deny: [word] })
    const { hits, isClean } = filter.check(text)
    t.same(
      hits.map(({ start, end }) => text.slice(start, end)),
      hit === '' ? [] : [hit],
      why,
    )
    t.equal(isClean, hit === '', why)
  }
})

const clean: [why: string, word: string, text: string][] = [
  ['blanks between Latin words stay', 'shit', 'has hit'],
  ['a blank beside Latin stays', '法a', '法 a'],
  ['the wildcard in a text stays', '法轮', '法&轮'],
  ['another Kana is another letter', 'ハカ', 'バカ'],
  ['a word of a part alone', '下&滥', '下'],
  ['the parts in another order', '下&滥', '滥下'],
  ['a gap that is too large', '下&滥', '下123456滥'],
]

t.test('what is no hit', async (t) => {
  for (const [why, word, text] of clean) {
    t.same(createFilter({ deny: [word] }).check(text), { isClean: true, text, hits: [] }, why)
  }
})

t.test('the parts of a word stand in order, with none to maxGap code points between them', async (t) => {
  const filter = createFilter({ deny: ['下&滥', 'a&a&a', 'x&y&z'] })
  for (const gap of ['', '1', '12345', '。。。。。。。1'])
    t.equal(filter.check(`下${gap}滥`).isClean, false, gap)
  t.equal(filter.check('下12345滥').text, '*******', 'the gap is covered too')
  t.equal(filter.check('aaa').text, '***')
  t.equal(filter.check('aa').isClean, true)
  // The nearest x is too near to what follows it, an older one is not.
  t.same(
    filter.check('x..12345y z').hits.map(({ word }) => word),
    ['x&y&z'],
  )
  t.equal(createFilter({ deny: ['下&滥'] }, { maxGap: 0 }).check('下1滥').isClean, true)
})

t.test('what is allowed is stronger than a denied word inside it', async (t) => {
  const filter = createFilter({ deny: ['口交', '交通费'], allow: ['路口交通'] })
  t.equal(filter.check('前方路口交通堵塞').isClean, true)
  t.same(
    filter.check('口交').hits.map(({ word }) => word),
    ['口交'],
  )
  t.same(
    filter.check('路口交通费').hits.map(({ word }) => word),
    ['交通费'],
    'not wholly inside',
  )
  t.equal(createFilter({ deny: ['ab'], allow: ['ab'] }).check('ab').isClean, true)
  t.equal(createFilter({ deny: ['a&b'], allow: ['a&b'] }).check('ab').isClean, true)
})

t.test('of overlapping hits the longest is reported', async (t) => {
  const filter = createFilter({ deny: ['ab', 'abc', 'bcde', 'c', 'de'] })
  t.same(filter.check('xabcdey').hits, [{ word: 'bcde', list: 'deny', start: 2, end: 6 }])
  t.equal(filter.check('xabcdey').text, 'xa****y')
  t.same(filter.check('abc abc').text, '*** ***')
  t.same(
    filter.check('ab de').hits.map(({ word }) => word),
    ['ab', 'de'],
  )
  const nested = createFilter({ deny: ['abcd', 'bc', 'abc', 'cd', 'bcd'] })
  t.same(
    nested.check('abcd').hits.map(({ word }) => word),
    ['abcd'],
  )
  t.same(
    nested.check('zbcd').hits.map(({ word }) => word),
    ['bcd'],
  )
})

t.test('the mask covers each code point once', async (t) => {
  const filter = createFilter({ deny: ['sex', 'office'] }, { mask: '◯' })
  t.equal(filter.check('a𝓼𝕖𝔁b oﬃce').text, 'a◯◯◯b ◯◯◯◯')
})

t.test('words that cannot be listed are refused, and the others work', async (t) => {
  const odd = [
    '',
    ' ',
    '&',
    '★',
    '★中',
    '中&',
    5,
    null,
    ['x'],
    'x'.repeat(65),
    'y'.repeat(100_000),
    'b\0ad',
    '好&坏',
  ]
  const { facts, check } = createFilter({ deny: odd, allow: ['&&'] })
  t.equal(facts.words.deny, 2)
  t.same(
    facts.refused.map(({ reason }) => reason),
    [
      'empty',
      'empty',
      'empty',
      'empty',
      'single',
      'single',
      'not a text',
      'not a text',
      'not a text',
      'too long',
      'too long',
      'empty',
    ],
  )
  t.equal(check('中').isClean, true)
  t.equal(check('bad').isClean, false)
})

t.test('a word of a single character that was listed as such counts', async (t) => {
  t.equal(createFilter({ deny: ['屌'] }).check('他屌').text, '他*')
})

t.test('exact is for whole words and names, reserved for names; both by their looks', async (t) => {
  const filter = createFilter({ exact: ['ass', 'two words'], reserved: ['root'] })
  const all = ['deny', 'exact', 'reserved'] as const
  t.same(filter.check('you ass!').hits, [{ word: 'ass', list: 'exact', start: 4, end: 7 }])
  t.equal(filter.check('class').isClean, true)
  t.equal(filter.check(' Two Words').isClean, false)
  t.equal(filter.check('two words more').isClean, true)
  t.equal(filter.check('r0ot').isClean, true, 'a text may have it')
  t.same(filter.check('r0ot', all).hits, [{ word: 'root', list: 'reserved', start: 0, end: 4 }])
  t.equal(filter.check('roots', all).isClean, true)
})

t.test('a word of 64 parts, and texts that nearly match it all the time', async (t) => {
  const filter = createFilter({ deny: [Array.from('a'.repeat(64)).join('&'), `${'b&'.repeat(63)}c`] })
  t.equal(filter.check('a'.repeat(63)).isClean, true)
  t.equal(filter.check('a'.repeat(64)).text, '*'.repeat(64))
  const { hits } = filter.check('b'.repeat(16_384))
  t.equal(hits.length, 0)
})

t.test('64 KB of anything are checked', async (t) => {
  const filter = createFilter({ deny: ['ab', 'aab', 'バカ', 'x&y'], exact: ['zz'] })
  for (const unit of [
    'a',
    'ab',
    '\u0344',
    'か\u3099',
    'e\u0301',
    '\ufdfa',
    '\ud83d',
    '😀',
    'x1',
    ' ',
    '\u1100\u1161',
  ]) {
    const text = unit.repeat(65_536 / unit.length)
    const { text: masked } = filter.check(text)
    t.equal(Array.from(masked).length, Array.from(text).length, `${unit} keeps its length`)
  }
})

t.test('no mark and no number of blanks costs more than the letters they stand at', async (t) => {
  const filter = createFilter({ deny: ['ab'] })
  t.equal(filter.check(`a${'\u0323\u0344'.repeat(20_000)}b`).hits.length, 1)
  t.equal(filter.check(`か${'\u3099'.repeat(20_000)}`).isClean, true)
})

t.test('settings: symbols that are dropped, numbers, marks, Chinese', async (t) => {
  t.equal(createFilter({ deny: ['ab'] }, { ignored: '-_' }).check('a.b').isClean, true)
  t.equal(createFilter({ deny: ['ab'] }, { ignored: '-_' }).check('a-_b').isClean, false)
  t.equal(createFilter({ deny: ['三八'] }, { foldNumbers: false }).check('38').isClean, true)
  t.equal(createFilter({ deny: ['lon'] }, { foldMarks: false }).check('lồn').isClean, true)
  t.equal(createFilter({ deny: ['lồn'] }, { foldMarks: false }).check('lo\u0302\u0300n').isClean, false)
  const toSimplified = (text: string) => text.replaceAll('門', '门')
  t.equal(createFilter({ deny: ['开门'] }, { toSimplified }).check('开門').isClean, false)
  t.equal(createFilter({ deny: ['开门'] }).check('开門').isClean, true)
  t.equal(createFilter({ deny: ['a|b'] }, { wildcard: '|' }).check('a-b&').text, '***&')
})

/** The rule once more, word by word and without an automaton. */
const findSlowly = (text: string, words: readonly string[], maxGap: number) =>
  words.some((word) => {
    const parts = word.split('&')
    const reach = (at: number, start: number): boolean => {
      const part = parts[at]
      if (part === undefined) return true
      const last = at === 0 ? text.length : start + maxGap
      for (let from = start; from <= last; from++) {
        if (text.startsWith(part, from) && reach(at + 1, from + part.length)) return true
      }
      return false
    }
    return reach(0, 0)
  })

t.test('random lists and texts give the same result as the rule itself', async (t) => {
  const random = createRandom(11)
  const pick = (letters: string, length: number) =>
    Array.from({ length }, () => letters[Math.floor(random() * letters.length)]).join('')
  let found = 0
  for (let round = 0; round < 2_000; round++) {
    const words = Array.from({ length: 6 }, () => pick('abcd&', 2 + Math.floor(random() * 5)))
      .map((word) => word.replace(/&+/g, '&').replace(/^&|&$/g, ''))
      .filter((word) => word.length > 1)
    const text = pick('abcde', 20)
    const maxGap = Math.floor(random() * 4)
    const { isClean, hits, text: masked } = createFilter({ deny: words }, { maxGap }).check(text)
    if (findSlowly(text, words, maxGap) === isClean) t.fail(`${words.join(' ')} in ${text}, gap ${maxGap}`)
    if (!isClean) found++
    for (const { word, start, end } of hits) {
      if (!findSlowly(text.slice(start, end), [word], maxGap)) t.fail(`${word} is not at ${start} of ${text}`)
    }
    if (masked.length !== text.length) t.fail('another length')
  }
  t.ok(found > 200 && found < 1_900, `hits and clean texts: ${found}`)
})
