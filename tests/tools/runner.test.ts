import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { isReady, startMariadb, startRedis } from '../../tools/test/harness.ts'
import { installMissing } from '../../tools/test/install.ts'
import { runTapFile } from '../../tools/test/tap-file.ts'
import { isRunning, listDescendants, listProcesses } from './processes.ts'

const root = fileURLToPath(new URL('.', import.meta.resolve('#root/package.json')))
const { folder: runFolder, primary } = JSON.parse(process.env.TORII_TEST_SERVERS ?? '{}')

const samples = {
  good: "t.test('outer', async (t) => { t.ok(true); await t.test('inner', async (t) => { t.ok(1) }) })",
  bad: "t.test('outer', async (t) => { t.equal(1, 2, 'one is two') })",
  skipping: "t.test('later', { skip: 'no time' }, async () => {})",
  todo: "t.test('some day')",
  empty: '',
  crashing: "t.test('a', async (t) => { t.ok(1); console.error('last words'); process.abort() })",
  hanging: "t.test('waits', () => new Promise(() => setInterval(() => {}, 1000)))",
  busy: "t.test('works', () => { for (;;) {} })",
}

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
    runFile: (name: keyof typeof samples, timeoutSeconds = 20) =>
      runTapFile({
        file: join(dist, 'tests', `${name}.test.js`),
        cwd: folder,
        env: process.env,
        timeoutSeconds,
        signal: new AbortController().signal,
      }),
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

t.test('counts every test point of a file, at any depth', async (t) => {
  const { runFile } = createProject(['good'])
  t.match(await runFile('good'), { passed: 2, failures: [] })
})

t.test('fails a file for each point that fails, is skipped or is put off', async (t) => {
  const { runFile } = createProject(['bad', 'skipping', 'todo'])
  const { failures } = await runFile('bad')
  t.match(failures, [{ title: 'outer > one is two', details: /--- expected\s[\s\S]*-2\s+\+1/ }])
  t.match((await runFile('skipping')).failures, [{ title: 'later (skipped)' }])
  t.match((await runFile('todo')).failures, [{ title: 'some day (to do)' }])
})

t.test('fails a file that tests nothing, crashes, or does not end', async (t) => {
  const { runFile } = createProject(['empty', 'crashing', 'hanging', 'busy'])
  t.match((await runFile('empty')).failures, [{ title: /ended with code 0 after 0 tests/ }])
  t.match((await runFile('crashing')).failures, [{ title: /ended by SIG/, details: /last words/ }])
  const [hanging, busy] = await Promise.all([runFile('hanging', 1), runFile('busy', 1)])
  t.match(hanging.failures, [{ title: /timeout/ }])
  t.match(busy.failures, [{ title: /ended by SIG/ }])
})

t.test('runs the chosen files, ends with the counts and says what was left out', async (t) => {
  const { start, leftFolders } = createProject(['good', 'bad'])
  const embedded = { TORII_TEST_EMBEDDED_ONLY: '1' }
  const remark = '(embedded only: MariaDB and Redis were not tested)'

  const good = await finish(start(['tests/good.test.ts'], embedded))
  t.match(good, { code: 0, lastLine: `2 passed, 0 failed ${remark}` })
  const both = await finish(start(['good', 'bad'], embedded))
  t.match(both, { code: 1, lastLine: `2 passed, 1 failed ${remark}` })
  t.match(both.output, /Failed:\n {4}bad: outer > one is two\n/)
  const none = await finish(start(['nothing-like-this'], embedded))
  t.match(none, { code: 1, lastLine: `0 passed, 1 failed ${remark}` })
  t.same(leftFolders(), [], 'its folders are gone')
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

  t.test('a run that is told to end stops its servers and removes its folder', async (t) => {
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
