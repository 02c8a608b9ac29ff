/** A server that does not answer in time, and a process that has no time to hear it. */
import { execFileSync } from 'node:child_process'
import t from 'tap'
import { startRedis } from '../../tools/test/harness.ts'
import { watchLateness } from '../faults/machine.ts'
import { printTime } from '../harness/print-time.ts'
import { until } from './store-contract.ts'
import { openFor as open, timeToFail, timeToReturn } from './store-servers.ts'

const { folder } = JSON.parse(process.env.TORII_TEST_SERVERS ?? '{}')
/** For two busy cores. */
const marginMs = 150

t.test('a stopped server fails each call in time, then at once, and is used again', async (t) => {
  const server = await startRedis({ folder })
  const store = await open({ url: server.url, commandTimeoutMs: 150 })
  t.teardown(() => Promise.all([store.close(), server.stop()]))
  await until(async () => (await timeToFail(t, store.ping())) < 0)
  await server.kill('SIGSTOP')
  const lateness = watchLateness()
  const times: Promise<{ tookMs: number; lateMs: number }>[] = []
  await until(async () => {
    const lateBefore = lateness.sumMs()
    times.push(
      timeToFail(t, store.increment('n', 60_000)).then(async (tookMs) => {
        // The timer that counts what made this one late too comes after it.
        await new Promise((resolve) => setTimeout(resolve, 20))
        return { tookMs, lateMs: lateness.sumMs() - lateBefore }
      }),
    )
    await new Promise((resolve) => setTimeout(resolve, 20))
    return times.length === 20
  })
  for (const { tookMs, lateMs } of await Promise.all(times))
    t.ok(tookMs >= 0 && tookMs < 150 + marginMs + lateMs, `${tookMs} ms, of them late ${lateMs} ms`)
  lateness.end()
  await until(async () => (await timeToFail(t, store.ping())) < 20)
  await server.kill('SIGCONT')
  const tookMs = await timeToReturn(t, () => store.ping())
  printTime(t, 'back', tookMs)
})

/** Returns when the server has answered another process, and so what it was asked before. Nothing else runs. */
const waitBusily = (port: number, leastMs: number) => {
  const ask = `require('net').connect(${port}, '127.0.0.1').on('data', () => process.exit()).write('PING\\r\\n')`
  const end = performance.now() + leastMs
  execFileSync(process.execPath, ['--eval', ask], { stdio: 'ignore' })
  while (performance.now() < end);
}

t.test('a busy process does not take a store for late that has answered', async (t) => {
  const server = await startRedis({ folder })
  const store = await open({ url: server.url, commandTimeoutMs: 100 })
  t.teardown(() => Promise.all([store.close(), server.stop()]))
  await until(async () => (await timeToFail(t, store.ping())) < 0)
  const answer = store.get('n')
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  waitBusily(server.port, 300)
  t.equal(await answer, undefined)
})

t.test('nor one that it has not asked yet', async (t) => {
  const server = await startRedis({ folder })
  const store = await open({ url: server.url, commandTimeoutMs: 1_000 })
  t.teardown(() => Promise.all([store.close(), server.stop()]))
  // Before its first answer, amid others, and in each phase of the event loop.
  for (const turn of [setImmediate, setTimeout, process.nextTick]) {
    const answer = new Promise((resolve) => turn(resolve)).then(() => {
      const sent = [store.get('n'), store.increment('m', 60_000)]
      waitBusily(server.port, 1_200)
      return Promise.all(sent)
    })
    t.match(await answer, [undefined, /\d/], turn.name)
  }
})
