import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { readReply } from '../../tools/bench/http-socket.ts'
import { parseOptions } from '../../tools/bench/options.ts'
import { selectMeasurements } from '../../tools/bench/rows.ts'
import { seedRows } from '../../tools/bench/seed/rows.ts'
import { createSource } from '../../tools/bench/sources.ts'
import { sealText } from '../harness/totp-client.ts'

const bench = fileURLToPath(import.meta.resolve('#root/dist/tools/bench/run.js'))

const runBench = async (words: string[], folder: string) => {
  const child = spawn(process.execPath, [bench, ...words], {
    env: { PATH: process.env.PATH ?? '', TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ])
  return { output, errors, code }
}

t.test('the benchmark measures rows beside a bare Fastify and leaves nothing behind', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'torii-bench-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const json = join(folder, 'result.json')
  const short = ['--seconds', '0.5', '--rounds', '1', '--connections', '8', '--users', '16', '--json', json]
  const { output, errors, code } = await runBench(['echo-300/memory', 'session/redis', ...short], folder)
  t.equal(code, 0, errors)

  const { lines, starts, notes } = JSON.parse(readFileSync(json, 'utf8'))
  t.same(
    lines.map(({ id }: { id: string }) => id),
    ['bare', 'echo-300/memory', 'session/redis'],
  )
  for (const line of lines) {
    t.match(
      line,
      { failed: 0, failures: [], perSecond: { runs: [Number] }, p99Ms: { runs: [Number] } },
      line.id,
    )
    t.ok(line.answered > 0 && line.perSecond.median > 0 && line.p50Ms.median > 0, 'requests were answered')
    t.ok(line.p99Ms.median >= line.p50Ms.median)
    t.ok(line.ratio.median > 0 && line.ratio.median <= (line.id === 'bare' ? 1 : 10))
  }
  const [bare, echo, session] = lines
  t.equal(bare.storeTrips, undefined, 'trips of bare Fastify are not counted')
  t.equal(Math.round(echo.storeTrips), 1, 'limit and ban are one trip')
  t.ok(Math.round(session.storeTrips) <= 2, 'a session check stays within its budget')
  // Background jobs are in it, and on a busy machine few requests share them.
  t.ok(session.databaseTrips >= 0)
  t.same(
    starts.map(({ target }: { target: string }) => target),
    ['bare', 'memory', 'redis'],
  )
  t.ok(notes.some((note: string) => note.includes('not switched off')))

  for (const words of ['bare Fastify', 'echo, t/j, 300 B', 'session check, t/j', 'Redis+MariaDB', '× bare'])
    t.ok(output.includes(words), `the table says ${words}`)
  t.same(readdirSync(folder), ['result.json'])
})

t.test('the same calls are measured among few users and among many', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'torii-bench-test-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const json = join(folder, 'result.json')
  const small = ['--seed-users', '2000', '--seed-relations', '20000', '--seed-pool', '64']
  const short = ['--seconds', '0.5', '--rounds', '1', '--connections', '4', '--json', json]
  const { errors, code } = await runBench(['--seed-large', ...small, ...short], folder)
  t.equal(code, 0, errors)

  const { lines, loaded } = JSON.parse(readFileSync(json, 'utf8'))
  t.same(
    lines.map(({ name }: { name: string }) => name),
    seedRows.map(({ name }) => name),
  )
  for (const { name, few, many, failed, failures } of lines) {
    t.same({ failed, failures }, { failed: 0, failures: [] }, name)
    t.ok(few.perSecond > 0 && many.perSecond > 0, `${name}: both sides answered`)
  }
  const rowsOf = Object.fromEntries(
    loaded.many.map(({ table, rows }: { table: string; rows: number }) => [table, rows]),
  )
  t.match(rowsOf, { accounts: 2_000, users: 2_000, verifiers: 4_000, logins: 6_000, friend_counts: 2_000 })
  t.ok(rowsOf.relations > 18_000 && rowsOf.relations < 22_000)
  t.same(readdirSync(folder), ['result.json'], 'nothing is left behind')
})

t.test('words that the benchmark does not know are refused with what it knows', async (t) => {
  for (const words of [['sesion'], ['session/oracle'], ['--second', '3'], ['--rounds', '0']])
    t.throws(() => parseOptions(words, 'x.json'), { name: 'UsageError' }, words.join(' '))
  t.match(parseOptions(['session', '--seconds', '2'], 'x.json'), { rows: ['session'], seconds: 2, rounds: 3 })
})

t.test('a row brings those that it is compared with', async (t) => {
  const idsOf = (...rows: string[]) => selectMeasurements(rows).map(({ id }) => id)
  t.same(idsOf('session'), ['bare', 'session/memory', 'session/redis'])
  t.same(idsOf('mixed/redis'), ['bare', 'session/redis', 'mixed/redis'])
  t.same(idsOf('peer-session'), ['bare', 'session-json/redis', 'peer-session'])
  const all = idsOf()
  t.equal(new Set(all).size, all.length)
})

t.test('replies are read whole, however they were cut', async (t) => {
  const plain = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
  const chunked = 'HTTP/1.1 429 No\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n'
  for (const [reply, status] of [
    [plain, 200],
    [chunked, 429],
  ] as const) {
    for (let length = 0; length < reply.length; length++)
      if (readReply(Buffer.from(reply.slice(0, length)))) t.fail(`taken for whole after ${length} bytes`)
    const read = readReply(Buffer.from(reply))
    t.equal(read?.status, status)
    t.equal(read?.body.toString(), 'hello')
  }
})

t.test('a reply that is not the one expected counts as a failure', async (t) => {
  const nextPlain = createSource({
    kind: 'plain',
    requests: [{ method: 'POST', path: '/', headers: {}, body: '{}' }],
    expect: '"code":1000000,',
  })
  t.equal(nextPlain().judge(200, Buffer.from('{"code":1000000,"msg":"ok"}')), undefined)
  t.match(nextPlain().judge(200, Buffer.from('{"code":2000000}')), /2000000/)
  t.match(nextPlain().judge(429, Buffer.from('{"code":1000000,"msg":"ok"}')), /^429/)

  const device = { t: '0123456789abcdef'.repeat(2), secret: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567' }
  const calls = [{ device, members: { text: 'here' }, expect: 'here' }]
  const judge = (status: number, body: string) => {
    const next = createSource({ kind: 'sealed', path: '/v1/echo', code: 1_000_000, calls })
    return next().judge(status, Buffer.from(body))
  }
  const seal = (members: object, key = device) => sealText(key, JSON.stringify(members), Date.now())
  t.equal(judge(200, seal({ code: 1_000_000, text: 'here' })), undefined)
  t.match(judge(200, seal({ code: 2_020_407, text: 'here' })), /2020407/)
  t.match(judge(200, seal({ code: 1_000_000, text: 'gone' })), /1000000/)
  t.match(
    judge(200, seal({ code: 1_000_000, text: 'here' }, { ...device, secret: device.secret.toLowerCase() })),
    /cannot be opened/,
  )
  t.match(judge(200, '{"code":2020408}'), /2020408/)
})
