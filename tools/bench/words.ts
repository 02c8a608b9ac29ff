/**
 * The word filter beside a loop of regular expressions over the same list, in CPU time: `node dist/tools/bench/words.js`.
 * It needs no server, so it is not a row of `npm run bench`.
 */
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

const leastMs = 800

/** Calls in a second of CPU time. */
const rateOf = (texts: readonly string[], call: (text: string) => unknown) => {
  for (const text of texts) call(text)
  const started = cpuMs()
  let calls = 0
  do {
    for (const text of texts) call(text)
    calls += texts.length
  } while (cpuMs() - started < leastMs)
  return (calls / (cpuMs() - started)) * 1_000
}

const build = (deny: readonly string[]): { filter: Filter; buildMs: number } => {
  const started = cpuMs()
  const work = compileFilter({ deny, allow: [], exact: [], reserved: [] }, options)
  for (;;) {
    const step = work.next()
    if (step.done) return { filter: step.value, buildMs: cpuMs() - started }
  }
}

for (const count of [20_000, 100_000]) {
  const words = Array.from({ length: count }, () => makeRun(2, 4, 5))
  const { filter, buildMs } = build(words)
  const megabytes = (filter.facts.bytes / 1e6).toFixed(1)
  console.log(`${count} words: built in ${buildMs.toFixed(0)} ms, automaton ${megabytes} MB`)
  const loop = words.map((word) => new RegExp(word, 'u'))
  for (const [length, texts] of [
    [20, 2_000],
    [2_000, 300],
  ] as const) {
    const some = Array.from({ length: texts }, () => makeText(length))
    const rate = rateOf(some, (text) => filter.check(text))
    const slow = rateOf(some.slice(0, 2), (text) => loop.filter((pattern) => pattern.test(text)))
    console.log(
      `  texts of ${length}: ${Math.round(rate)}/s, the loop ${slow.toFixed(1)}/s: ${Math.round(rate / slow)} times`,
    )
  }
}
