import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { isReady, startMariadb, startRedis } from '../../tools/test/harness.ts'
import { installMissing } from '../../tools/test/install.ts'
import { selectTests } from '../../tools/test/select.ts'
import { isRunning, listDescendants, listProcesses } from './processes.ts'

const root = fileURLToPath(new URL('.', import.meta.resolve('#root/package.json')))
const { folder: runFolder, primary } = JSON.parse(process.env.TORII_TEST_SERVERS ?? '{}')

const samples = {
  good: "t.test('outer', async (t) => { t.ok(true); await t.test('inner', async (t) => { t.ok(1) }) })",
  bad: "t.test('outer', async (t) => { t.equal(1, 2, 'one is two') })",
  skipping: "t.test('now', async (t) => t.ok(1)); t.test('later', { skip: 'no time' }, async () => {})",
  todo: "t.test('now', async (t) => t.ok(1)); t.test('some day')",
  empty: '',
  killed: "t.test('a', async (t) => { t.ok(1); process.kill(process.pid, 'SIGKILL') })",
  late: "t.test('a', async (t) => { t.ok(1) }); process.on('exit', () => { process.exitCode = 3 })",
  crashing: "t.test('a', async (t) => { t.ok(1); console.error('last words'); process.abort() })",
  hanging: "t.setTimeout(1_000); t.test('waits', () => new Promise(() => setInterval(() => {}, 1000)))",
}

const embedded = { TORII_TEST_EMBEDDED_ONLY: '1' }

