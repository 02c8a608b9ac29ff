/**
 * The tests: `npm test` what a newcomer runs, `npm run test:all` everything, `npm test -- config adapters/store` some
 * files. Starts a MariaDB primary with its replica and a Redis of its own, and stops exactly these.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { FilesResult } from './files.ts'
import { guard, guardGroup } from './guard.ts'
import { type Server, startPrimaryAndReplica, startRedis, withoutSync } from './harness.ts'
import { installMissing, needsOf } from './install.ts'
import { createMemoryFolder } from './memory-folder.ts'
import { searchLogs } from './search-logs.ts'
import { selectTests } from './select.ts'

const root = dirname(fileURLToPath(import.meta.resolve('#root/package.json')))
const isAll = process.argv.includes('--all')
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const embeddedOnly = process.env.TORII_TEST_EMBEDDED_ONLY === '1'
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }

const stop = new AbortController()
const failures: string[] = []
const unsteady: string[] = []
let passed = 0
let exitCode: number | undefined

for (const [name, code] of Object.entries(exitCodes)) {
  process.on(name, () => {
    exitCode ??= code
    stop.abort(name)
  })
}
// Also when the reader of our output is gone, the servers have to be stopped.
process.on('uncaughtException', (error) => {
  if (stop.signal.aborted) return
  stop.abort('an error')
  failures.push(`the run itself: ${error.stack ?? error.message}`)
})

async function run(): Promise<void> {
  const files = selectTests(await listTests(), words, isAll)
  if (words.length === 0) {
    await runStep('types', () => runScript('node_modules/typescript/bin/tsc', '--noEmit'))
    await runStep('lint', () => runScript('node_modules/@biomejs/biome/bin/biome', 'check', '.'))
  }
  await withServers(files, async (servers) => {
    await runFiles(files, servers)
    if (!stop.signal.aborted) await checkLogs(servers.folder)
  })
}

/** Names like `adapters/store`, of dist/tests/adapters/store.test.js. */
async function listTests(): Promise<string[]> {
  const entries = await readdir(join(root, 'dist', 'tests'), { recursive: true })
  return entries
    .filter((path) => path.endsWith('.test.js') && !/^(qa|fixtures)\//.test(path))
    .map((path) => path.slice(0, -'.test.js'.length))
    .sort()
}

async function runStep(name: string, step: () => Promise<unknown>): Promise<void> {
  if (stop.signal.aborted) return
  const started = performance.now()
  try {
    await step()
    passed += 1
    console.log(`ok      ${name}  (${((performance.now() - started) / 1_000).toFixed(1)} s)`)
  } catch (error) {
    if (stop.signal.aborted) return
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    failures.push(`${name}: ${stdout + stderr || (error instanceof Error ? error.message : String(error))}`)
    console.log(`FAILED  ${name}`)
  }
}

const runScript = (...command: string[]) =>
  promisify(execFile)(process.execPath, command, { cwd: root, signal: stop.signal, maxBuffer: 1e8 })

async function runFiles(files: readonly string[], servers: { folder: string }): Promise<void> {
  if (stop.signal.aborted) return
  const paths = files.map((file) => join(root, 'dist', 'tests', `${file}.test.js`))
  const child = spawn(process.execPath, [join(root, 'dist', 'tools', 'test', 'files.js'), ...paths], {
    cwd: root,
    env: testEnvironment(servers),
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const { pid } = child
  if (pid === undefined) throw new Error(`${process.execPath} can't be started`)
  const release = guardGroup(pid)
  const killAll = () => killGroup(pid)
  stop.signal.addEventListener('abort', killAll)
  let result: FilesResult | undefined
  child.on('message', (message) => {
    result = message as FilesResult
  })
  await once(child, 'exit')
  killAll()
  release()
  if (result !== undefined) {
    passed += result.passed
    failures.push(...result.failures)
    unsteady.push(...result.unsteady)
  } else if (!stop.signal.aborted) failures.push('the run of the test files ended before its result')
}

/** Settings of the person who runs the tests are not for the servers under test. */
function testEnvironment(servers: { folder: string }): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(TORII_|TAP|NODE_TEST_)/.test(name))
  return {
    ...Object.fromEntries(kept),
    TORII_TEST_SERVERS: JSON.stringify(servers),
    TAP_CWD: servers.folder,
    // A file may raise its own limit by `t.setTimeout(ms)`.
    TAP_TIMEOUT: '120',
    NODE_OPTIONS: '--enable-source-maps',
    // Longer runs of the fault tests.
    ...(process.env.TORII_TEST_LONG === '1' && { TORII_TEST_LONG: '1' }),
  }
}

async function checkLogs(folder: string): Promise<void> {
  const { found, planted, logs, lines } = await searchLogs(folder)
  if (planted === 0) return
  await runStep(`none of ${planted} secrets is in the ${lines} lines of ${logs} logs`, async () => {
    if (found.length > 0) throw new Error(found.join('\n'))
  })
}

async function withServers(
  files: readonly string[],
  use: (servers: { folder: string }) => Promise<void>,
): Promise<void> {
  if (stop.signal.aborted) return
  const folder = await mkdtemp(join(tmpdir(), 'torii-test-'))
  const release = guard('sleep 3; rm -rf -- "$1"', folder)
  const memory = await createMemoryFolder()
  const running: Server[] = []
  try {
    let servers: { folder: string } | undefined = { folder, ...memory.found }
    if (!embeddedOnly)
      await runStep('MariaDB primary, its replica and Redis are up', async () => {
        servers = undefined
        servers = { ...(await startServers(folder, running, files)), ...memory.found }
      })
    if (servers !== undefined) await use(servers)
  } finally {
    await Promise.allSettled(running.map((server) => server.stop()))
    await memory.remove()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    release()
  }
}

async function startServers(folder: string, running: Server[], files: readonly string[]) {
  installMissing(needsOf(files))
  const { primary, replica } = await startPrimaryAndReplica({ folder, args: withoutSync })
  running.push(primary, replica)
  const redis = await startRedis({ folder })
  running.push(redis)
  const login = ({ host, port, user, password }: typeof primary) => ({ host, port, user, password })
  const { host, port, url } = redis
  return { folder, primary: login(primary), replica: login(replica), redis: { host, port, url } }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {}
}

try {
  await run()
} catch (error) {
  failures.push(`the run itself: ${error instanceof Error ? error.message : String(error)}`)
}
for (const failure of failures) console.log(`\nFAILED  ${failure.trimEnd().replaceAll('\n', '\n        ')}`)
const remarks = [
  ...(stop.signal.aborted ? [`ended by ${stop.signal.reason}`] : []),
  ...(unsteady.length > 0 ? [`only alone: ${unsteady.join(', ')}`] : []),
  ...(embeddedOnly ? ['embedded only: MariaDB and Redis were not tested'] : []),
]
const remark = remarks.length > 0 ? ` (${remarks.join('; ')})` : ''
console.log(`\n${passed} passed, ${failures.length} failed${remark}`)
process.exit(exitCode ?? (failures.length > 0 ? 1 : 0))
