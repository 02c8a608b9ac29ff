/** A limit of 10 in 60 s, under bursts and under traffic by chance. */
import t from 'tap'
import { atRate, createJsonCaller } from '../harness/callers.ts'
import { codes } from '../harness/codes.ts'
import { createDice, randomName } from '../harness/devices.ts'
import { createTestClock, openTestServer, testServers } from '../harness/test-server.ts'
import { type Entry, takeSeed } from './history.ts'
import { openPair } from './pair.ts'
import { mostInWindow } from './windows.ts'

const isLong = process.env.TORII_TEST_LONG === '1'
t.setTimeout(isLong ? 400_000 : 90_000)

const passed = codes.OK
const tooOften = codes.TOO_OFTEN
const most = 10
const hours = isLong ? 24 : 3

t.test('through two processes: a burst, then traffic by chance', async (t) => {
  const windowMs = isLong ? 60_000 : 3_000
  const { app, urlAt } = await openPair(t, {
    TORII__LIMITS__ECHO: `[60, ${most}]`,
    TORII__LIMITS__PRELOGIN: `[${windowMs / 1_000}, ${most}]`,
    TORII__STORE__URL: testServers().redis.url,
    TORII__STORE__COMMAND_TIMEOUT_MS: '2000',
  })
  const caller = createJsonCaller({ app })
  t.teardown(() => caller.close())
  const burst = await Promise.all(
    Array.from({ length: 600 }, (_, place) => caller.call(urlAt(place), '/v1/echo', {})),
  )
  const count = (code: number) => burst.filter((reply) => reply.code === code).length
  t.same([count(passed), count(tooOften)], [most, 600 - most], 'of 600 at once 10 pass')

  const entries: Entry[] = []
  const seed = takeSeed(t)
  const dice = createDice(seed)
  const started = performance.now()
  await atRate(
    40,
    () => performance.now() - started > 4 * windowMs,
    async () => {
      // Not evenly: each waits for up to a second more.
      await new Promise((resolve) => setTimeout(resolve, dice() * 1_000))
      const [time, sent] = [performance.now(), performance.now()]
      const process = urlAt(dice() < 0.5 ? 0 : 1)
      const { code } = await caller.call(process, '/v1/prelogin', { login: randomName() })
      const tookMs = performance.now() - sent
      entries.push({ time, tookMs, process, operation: 'prelogin', input: '', reply: code })
    },
  )
  const ok = entries.filter(({ reply }) => reply === passed)
  const found = mostInWindow(ok, windowMs)
  t.comment(
    `of ${entries.length} calls over two processes ${ok.length} passed, at most ${found} in any ${windowMs / 1_000} s`,
  )
  t.ok(
    found <= most,
    `of ${entries.length} calls ${ok.length} passed, at most ${found} in any ${windowMs / 1_000} s`,
  )
  t.ok(ok.length >= 3 * most, 'and the limit lets pass what it may')
})

t.test('with a still clock never more than 10 calls pass in any 60 s', async (t) => {
  const seed = takeSeed(t)
  const dice = createDice(seed)
  const clock = createTestClock()
  const server = await openTestServer({
    clock,
    environment: { TORII__LIMITS__PRELOGIN: `[60, ${most}]` },
  })
  t.teardown(() => server.close())
  const entries: Entry[] = []
  const start = clock.now()
  let rateUntil = 0
  let perMinute = 0
  let calls = 0
  while (clock.now() - start < hours * 3_600_000) {
    if (clock.now() >= rateUntil) {
      // From almost nothing to six times the limit, five minutes each.
      perMinute = [1, 8, 12, 20, 60][Math.floor(dice() * 5)] ?? 1
      rateUntil = clock.now() + 300_000
    }
    clock.add(Math.round((-Math.log(1 - dice()) * 60_000) / perMinute))
    for (let left = dice() < 0.01 ? 15 : 1; left > 0; left--) {
      const { json } = await server.callJson('/v1/prelogin', { login: 'some-name' })
      const reply = Number(json.code)
      calls++
      if (reply !== tooOften)
        entries.push({ time: clock.now(), tookMs: 0, process: '', operation: 'prelogin', input: '', reply })
    }
  }
  t.ok(entries.every(({ reply }) => reply === passed))
  const found = mostInWindow(entries, 60_000)
  t.comment(`${hours} hours: of ${calls} calls ${entries.length} passed, at most ${found} in any 60 s`)
  t.equal(found, most, `of ${calls} calls ${entries.length} passed, at most ${found} in any 60 s`)
  t.ok(calls > 1_000 && entries.length > calls / 10 && entries.length < calls)
})
