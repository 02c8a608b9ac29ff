/**
 * How fast it is beside a bare Fastify of the same run: `npm run bench`, or some rows: `npm run bench -- session`.
 * Starts what it needs on loopback, and stops exactly that.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { guard } from '../test/guard.ts'
import { type Cores, chooseCores, moveToCore } from './cores.ts'
import { measure, type Sample, summarise } from './measure.ts'
import { type Options, parseOptions, UsageError } from './options.ts'
import { startLoad } from './processes.ts'
import { drawMixed, drawPeer, drawRows, drawStarts, drawWords } from './report.ts'
import { type Measurement, selectMeasurements, wordsRow } from './rows.ts'
import { runSeeded } from './seed/run.ts'
import { raisedLimit } from './torii.ts'
import { measureWords } from './words.ts'
import { type Closing, startWorld, type World } from './world.ts'

const root = fileURLToPath(new URL('.', import.meta.resolve('#root/package.json')))
const here = dirname(fileURLToPath(import.meta.url))
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }

let endedBy: keyof typeof exitCodes | undefined
const checkRunning = () => {
  if (endedBy) throw new Error(`ended by ${endedBy}`)
}
const say = (line: string) => process.stderr.write(`${line}\n`)

/** So many rows are measured between two of bare Fastify. */
const rowsBesideBare = 4

const measureAll = async (
  {
    options,
    measurements,
    cores,
  }: { options: Options; measurements: Measurement[]; cores: Cores | undefined },
  world: World,
  closing: Closing,
): Promise<Sample[]> => {
  const load = startLoad(join(here, 'load.js'), cores?.load)
  closing.push(load.stop)
  const samples: Sample[] = []
  const [bareRow] = measurements
  // A shared machine is quicker at one moment than at the next: what a row is compared with is never long ago.
  const schedule = measurements.flatMap((one, place) =>
    bareRow && place > 0 && place % rowsBesideBare === 0 ? [bareRow, one] : [one],
  )
  for (let round = 1; round <= options.rounds; round++) {
    let bare: number | undefined
    for (const measurement of schedule) {
      checkRunning()
      const target = world.targets[measurement.target]
      if (!target || (measurement.target === 'peer' && !world.people.peer)) continue
      const streams = measurement.streams(world.people, options.connections)
      const measureMs = options.seconds * 1_000
      // Cold code is slow code, but it is cold only once.
      const warmMs = Math.min(measureMs, round === 1 ? 2_000 : 500)
      const job = { port: target.port, streams, warmMs, measureMs }
      const isBare = measurement.name === 'bare'
      const results = await measure(measurement, { target, load, job, bare: isBare ? undefined : bare })
      if (isBare) bare = results[0]?.perSecond
      samples.push(...results)
      for (const { line, perSecond, p99Ms, ratio, failed } of results) {
        const figures = `${Math.round(perSecond)}/s  ${ratio.toFixed(3)} × bare  p99 ${p99Ms.toFixed(2)} ms`
        say(`round ${round}  ${line.padEnd(24)} ${figures}${failed > 0 ? `  ${failed} FAILED` : ''}`)
      }
    }
  }
  return samples
}

const listNotes = (options: Options, cores: Cores | undefined, world: World, samples: readonly Sample[]) => {
  const loadCpu = Math.max(...samples.map((sample) => sample.loadCpu))
  return [
    `Node ${process.version}, ${cpus()[0]?.model.trim()}; ${options.rounds} rounds of ${options.seconds} s a row, ` +
      `${options.connections} connections with one request in flight each, every connection from an address of its own; ${options.users} users.`,
    cores
      ? `The server has core ${cores.server} with all its threads (the one that hashes passwords too); load generator, ` +
        `MariaDB, its replica and Redis share core ${cores.load}. The load generator used at most ${Math.round(loadCpu * 100)} % of it.`
      : 'Nothing is pinned: this machine has no taskset, or one core only.',
    `req/s, p50 and p99: medians of the rounds. × bare: median of the ratios to the last bare Fastify before the row, which is measured every ${rowsBesideBare} rows. ` +
      `RSS: the most that was seen; a server lives through all rows, so later ones carry what earlier ones left.`,
    `Limits are raised to ${raisedLimit} ([seconds, calls] from one address), not switched off; with 60 s in place of 1 a ` +
      `limit's log would hold a hundred times what it holds in service.`,
    `Servers run as shipped (metrics on, log level info, written to /dev/null), with longer time limits for ` +
      `store and database; trial mode lets JSON through without TLS. Every reply is checked; of the sealed ones every 32nd is opened.`,
    'CPU: share of one core; µs CPU: what the server spends on a request, all threads. store, db: trips for each request by the server’s own counters, background jobs included.',
    ...world.missing,
  ]
}

const writeResult = async (file: string, result: object) => {
  await mkdir(dirname(resolve(file)), { recursive: true })
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`)
  console.log(`\nAll figures: ${file}`)
}

const run = async (options: Options, folder: string, closing: Closing): Promise<number> => {
  const cores = chooseCores()
  if (options.seed) {
    const result = await runSeeded(
      { ...options, seed: options.seed, cores, folder, checkRunning, say },
      closing,
    )
    await writeResult(options.json, result)
    return result.lines.some(({ failed }) => failed > 0) ? 1 : 0
  }
  // Everything that is started from here on inherits it: databases and load.
  if (cores) moveToCore(cores.load)
  const words =
    options.rows.length === 0 || options.rows.includes(wordsRow) ? measureWords(options.seconds * 160) : []
  console.log(drawWords(words))
  const isWordsAlone = options.rows.length > 0 && options.rows.every((row) => row === wordsRow)
  if (isWordsAlone) return 0
  const measurements = selectMeasurements(options.rows)
  const plan = { options, measurements, cores, folder }
  const world = await startWorld({ ...plan, checkRunning }, closing)
  const samples = await measureAll(plan, world, closing)
  const lines = summarise(samples)
  const notes = listNotes(options, cores, world, samples)
  const tables = [drawRows(lines), drawMixed(lines), drawPeer(lines)].filter((text) => text !== '')
  console.log(`\n${tables.join('\n\n')}\n\nStart (memory after it): ${drawStarts(world.starts)}\n`)
  for (const note of notes) console.log(`- ${note}`)
  const bad = lines.filter(({ failed }) => failed > 0)
  for (const { id, failed, failures } of bad)
    console.log(`\nFAILED ${id}: ${failed} failed, such as: ${failures.join(' | ')}`)
  const result = { at: new Date().toISOString(), options, cores, starts: world.starts, notes, lines, words }
  await writeResult(options.json, result)
  return bad.length > 0 ? 1 : 0
}

const main = async (): Promise<number> => {
  const options = parseOptions(process.argv.slice(2), join(root, 'data', 'bench-result.json'))
  for (const name of Object.keys(exitCodes) as (keyof typeof exitCodes)[]) {
    process.on(name, () => {
      endedBy ??= name
    })
  }
  const folder = await mkdtemp(join(tmpdir(), 'torii-bench-'))
  const release = guard('sleep 3; rm -rf -- "$1"', folder)
  const closing: Closing = []
  try {
    return await run(options, folder, closing)
  } finally {
    for (const close of closing.reverse()) await close().catch((error: Error) => say(error.message))
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    release()
  }
}

main().then(
  (code) => process.exit(code),
  (error: Error) => {
    say(error instanceof UsageError || endedBy ? error.message : (error.stack ?? String(error)))
    process.exit(endedBy ? exitCodes[endedBy] : 1)
  },
)
