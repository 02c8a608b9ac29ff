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
export type FilesResult = { passed: number; failures: string[] }

type Outcome = { passed: number; failures: string[]; remarks: string[]; said: string; seconds: number }
type Point = {
  name: string
  file?: string
  skip?: boolean | string
  todo?: boolean | string
  details: { type?: string; error?: Error; duration_ms: number }
}

/** A file that still runs after this time blocks its own event loop: tap ends every other one much earlier. */
const hardLimitMs = 15 * 60_000
const files = process.argv.slice(2)
const outcomes = new Map(files.map((file) => [nameOf(file), createOutcome()]))
/** Skipped tests and those put off. tap names no file for them. */
const putOff: string[] = []
/** Node reports the files in their order, each as a whole. */
let current = ''

/** `adapters/store` of tests/adapters/store.test.ts, or of the file compiled from it. */
function nameOf(file: string): string {
  return file.replace(/^.*?\/(dist\/)?tests\//, '').replace(/\.test\.[jt]s$/, '')
}

function createOutcome(): Outcome {
  return { passed: 0, failures: [], remarks: [], said: '', seconds: 0 }
}

function outcomeOf(name: string): Outcome {
  const outcome = outcomes.get(name) ?? createOutcome()
  outcomes.set(name, outcome)
  return outcome
}

function enter(file: string): Outcome {
  const name = nameOf(file)
  if (name !== current && current !== '') print(current)
  current = name
  return outcomeOf(name)
}

function print(name: string): void {
  const { passed, failures, remarks, seconds } = outcomeOf(name)
  const counts = failures.length > 0 ? `${passed} passed, ${failures.length} failed` : `${passed} passed`
  console.log(`${failures.length > 0 ? 'FAILED' : 'ok    '}  ${name}  ${counts} (${seconds.toFixed(1)} s)`)
  for (const remark of remarks) console.log(`        ${remark}`)
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

const isFile = (point: Point) => files.includes(point.name)

const tests = run({ files, concurrency: Math.max(2, availableParallelism() / 2), timeout: hardLimitMs })
  .on('test:pass', (point: Point) => {
    // A suite is the sum of its points, and a point that is put off says nothing about the code.
    if (isFile(point) || point.details.type === 'suite') return
    if (point.skip) putOff.push(`skipped: ${point.name}`)
    else if (point.todo) putOff.push(`put off: ${point.name}`)
    else enter(point.file ?? current).passed += 1
  })
  .on('test:fail', (point: Point) => {
    if (isFile(point)) outcomeOf(nameOf(point.name)).failures.push(describeEnd(point))
    else if (point.details.type !== 'suite') enter(point.file ?? current).failures.push(describe(point))
  })
  .on('test:complete', (point: Point) => {
    if (isFile(point)) outcomeOf(nameOf(point.name)).seconds = point.details.duration_ms / 1_000
  })
  .on('test:diagnostic', ({ file, message }) => {
    if (file !== undefined) enter(file).remarks.push(message)
  })
for (const channel of ['test:stdout', 'test:stderr'] as const)
  tests.on(channel, ({ file, message }) => {
    outcomeOf(nameOf(file ?? current)).said += message
  })
// The events come as the stream is read.
for await (const _ of tests);

if (current !== '') print(current)
for (const [name, outcome] of outcomes) {
  if (outcome.passed + outcome.failures.length > 0) continue
  outcome.failures.push('the file tests nothing, or ended before its first test')
  print(name)
}
const failures = [...outcomes].flatMap(([name, { failures, said }]) =>
  // What the file printed stands below its last failure.
  failures.map((failure, place) => `${name}: ${failure}${place === failures.length - 1 ? `\n${said}` : ''}`),
)
const passed = [...outcomes.values()].reduce((sum, outcome) => sum + outcome.passed, 0)
process.send?.({ passed, failures: [...failures, ...putOff] } satisfies FilesResult, () => process.exit())
