import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Parser, type Result as Point } from 'tap-parser'
import { guardGroup } from './guard.ts'

export type FileResult = {
  passed: number
  failures: Failed[]
  /** What the tests told by `t.comment`: figures, seeds. */
  remarks: string[]
  seconds: number
}
export type Failed = { title: string; details: string }

export type FileOptions = {
  file: string
  cwd: string
  env: NodeJS.ProcessEnv
  /** A file may raise its own by `t.setTimeout(ms)`. */
  timeoutSeconds: number
  signal: AbortSignal
}

const graceMs = 3_000

/**
 * Runs one compiled test file as a process of its own and reads the TAP it prints. Not by the `tap` command: that
 * puts three loaders (TypeScript, mocks, coverage) under each file, which costs more than most files take.
 */
export async function runTapFile(options: FileOptions): Promise<FileResult> {
  const { file, cwd, env, timeoutSeconds, signal } = options
  const started = performance.now()
  const child = spawn(process.execPath, ['--enable-source-maps', file], {
    cwd,
    env: { ...env, TAP: '1', TAP_TIMEOUT: String(timeoutSeconds) },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const { pid, stdout, stderr } = child
  if (pid === undefined || stdout === null || stderr === null)
    throw new Error(`can't start ${process.execPath}`)
  const release = guardGroup(pid)
  const killAll = () => killGroup(pid)
  // What a test leaves behind would hold the pipes open and disturb others.
  child.once('exit', killAll)
  const closed = once(child, 'close') as Promise<[code: number | null, killedBy: string | null]>
  signal.addEventListener('abort', killAll)
  const deadline = createDeadline(timeoutSeconds * 1_000, () => {
    // tap answers this signal with what the file was waiting for.
    child.kill('SIGALRM')
    deadline.set(1_000, killAll)
  })
  child.on('message', (message) => {
    const { setTimeout: ms } = message as { setTimeout?: number }
    if (ms !== undefined) deadline.set(ms === 0 ? undefined : ms + graceMs)
  })

  const { parser, result } = createReader(file)
  let said = ''
  parser.on('extra', (text: string) => {
    said += text
  })
  stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  stdout.pipe(parser)
  const [code, killedBy] = await closed
  deadline.set(undefined)
  signal.removeEventListener('abort', killAll)
  release()

  const { passed, failures, remarks } = result()
  if (failures.length === 0 && (code !== 0 || !parser.ok || parser.count === 0)) {
    const ending = killedBy ? `was ended by ${killedBy}` : `ended with code ${code} after ${passed} tests`
    const problems = parser.failures.map(({ tapError }) => (tapError ? `${tapError}\n` : '')).join('')
    failures.push({ title: `the file ${ending}`, details: problems })
  }
  const first = failures[0]
  if (first !== undefined && said.trim() !== '')
    failures[0] = { ...first, details: `${first.details}${said}` }
  return { passed, failures, remarks, seconds: (performance.now() - started) / 1_000 }
}

/** What tap says of itself. */
const ownRemarks = /^(Subtest: |time=|(failed|skipped|todo) \d|test count\(|\{ total: )/

function createReader(name: string) {
  const parser = new Parser({ name })
  let passed = 0
  const failures: Failed[] = []
  const remarks: string[] = []
  const listen = (to: Parser) => {
    to.on('comment', (text: string) => {
      const remark = text.replace(/^#/, '').trim()
      if (remark !== '' && !ownRemarks.test(remark)) remarks.push(remark)
    })
    to.on('child', listen)
  }
  const fail = (why: string) => (point: Point) => {
    const title = point.fullname.slice(name.length).replace(/^ > /, '')
    failures.push({ title: `${title}${why}`, details: describe(point.diag) })
  }
  listen(parser)
  parser.on('pass', () => {
    passed += 1
  })
  parser.on('fail', fail(''))
  // A test that is put off says nothing about the code, so it does not count as a test.
  parser.on('skip', fail(' (skipped)'))
  parser.on('todo', fail(' (to do)'))
  return { parser, result: () => ({ passed, failures, remarks }) }
}

/** The diagnostics of a failed test, each text as it is. The place is in the stack already. */
function describe(diagnostics: unknown): string {
  if (typeof diagnostics !== 'object' || diagnostics === null) return ''
  return Object.entries(diagnostics)
    .filter(([name]) => name !== 'at')
    .map(([name, value]) => {
      const text = typeof value === 'string' ? value.trimEnd() : JSON.stringify(value)
      return text.includes('\n') ? `${name}:\n${text.replaceAll(/^/gm, '  ')}\n` : `${name}: ${text}\n`
    })
    .join('')
}

function createDeadline(ms: number, onLate: () => void) {
  let timer = setTimeout(onLate, ms + graceMs)
  return {
    set(ms: number | undefined, action = onLate) {
      clearTimeout(timer)
      if (ms !== undefined) timer = setTimeout(action, ms)
    },
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {}
}
