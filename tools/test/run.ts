/**
 * Every check of the project: `npm test`, or only some test files: `npm test -- adapters/store tools/`. Where a file has
 * longer runs, `npm run test:long` makes them.
 * Brings up a MariaDB primary with its replica and a Redis of its own, and stops exactly these.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { guard } from './guard.ts'
import { type Server, startPrimaryAndReplica, startRedis } from './harness.ts'
import { installMissing } from './install.ts'
import { createReport } from './report.ts'
import { searchLogs } from './search-logs.ts'
import { runTapFile } from './tap-file.ts'

const root = dirname(fileURLToPath(import.meta.resolve('#root/package.json')))
const wanted = process.argv.slice(2)
const isLong = process.env.TORII_TEST_LONG === '1'
const embeddedOnly = process.env.TORII_TEST_EMBEDDED_ONLY === '1'
const jobs = Math.max(2, Math.floor(availableParallelism() / 2))
const timeoutSeconds = 60
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }

const report = createReport((line) => console.log(line))
const stop = new AbortController()
let exitCode: number | undefined

for (const [name, code] of Object.entries(exitCodes)) {
  process.on(name, () => {
    exitCode ??= code
    stop.abort(name)
  })
}
// Also when the reader of our output went away: the servers have to be stopped all the same.
process.on('uncaughtException', (error) => {
  if (stop.signal.aborted) return
  stop.abort('an error')
  report.stepFailed('the run itself', error.stack ?? error.message)
})

async function run(): Promise<void> {
  const files = await listTests()
  if (files.length === 0) report.stepFailed('tests', `no test file matches ${wanted.join(', ')}`)
  if (wanted.length === 0) {
    await runStep('types', ['node_modules/typescript/bin/tsc', '--noEmit'])
    await runStep('lint', ['node_modules/@biomejs/biome/bin/biome', 'check', '.'])
  }
  if (stop.signal.aborted || files.length === 0) return
  await withServers(async (servers) => {
    const long = isLong ? { TORII_TEST_LONG: '1' } : undefined
    const env = cleanEnvironment({
      TORII_TEST_SERVERS: JSON.stringify(servers),
      TAP_CWD: servers.folder,
      ...long,
    })
    const isFault = (name: string) => name.startsWith('faults/')
    const faults = files.filter(isFault)
    const others = files.filter((name) => !isFault(name))
    const work = async (_: unknown, place: number) => {
      // One after the other as long as there is anything else to do: faults are timed, and disturb each other most.
      const take = () =>
        place === 0 ? (faults.shift() ?? others.shift()) : (others.shift() ?? faults.shift())
      for (let file = take(); file !== undefined && !stop.signal.aborted; file = take()) {
        const path = join('dist', 'tests', `${file}.test.js`)
        const result = await runTapFile({ file: path, cwd: root, env, timeoutSeconds, signal: stop.signal })
        if (!stop.signal.aborted) report.file(file, result)
      }
    }
    await Promise.all(Array.from({ length: jobs }, work))
    if (!stop.signal.aborted) await judgeLogs(servers.folder)
  })
}

async function judgeLogs(folder: string): Promise<void> {
  const started = performance.now()
  const { found, planted, logs, lines } = await searchLogs(folder)
  if (planted === 0) return
  const what = `of ${planted} secrets none is in the ${lines} lines of ${logs} logs`
  if (found.length > 0) report.stepFailed(what, found.join('\n'))
  else report.stepPassed(what, (performance.now() - started) / 1_000)
}

/** Names like `adapters/store`, of dist/tests/adapters/store.test.js. */
async function listTests(): Promise<string[]> {
  const entries = await readdir(join(root, 'dist', 'tests'), { recursive: true })
  const words = wanted.map((word) =>
    word.replace(/^(\.\/)?(dist\/)?tests\//, '').replace(/\.test\.[jt]s$/, ''),
  )
  return entries
    .filter((path) => path.endsWith('.test.js') && !/^(qa|fixtures)\//.test(path))
    .map((path) => path.slice(0, -'.test.js'.length))
    .filter((name) => words.length === 0 || words.some((word) => name.includes(word)))
    .sort()
}

async function runStep(name: string, command: string[]): Promise<void> {
  if (stop.signal.aborted) return
  const started = performance.now()
  try {
    await promisify(execFile)(process.execPath, command, { cwd: root, signal: stop.signal, maxBuffer: 1e8 })
    report.stepPassed(name, (performance.now() - started) / 1_000)
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    if (!stop.signal.aborted) report.stepFailed(name, stdout + stderr || String(error))
  }
}

async function withServers(use: (servers: { folder: string }) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  const release = guard('sleep 3; rm -rf -- "$1"', folder)
  const running: Server[] = []
  try {
    const servers = embeddedOnly ? { folder } : await startServers(folder, running)
    if (servers !== undefined && !stop.signal.aborted) await use(servers)
  } finally {
    await Promise.allSettled(running.map((server) => server.stop()))
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    release()
  }
}

async function startServers(folder: string, running: Server[]) {
  const started = performance.now()
  const browser = (await listTests()).some((name) => /(^|\/)browser[^/]*$/.test(name))
  try {
    installMissing(['mariadb', 'redis', ...(browser ? (['chromium'] as const) : [])])
  } catch (error) {
    report.stepFailed('MariaDB and Redis', error instanceof Error ? error.message : String(error))
    return undefined
  }
  const { primary, replica } = await startPrimaryAndReplica({ folder })
  running.push(primary, replica)
  const redis = await startRedis({ folder })
  running.push(redis)
  report.stepPassed('MariaDB primary, its replica and Redis are up', (performance.now() - started) / 1_000)
  const login = ({ host, port, user, password }: typeof primary) => ({ host, port, user, password })
  const { host, port, url } = redis
  return { folder, primary: login(primary), replica: login(replica), redis: { host, port, url } }
}

/** Settings of the person who runs the tests are not for the servers under test. */
function cleanEnvironment(more: Record<string, string>): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(TORII_|TAP)/.test(name))
  return { ...Object.fromEntries(kept), ...more }
}

try {
  await run()
} catch (error) {
  report.stepFailed('the run itself', error instanceof Error ? (error.stack ?? error.message) : String(error))
}
const remarks = [
  ...(stop.signal.aborted ? [`ended by ${stop.signal.reason}`] : []),
  ...(embeddedOnly ? ['embedded only: MariaDB and Redis were not tested'] : []),
]
const failed = report.end(remarks.join('; '))
process.exit(exitCode ?? (failed > 0 ? 1 : 0))
