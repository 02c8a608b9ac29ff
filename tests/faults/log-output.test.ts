/** The log must never stop the server: an output that is blocked, full or gone, and the end of the process. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { createLineBuffer, type Output } from '../../src/adapters/log-output.ts'
import { createLogger } from '../../src/adapters/logger.ts'
import { findFreePort } from '../../tools/test/harness.ts'
import { embeddedEnvironment, until } from '../harness/test-server.ts'
import { mountSmallDisk } from './small-disk.ts'

t.setTimeout(120_000)
const serverFile = fileURLToPath(import.meta.resolve('#root/dist/src/server.js'))

/** A server that writes to `stdout` and is asked over its port alone. */
const startServer = async (t: Test, stdout: 'pipe' | number) => {
  const folder = mkdtempSync(join(tmpdir(), 'torii-test-'))
  const port = await findFreePort()
  const environment = {
    ...embeddedEnvironment(folder),
    TORII__SERVER__PORT: String(port),
    TORII__LOG__LEVEL: 'info',
  }
  const child = spawn(process.execPath, [serverFile], {
    stdio: ['ignore', stdout, 'inherit'],
    env: { PATH: process.env.PATH, ...environment },
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })
  const url = `http://127.0.0.1:${port}`
  const ask = (path: string) =>
    fetch(`${url}${path}`, { signal: AbortSignal.timeout(10_000) }).then(async (reply) => {
      await reply.arrayBuffer()
      return reply.status
    })
  await until('it answers', () => ask('/healthz').then(Boolean, () => false))
  return { child, ask }
}

const call = async (ask: (path: string) => Promise<number>, count: number) => {
  for (let done = 0; done < count; done++) await ask(`/v1/nothing-${'x'.repeat(200)}`)
}

const end = async (child: ChildProcess) => {
  const started = Date.now()
  const ended = once(child, 'exit') as Promise<[code: number | null, signal: string | null]>
  child.kill('SIGTERM')
  const [code] = await ended
  return { code, tookMs: Date.now() - started }
}

t.test('a reader that reads nothing stops neither the server nor its end', async (t) => {
  const pipe = join(mkdtempSync(join(tmpdir(), 'torii-test-')), 'pipe')
  execFileSync('mkfifo', [pipe])
  // Open at both ends, and never read: it holds 64 KB.
  const held = openSync(pipe, 'r+')
  t.teardown(() => closeSync(held))
  const { child, ask } = await startServer(t, held)
  await call(ask, 450)
  t.equal(await ask('/healthz'), 200)
  const { code, tookMs } = await end(child)
  t.equal(code, 0)
  t.ok(tookMs < 15_000, `it ended within ${tookMs} ms`)
})

t.test('a reader that is gone stops neither the server nor its end', async (t) => {
  const { child, ask } = await startServer(t, 'pipe')
  child.stdout?.destroy()
  await call(ask, 50)
  t.equal(await ask('/healthz'), 200)
  t.equal((await end(child)).code, 0)
})

t.test('an output that takes nothing from the start on', async (t) => {
  const full = openSync('/dev/full', 'w')
  const { child, ask } = await startServer(t, full)
  closeSync(full)
  await call(ask, 50)
  t.equal(await ask('/healthz'), 200)
  t.equal((await end(child)).code, 0)
})

t.test('a disk that is full: it goes on, says how many lines are lost, and writes again', async (t) => {
  const disk = await mountSmallDisk(t, 1)
  const file = join(disk.folder, 'torii.log')
  const log = openSync(file, 'a')
  t.teardown(() => closeSync(log))
  const { child, ask } = await startServer(t, log)
  await until('the first lines are there', () => readFileSync(file, 'utf8').includes('listening'))
  disk.fill()
  await call(ask, 400)
  t.equal(await ask('/healthz'), 200)
  await disk.free()
  await until('it writes again', async () => {
    await call(ask, 1)
    return readFileSync(file, 'utf8').includes('log lines were dropped')
  })
  t.equal((await end(child)).code, 0)
})

/** An output whose writes end when the test says so. */
const createHeldOutput = () => {
  const written: string[] = []
  const done: ((error?: Error) => void)[] = []
  const output: Output = {
    isTerminal: false,
    write: (text, end) => {
      written.push(text)
      done.push(end)
    },
    writeNow: (text) => written.push(`now ${text}`),
  }
  return { output, written, end: (error?: Error) => done.shift()?.(error) }
}

t.test('the buffer is bounded, counts what it drops and says so', async (t) => {
  const { output, written, end } = createHeldOutput()
  const buffer = createLineBuffer(output)
  const line = `${'x'.repeat(999)}\n`
  for (let count = 0; count < 3_000; count++) buffer.write(line)
  t.equal(written.length, 1, 'one write is on its way')
  // A megabyte of lines waits, and the piece that is being written.
  t.ok(buffer.dropped() > 1_800, `${buffer.dropped()} dropped`)
  const flushed = buffer.flush()
  for (let count = 0; count < 5; count++) end()
  await flushed
  t.match(written.join(''), /"dropped":\d+,"msg":"log lines were dropped"/)
})

t.test('what a failing output loses is counted, and flushing does not wait for it', async (t) => {
  const { output, end } = createHeldOutput()
  const buffer = createLineBuffer(output)
  buffer.write('a\n')
  const flushed = buffer.flush()
  end(new Error('ENOSPC'))
  await flushed
  t.equal(buffer.dropped(), 1)
  buffer.write('b\n')
  await buffer.flush()
})

t.test('at the end, lines that no write has taken yet are written at once', async (t) => {
  const { output, written } = createHeldOutput()
  const buffer = createLineBuffer(output)
  buffer.write('a\n')
  buffer.writeNow()
  t.same(written, ['now a\n'])
})

t.test('on a terminal a line is one for a person, and nothing in it moves the cursor', (t) => {
  const { output, written, end } = createHeldOutput()
  const logger = createLogger('info', { ...output, isTerminal: true })
  logger.greet({ start: 'page', msg: 'http://127.0.0.1:1/', note: 'in a browser' })
  end()
  logger.info({ operation: '/v1/login', status: 200, app: 'a\u001b[2Jb' })
  logger.error({ err: new Error('broken') }, 'request failed')
  logger.writeLinesNow()
  const lines = written.join('').replaceAll('now ', '').split('\n')
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /
  t.equal(lines[0], 'page       http://127.0.0.1:1/   (in a browser)')
  t.match(lines[1], time)
  t.match(lines[1], / info {2}\/v1\/login status=200 app=a\\u001b\[2Jb$/)
  t.match(lines[2], / error request failed$/)
  t.match(lines[3], /^ {4}Error: broken$/)
  t.match(lines[4], /^ {4}at /)
  t.end()
})

t.test('on no terminal every line is JSON, the greeting too', (t) => {
  const { output, written } = createHeldOutput()
  const logger = createLogger('warn', output)
  logger.greet({ start: 'listening', msg: 'http://127.0.0.1:1' })
  const line = JSON.parse(written.join(''))
  t.match(line, { level: 30, start: 'listening', msg: 'http://127.0.0.1:1' })
  t.equal(new Date(line.time).toISOString(), line.time)
  t.end()
})