/** A project with the compiled runner and these tests, in a temporary folder of its own. */
function createProject(names: (keyof typeof samples)[]) {
  const folder = mkdtempSync(join(tmpdir(), 'torii-runner-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const dist = join(folder, 'dist')
  cpSync(join(root, 'dist', 'tools', 'test'), join(dist, 'tools', 'test'), { recursive: true })
  cpSync(join(root, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  mkdirSync(join(dist, 'tests'))
  mkdirSync(join(folder, 'tmp'))
  for (const name of names) {
    writeFileSync(join(dist, 'tests', `${name}.test.js`), `import t from 'tap'\n${samples[name]}\n`)
  }
  const start = (words: string[], more: Record<string, string> = {}) =>
    spawn(process.execPath, [join('dist', 'tools', 'test', 'run.js'), ...words], {
      cwd: folder,
      env: { ...process.env, TMPDIR: join(folder, 'tmp'), ...more },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  return {
    folder,
    start,
    leftFolders: () => readdirSync(join(folder, 'tmp')),
  }
}

async function finish(child: ChildProcess) {
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  const [code] = await once(child, 'close')
  return { code, output, lastLine: output.trimEnd().split('\n').at(-1) }
}

/** Waits for the end of processes that were told to end, or whose parent is gone. */
const allEnded = (pids: number[]) =>
  isReady(async () => {
    const left = listProcesses().filter(({ pid }) => pids.includes(pid))
    if (left.length > 0) throw new Error(`still there: ${left.map(({ command }) => command).join(', ')}`)
  }, 5_000)

t.test('chooses files by any part of their name, as a path too, and by tier', (t) => {
  const names = ['adapters/store', 'config', 'faults/kill', 'http/metrics', 'races/keys']
  for (const word of [
    'config',
    'config.test',
    'config.test.ts',
    'tests/config.test.ts',
    './tests/config.test.ts',
  ])
    t.same(selectTests(names, [word], false), ['config'], word)
  t.same(selectTests(names, ['adapters/', 'kill'], false), ['adapters/store', 'faults/kill'])
  t.same(selectTests(names, [], false), ['adapters/store', 'config', 'http/metrics'])
  t.same(selectTests(names, [], true), names)
  t.throws(() => selectTests(names, ['config', 'nothing'], false), {
    message: 'no test file matches nothing',
  })
  t.end()
})

t.test('counts every test point, and fails for each one that fails, is skipped or is put off', async (t) => {
  const { start, leftFolders } = createProject(['good', 'bad', 'skipping', 'todo'])
  const remark = '(embedded only: MariaDB and Redis were not tested)'
  const good = await finish(start(['tests/good.test.ts'], embedded))
  t.match(good, { code: 0, lastLine: `2 passed, 0 failed ${remark}` })
  const { code, lastLine, output } = await finish(start(['good', 'bad', 'skipping', 'todo'], embedded))
  t.match({ code, lastLine }, { code: 1, lastLine: `4 passed, 3 failed ${remark}` })
  t.match(output, /FAILED {2}bad: one is two\n[\s\S]*--- expected\s[\s\S]*-2\s+\+1/)
  t.match(output, 'FAILED  skipping: later (skipped)')
  t.match(output, 'FAILED  todo: some day (to do)')
  t.same(leftFolders(), [], 'its folders are gone')
})

t.test('fails a file that tests nothing, crashes, or does not end', async (t) => {
  const { start } = createProject(['empty', 'crashing', 'hanging', 'killed', 'late'])
  const { lastLine, output } = await finish(start(['e', 'i', 'a'], embedded))
  t.match(lastLine, /^\d passed, 5 failed/)
  t.match(output, /FAILED {2}empty: the file tests nothing/)
  t.match(output, /FAILED {2}crashing: [\s\S]*last words/)
  t.match(output, 'FAILED  killed: the file was ended by SIGKILL')
  t.match(output, 'FAILED  late: the file ended with code 3')
  t.match(output, /FAILED {2}hanging: [\s\S]*timeout/)
})

t.test('names the command that installs what is missing', async (t) => {
  const command = (program: string, isRoot = false) => {
    try {
      installMissing(['mariadb', 'redis'], {
        isRoot,
        find: (...names) => (names.includes(program) ? `/bin/${program}` : undefined),
      })
      return 'nothing is missing'
    } catch (error) {
      return String(error)
    }
  }
  t.match(command('apt-get'), 'Install with: sudo apt-get install -y mariadb-server redis-server')
  t.match(command('dnf'), 'Install with: sudo dnf install -y mariadb-server redis')
  t.match(command('pacman', true), 'Install with: pacman -S --needed mariadb redis')
  t.match(command('brew'), 'Install with: brew install mariadb redis')
  t.match(command('nothing'), 'mariadbd, redis-server: not installed. Install mariadb, redis with')
})

// Without a database there is no server to start, and the run has said so.
if (primary !== undefined) {
  t.test('a server starts again with its data, and is gone when it is stopped', async (t) => {
    const folder = mkdtempSync(join(runFolder, 'harness-'))
    symlinkSync(join(runFolder, 'mariadb-template'), join(folder, 'mariadb-template'))
    const server = await startMariadb({ folder, serverId: 77 })
    t.teardown(() => server.stop())
    const first = server.pid
    await server.asRoot('CREATE DATABASE torii_kept')
    await server.kill('SIGKILL')
    t.notOk(isRunning(first), 'it is gone after SIGKILL')
    await server.restart()
    t.not(server.pid, first)
    t.match(
      await server.asRoot("SHOW DATABASES LIKE 'torii_kept'"),
      [{}],
      'what it said to have kept is there',
    )
    await server.kill('SIGSTOP')
    await server.stop()
    t.notOk(isRunning(server.pid), 'a stopped process ends too')
    await server.stop()
  })

  t.test('a taken port is noticed, not used', async (t) => {
    const folder = mkdtempSync(join(runFolder, 'harness-'))
    const one = await startRedis({ folder })
    t.teardown(() => one.stop())
    await t.rejects(startRedis({ folder, port: one.port }), /does not get ready/)
  })

  t.test('a server dies with the process that started it, even if that was killed', async (t) => {
    const folder = mkdtempSync(join(runFolder, 'harness-'))
    const script = `
      const { startRedis } = await import(${JSON.stringify(import.meta.resolve('#root/dist/tools/test/harness.js'))})
      const { pid } = await startRedis({ folder: ${JSON.stringify(folder)} })
      console.log(pid)
      process.kill(process.pid, 'SIGKILL')`
    const { output } = await finish(spawn(process.execPath, ['--input-type=module', '-e', script]))
    const pid = Number(output)
    t.ok(pid > 0, 'it was up')
    await allEnded([pid])
  })

  t.test('a run that is stopped stops its servers and removes its folder', async (t) => {
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const { start, leftFolders } = createProject(['hanging'])
      const child = start(['hanging'])
      const finished = finish(child)
      const { pid = 0 } = child
      await isReady(async () => {
        if (!listDescendants(pid).some(({ command }) => command.includes('hanging.test.js')))
          throw new Error('the test is not running yet')
      })
      const pids = listDescendants(pid).map(({ pid }) => pid)
      t.ok(pids.length > 4, 'two databases, a store and the test are running')
      child.kill(signal)
      t.match(await finished, { code, lastLine: `1 passed, 0 failed (ended by ${signal})` })
      await allEnded(pids)
      t.same(leftFolders(), [])
    }
  })
}
