/**
 * Runs compiled test files by Node's own runner, which understands what tap prints, and tells the parent process how it
 * went. A process of its own, because it and everything that a test leaves behind are killed together at the end.
 *
 *     node dist/tools/test/files.js FILE [FILE…]
 */
import { availableParallelism } from 'node:os'
import { run } from 'node:test'
import { inspect, stripVTControlCharacters } from 'node:util'

/** The message to the parent. */
export type FilesResult = {
  passed: number
  failures: string[]
  /** Files that failed beside the others and passed alone. */
  unsteady: string[]
}

type Point = {
  name: string
  skip?: boolean | string
  todo?: boolean | string
  details: { type?: string; error?: Error; duration_ms: number }
}

/** A file that still runs after this time blocks its own event loop: tap ends every other one much earlier. */
const hardLimitMs = 15 * 60_000
const queue = process.argv.slice(2)
const result: FilesResult = { passed: 0, failures: [], unsteady: [] }
/** More failing files than this are no matter of a busy machine. */
const mostRepeated = 3

/** `adapters/store` of dist/tests/adapters/store.test.js. */
function nameOf(file: string): string {
  return file.replace(/^.*?\/dist\/tests\//, '').replace(/\.test\.js$/, '')
}

type Outcome = { file: string; passed: number; failures: string[] }

async function runFile(file: string): Promise<Outcome> {
  const started = performance.now()
  const failures: string[] = []
  const remarks: string[] = []
  let passed = 0
  let said = ''
  const tests = run({ files: [file], timeout: hardLimitMs })
    .on('test:pass', (point: Point) => {
      // A suite is the sum of its points, and a point that is put off says nothing about the code.
      if (point.name === file || point.details.type === 'suite') return
      if (point.skip) failures.push(`${point.name} (skipped)`)
      else if (point.todo) failures.push(`${point.name} (to do)`)
      else passed += 1
    })
    .on('test:fail', (point: Point) => {
      if (point.name === file) failures.push(describeEnd(point))
      else if (point.details.type !== 'suite') failures.push(describe(point))
    })
    .on('test:diagnostic', ({ file: place, message }) => {
      if (place !== undefined) remarks.push(message)
    })
  for (const channel of ['test:stdout', 'test:stderr'] as const)
    tests.on(channel, ({ message }) => {
      said += message
    })
  // The events come as the stream is read.
  for await (const _ of tests);

  if (passed + failures.length === 0) failures.push('the file tests nothing, or ended before its first test')
  const counts = failures.length > 0 ? `${passed} passed, ${failures.length} failed` : `${passed} passed`
  const seconds = ((performance.now() - started) / 1_000).toFixed(1)
  console.log(`${failures.length > 0 ? 'FAILED' : 'ok    '}  ${nameOf(file)}  ${counts} (${seconds} s)`)
  for (const remark of remarks) console.log(`        ${remark}`)
  // What the file printed stands below its last failure.
  if (failures.length > 0) failures.push(`${failures.pop()}\n${said}`.trimEnd())
  return { file, passed, failures: failures.map((failure) => `${nameOf(file)}: ${failure}`) }
}

function describe({ name, details: { error } }: Point): string {
  const cause = error?.cause ?? error
  const text = stripVTControlCharacters(typeof cause === 'string' ? cause : inspect(cause))
  return `${name}\n${text.replaceAll(/ +$/gm, '')}`
}

/** How a file ended that failed outside its tests. */
function describeEnd({ details: { error } }: Point): string {
  const { exitCode, signal } = (error ?? {}) as { exitCode?: number | null; signal?: string | null }
  if (signal) return `the file was ended by ${signal}`
  return exitCode ? `the file ended with code ${exitCode}` : String(error?.cause ?? error)
}

async function runQueue(): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) outcomes.push(await runFile(file))
  return outcomes
}

/** A file that failed runs once more with the machine to itself. Both outcomes are printed; the second one counts. */
async function repeatAlone(first: Outcome): Promise<Outcome> {
  console.log(`        again, alone: ${nameOf(first.file)}`)
  const second = await runFile(first.file)
  if (second.failures.length > 0) return second
  for (const failure of first.failures) console.log(`UNSTEADY  ${failure.replaceAll('\n', '\n        ')}`)
  result.unsteady.push(nameOf(first.file))
  return second
}

const jobs = Math.max(2, Math.floor(availableParallelism() / 2))
const outcomes = (await Promise.all(Array.from({ length: jobs }, runQueue))).flat()
const failing = outcomes.filter(({ failures }) => failures.length > 0)
const isRepeated = outcomes.length > 1 && failing.length <= mostRepeated
for (const first of outcomes) {
  const outcome = isRepeated && failing.includes(first) ? await repeatAlone(first) : first
  result.passed += outcome.passed
  result.failures.push(...outcome.failures)
}
process.send?.(result, () => process.exit())
