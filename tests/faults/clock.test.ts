/** Wrong clocks, and a clock of the server that is set while it runs. */
import t from 'tap'
import { createMemoryStore } from '../../src/adapters/store/memory.ts'
import { codes } from '../harness/codes.ts'
import { createDice, randomName } from '../harness/devices.ts'
import { createTestClock, openTestServer } from '../harness/test-server.ts'
import { createTotpClient } from '../harness/totp-client.ts'
import { takeSeed } from './history.ts'

const isLong = process.env.TORII_TEST_LONG === '1'
t.setTimeout(isLong ? 240_000 : 90_000)

const stepMs = 30_000
const calls = isLong ? 50_000 : 5_000
/**
 * The oldest clients know one step only, that of their own clock when the reply arrives. After each jump the server
 * has to learn them anew, which a trip over the edge of a step may look like: on average 0.8 % in 5,000 calls with
 * ten jumps, at worst 1.5 % (of 400 seeds, by arithmetic).
 */
const oldestReadable = isLong ? 0.99 : 0.98
const opened = codes.OK
const refused = codes.ENVELOPE_REFUSED

t.test('5,000 calls of clients up to 30 s off, at a server whose clock jumps by 30 s', async (t) => {
  const seed = takeSeed(t)
  const dice = createDice(seed)
  const clock = createTestClock()
  const server = await openTestServer({ clock })
  t.teardown(() => server.close())
  /** How far the server's clock is from the true time. */
  let aheadMs = 0
  const trueNow = () => clock.now() - aheadMs
  const offsets = Array.from({ length: 50 }, (_, place) => {
    if (place < 6) return [-30_000, 0, 30_000][place % 3] ?? 0
    return Math.round((dice() * 2 - 1) * 30_000)
  })
  const clients = await Promise.all(
    offsets.map(async (offsetMs) => {
      const now = () => trueNow() + offsetMs
      return { now, ...createTotpClient({ send: server.send, device: await server.provision(), now }) }
    }),
  )
  const counts = {
    inside: 0,
    readable: 0,
    readableByOldest: 0,
    refusedInside: 0,
    outside: 0,
    acceptedOutside: 0,
  }
  for (let call = 0; call < calls; call++) {
    clock.add(Math.round(-Math.log(1 - dice()) * 1_000))
    if (call % (calls / 10) === calls / 10 - 1) {
      // To another of: right, 30 s behind, 30 s ahead.
      const others = [-30_000, 0, 30_000].filter((it) => it !== aheadMs)
      const next = others[Math.floor(dice() * others.length)] ?? 0
      clock.jump(next - aheadMs)
      aheadMs = next
    }
    const client = clients[Math.floor(dice() * clients.length)]
    if (!client) throw new Error('no client')
    const j = client.seal({ apiver: 1, n: call })
    const sealedIn = Math.floor(client.now() / stepMs)
    clock.add(Math.round(dice() * 80))
    const isInside = Math.abs(sealedIn - Math.floor(clock.now() / stepMs)) <= 1
    const reply = await server.send({
      method: 'POST',
      url: '/v1/echo',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ t: client.device.t, j }).toString(),
    })
    clock.add(Math.round(dice() * 80))
    const isRefused = reply.body.startsWith('{') && JSON.parse(reply.body).code === refused
    if (isInside) counts.inside++
    else counts.outside++
    if (!isInside && !isRefused) counts.acceptedOutside++
    if (!isInside) continue
    if (isRefused) {
      counts.refusedInside++
      continue
    }
    // As docs/protocol.md has it: the step of now, that of the request, and those beside them.
    const moments = [client.now(), sealedIn * stepMs].flatMap((at) => [at, at - stepMs, at + stepMs])
    if (client.read(reply.body)?.code === opened) counts.readableByOldest++
    if (client.read(reply.body, moments)?.code === opened) counts.readable++
  }
  t.comment(JSON.stringify(counts))
  t.equal(counts.acceptedOutside, 0, `of ${counts.outside} beyond one step none is accepted`)
  t.equal(counts.refusedInside, 0, `of ${counts.inside} within one step none is refused`)
  const share = (count: number) => count / counts.inside
  const percent = (count: number) => `${(100 * share(count)).toFixed(2)} %`
  t.comment(
    `opened and readable ${percent(counts.readable)}, to clients that try one step ${percent(counts.readableByOldest)}`,
  )
  t.ok(share(counts.readable) >= 0.99, `${percent(counts.readable)} opened and readable`)
  t.ok(share(counts.readableByOldest) >= oldestReadable, 'also to the oldest clients')
})

t.test('no lifetime ends early or late when the clock is set', async (t) => {
  const clock = createTestClock()
  const store = createMemoryStore({ maxKeys: 1_000, clock })
  t.teardown(() => store.close())
  for (const jumpMs of [30_000, -30_000, 3_600_000, -3_600_000]) {
    await store.set('value', 'x', 10_000)
    await store.claim('claim', 'x', 10_000)
    await store.setTouched('touched', 'x', 10_000)
    await store.increment('sum', 10_000)
    t.equal(await store.pass('log', 10_000, 1), 0)
    const all = async () => {
      const { value, sinceUseMs } = await store.touch('touched', 0, ['value', 'claim', 'sum'])
      const waitMs = await store.pass('log', 10_000, 1)
      return { value, sinceUseMs, waitMs, claim: await store.get('claim') }
    }
    clock.add(4_000)
    clock.jump(jumpMs)
    t.same(await all(), { value: 'x', sinceUseMs: 4_000, waitMs: 6_000, claim: 'x' }, `${jumpMs} ms`)
    clock.add(5_999)
    t.same(await all(), { value: 'x', sinceUseMs: 9_999, waitMs: 1, claim: 'x' })
    clock.add(1)
    t.equal(await store.get('value'), undefined)
    t.equal(await store.get('claim'), undefined)
    t.equal((await store.touch('touched', 0, [])).value, undefined)
    t.equal(await store.pass('log', 10_000, 1), 0)
    clock.add(10_000)
  }
})

t.test('a limit lasts as long as it says while the clock jumps', async (t) => {
  let aheadMs = 0
  const clock = { now: () => Date.now() + aheadMs, elapsed: () => performance.now() }
  const server = await openTestServer({ clock, environment: { TORII__LIMITS__PRELOGIN: '[1, 1]' } })
  t.teardown(() => server.close())
  const call = async () => (await server.callJson('/v1/prelogin', { login: randomName() })).json.code
  for (const jumpMs of [30_000, -30_000, -30_000, 30_000]) {
    const sent = performance.now()
    t.equal(await call(), opened)
    const passedAt = performance.now()
    aheadMs += jumpMs
    let refusedAt = passedAt
    for (;;) {
      const askedAt = performance.now()
      if ((await call()) === opened) break
      refusedAt = askedAt
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    const openedAt = performance.now()
    // However late this busy machine asks: it was still shut before, and open after.
    t.ok(
      refusedAt - passedAt <= 1_100,
      `${jumpMs} ms: still shut after ${Math.round(refusedAt - passedAt)} ms`,
    )
    t.ok(openedAt - sent >= 900, `open after ${Math.round(openedAt - sent)} ms`)
    await new Promise((resolve) => setTimeout(resolve, 1_010))
  }
})
