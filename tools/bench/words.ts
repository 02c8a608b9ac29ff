/** The word filter beside a loop of regular expressions over the same list, in CPU time. It needs no server. */
import { compileFilter, type Filter } from '../../src/features/words/filter.ts'

const options = {
  wildcard: '&',
  ignored: '',
  foldNumbers: true,
  foldMarks: true,
  mask: '*',
  maxGap: 5,
  skeletonOf: (text: string) => text,
}

const below = (count: number) => Math.floor(Math.random() * count)
const han = () => String.fromCodePoint(0x4e00 + Math.floor(Math.random() ** 2 * 6_000))
const latin = () => String.fromCharCode(97 + below(26))
/** Sixty of a hundred are Chinese. */
const makeRun = (chinese: number, other: number, more: number) =>
  Math.random() < 0.6
    ? Array.from({ length: chinese + below(more) }, han).join('')
    : Array.from({ length: other + below(more) }, latin).join('')

const makeText = (length: number) => {
  let text = ''
  while (text.length < length) text += `${makeRun(2, 2, 8)}${Math.random() < 0.3 ? ' ' : ''}`
  return text.slice(0, length)
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

/** Calls in a second of CPU time. */
const rateOf = (texts: readonly string[], leastMs: number, call: (text: string) => unknown) => {
  for (const text of texts) call(text)
  const started = cpuMs()
  let calls = 0
  do {
    for (const text of texts) call(text)
    calls += texts.length
  } while (cpuMs() - started < leastMs)
  return (calls / (cpuMs() - started)) * 1_000
}

const build = (deny: readonly string[]): { filter: Filter; buildMs: number; sliceMs: number } => {
  const started = cpuMs()
  const work = compileFilter({ deny, allow: [], exact: [], reserved: [] }, options)
  let sliceMs = 0
  for (let since = started; ; ) {
    const step = work.next()
    sliceMs = Math.max(sliceMs, cpuMs() - since)
    since = cpuMs()
    if (step.done) return { filter: step.value, buildMs: since - started, sliceMs }
  }
}

const escapeWord = (word: string) => word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

export type WordFigures = {
  words: number
  buildMs: number
  /** The longest piece of work between two turns of others. */
  sliceMs: number
  megabytes: number
  texts: { length: number; perSecond: number; loopPerSecond: number }[]
}

/** The filter beside one regular expression for each word, over the same texts. */
export const measureWords = (leastMs: number): WordFigures[] =>
  [20_000, 100_000].map((count) => {
    const words = Array.from({ length: count }, () => makeRun(2, 4, 5))
    const { filter, buildMs, sliceMs } = build(words)
    const loop = words.map((word) => new RegExp(escapeWord(word), 'u'))
    const texts = [20, 2_000].map((length) => {
      const some = Array.from({ length: 400_000 / (length + 200) }, () => makeText(length))
      const perSecond = rateOf(some, leastMs, (text) => filter.check(text))
      const runLoop = (text: string) => loop.filter((pattern) => pattern.test(text))
      return { length, perSecond, loopPerSecond: rateOf(some.slice(0, 2), leastMs, runLoop) }
    })
    return { words: count, buildMs, sliceMs, megabytes: filter.facts.bytes / 1e6, texts }
  })
