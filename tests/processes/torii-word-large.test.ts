/** An import of a million lines: its time of a processor and its memory; and the bar on a real terminal. */
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { embeddedEnvironment } from '../harness/test-server.ts'
import { ask, createFolder, createToriiProcess, run } from '../tools/torii-process.ts'

t.setTimeout(180_000)

const file = fileURLToPath(import.meta.resolve('#root/dist/tools/torii.js'))
const lineCount = 1_000_000
/** The kernel counts in hundredths of a second. */
const ticks = 100
const mostCpuSeconds = 10
const mostMb = 500

/** What the process has used so far: its time of all processors, and its most memory. */
const readUse = (pid: number) => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    const [, kb = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticks, mb: Number(kb) / 1_024 }
  } catch {
    return undefined
  }
}

t.test('a million lines through a pipe', async (t) => {
  const environment = embeddedEnvironment(createFolder(t))
  await createToriiProcess(environment)('migrate', 'up')
  const lines = Array.from({ length: lineCount }, (_, at) => `词${at.toString(36)}汇|${at}`)
  const child = spawn(process.execPath, [file, 'word', 'import', '-'], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let most = { cpuSeconds: 0, mb: 0 }
  const timer = setInterval(() => {
    const use = child.pid && readUse(child.pid)
    if (use && use.mb > 0) most = { cpuSeconds: use.cpuSeconds, mb: Math.max(most.mb, use.mb) }
  }, 20)
  t.teardown(() => clearInterval(timer))
  let said = ''
  let complained = ''
  child.stdout.on('data', (text) => {
    said += text
  })
  child.stderr.on('data', (text) => {
    complained += text
  })
  const startedMs = performance.now()
  child.stdin.end(lines.join('\n'))
  const code = await new Promise((resolve) => child.on('close', resolve))
  const seconds = (performance.now() - startedMs) / 1_000
  t.comment(
    `${seconds.toFixed(1)} s, ${most.cpuSeconds.toFixed(1)} s of a processor, ${most.mb.toFixed(0)} MB at most`,
  )
  t.equal(code, 0, complained)
  t.match(said, /kept 1000000/)
  t.match(complained, /reading -: 50 %/)
  t.notMatch(complained, '\r', 'no bar where no person reads along')
  t.ok(most.mb > 0 && most.mb < mostMb)
  t.ok(most.cpuSeconds < mostCpuSeconds)
})

t.test('on a terminal a bar shows how far it is', async (t) => {
  const folder = createFolder(t)
  const environment = embeddedEnvironment(folder)
  const torii = createToriiProcess(environment)
  await torii('migrate', 'up')
  const list = join(folder, 'words.txt')
  writeFileSync(list, Array.from({ length: 200_000 }, (_, at) => `word${at}`).join('\n'))
  const command = `'${process.execPath}' '${file}' word import '${list}'`
  // script(1) gives the command a terminal of its own.
  const { code, stdout } = await run('script', ['-qec', command, '/dev/null'], {
    environment: { ...environment, TERM: 'xterm' },
  })
  t.equal(code, 0, stdout)
  t.match(stdout, /reading .*\u2588.* [1-9]\d* % /, 'a bar that grows')
  t.match(stdout, '\u001b[', 'in its place')
  t.match(stdout, /kept 200000/)
  t.equal((await ask<string[]>(torii, 'word', 'export')).length, 200_000)
})
