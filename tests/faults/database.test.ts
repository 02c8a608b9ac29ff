/** What a server does while MariaDB is stopped, or its replicas are away. */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { atRate, inLoops, patiently } from '../harness/callers.ts'
import { codes } from '../harness/codes.ts'
import { createDevice, createDice, type Device, randomName, registration } from '../harness/devices.ts'
import { until } from '../harness/test-server.ts'
import { watchMachine } from './control.ts'
import { countReplies, createHistory, type Entry, judgeMade, quantileMs, takeSeed } from './history.ts'
import { countUsers, findHalfMade } from './people.ts'
import { countExecuted, createReader, openReplicated, queueLimit, readWaiting } from './replicated.ts'

t.setTimeout(300_000)
const dice = createDice(takeSeed(t))
const world = await openReplicated(t)
const { server, primary, replicas, devices, slowness } = world
t.comment(`everything takes ${slowness.toFixed(1)} times as long as on a machine with nothing else to do`)
const machine = await watchMachine(t)

/** Fewer on a machine that is busy with other things. */
const readsPerSecond = 60 / slowness
const readOk = [codes.OK]
const [registered, taken, away, overloaded] = [
  codes.REGISTERED,
  codes.ALREADY_REGISTERED,
  codes.DATABASE_UNREACHABLE,
  codes.OVERLOADED,
]
const isGood = ({ reply }: Entry) => readOk.includes(Number(reply))
const during = (entries: readonly Entry[], from: number, to: number) =>
  entries.filter(({ time }) => time >= from && time < to)
const fileOf = (name: string) => join(world.folder, `${name}-${randomName()}.jsonl`)

t.test('a primary that is stopped for 10 s', async (t) => {
  const history = createHistory(fileOf('primary'))
  const read = createReader(world, history)
  let isOver = false

  /** Registers one user after the other, each until it is answered for, with the same bytes while they open. */
  const write = async (device: Device) => {
    const input = randomName()
    const members = await patiently(registration(device, server, input)).catch(() => undefined)
    if (!members) return !isOver
    const what = { process: server.url, operation: 'register', input }
    for (
      let j = device.seal(members), sealedAt = Date.now();
      ;
      await delay((600 + 800 * dice()) * slowness)
    ) {
      if (Date.now() - sealedAt > 20_000) [j, sealedAt] = [device.seal(members), Date.now()]
      const reply = await history.call(what, () => patiently(device.send(server, '/v1/register', j)))
      if (reply?.code === registered || reply?.code === taken) break
    }
    await delay((500 + 1_000 * dice()) * slowness)
    return !isOver
  }
  const writers = devices.slice(-40).map((device) => createDevice(device))
  const waiting: number[] = []
  const watch = async () => {
    waiting.push(await readWaiting(world.metricsPort))
    await delay(100)
    return !isOver
  }
  const load = Promise.all([
    inLoops(writers.length, (index) => write(writers[index] as Device)),
    atRate(readsPerSecond, () => isOver, read),
    inLoops(1, watch),
  ])
  const isRead = ({ operation }: Entry) => operation === 'read'
  await until('users are registered', () => history.read().some(({ reply }) => reply === registered))
  // The first calls of a process are slow: these are left out of what the machine does in quiet.
  const warmAt = Date.now() + 500
  await until(
    'reads are quick',
    () => during(history.read(), warmAt, Date.now()).filter(isRead).length >= 2 * readsPerSecond,
  )
  const quietMs = quantileMs(during(history.read(), warmAt, Date.now()).filter(isRead), 0.99)
  await primary.kill('SIGSTOP')
  const stoppedAt = Date.now()
  await delay(10_000)
  await primary.kill('SIGCONT')
  const continuedAt = Date.now()
  await delay(3_000)
  isOver = true
  await load

  const nowSlowness = Math.max(slowness, machine.slowness(stoppedAt, Date.now()))
  t.comment(`${nowSlowness.toFixed(1)} times as long meanwhile`)
  /** A machine that is that busy refuses some for being so. */
  const isBusy = nowSlowness > 1.5
  const entries = history.read()
  const writes = entries.filter(({ operation }) => operation === 'register')
  const refused = during(writes, stoppedAt, continuedAt - 3_000)
  const late = during(writes, stoppedAt + 3_000, continuedAt - 3_000)
  const reads = during(entries.filter(isRead), stoppedAt, continuedAt)
  const firstGood = Math.min(
    ...writes
      .filter(({ reply, time, tookMs }) => reply === registered && time + tookMs >= continuedAt)
      .map(({ time, tookMs }) => time + tookMs),
  )
  const lastBad = Math.max(
    ...writes
      .filter(({ reply }) => reply !== registered && reply !== taken)
      .map((one) => one.time + one.tookMs),
  )
  const judged = judgeMade(
    entries.filter(({ operation }) => operation === 'register'),
    registered,
    await countUsers(world.db),
  )
  const halfMade = await findHalfMade(world.db)
  t.comment(`writes refused ${JSON.stringify(countReplies(refused))}, slowest ${quantileMs(refused, 1)} ms`)
  t.comment(`from 3 s on ${JSON.stringify(countReplies(late))}, slowest ${quantileMs(late, 1)} ms`)
  t.comment(
    `reads ${JSON.stringify(countReplies(reads))}, p50 ${quantileMs(reads, 0.5)} p99 ${quantileMs(reads, 0.99)} ms, before it ${quietMs} ms`,
  )
  t.comment(
    `first write ${firstGood - continuedAt} ms after SIGCONT, last refusal ${lastBad - continuedAt} ms`,
  )
  t.comment(`at most ${Math.max(...waiting)} waited of ${queueLimit}`)
  t.comment(
    `${judged.acknowledged} registered, missing ${judged.missing.length}, half-made ${halfMade.length}`,
  )
  t.strictSame(judged.missing, [])
  t.strictSame(judged.duplicates, [])
  t.strictSame(halfMade, [])
  const isRefusal = ({ reply }: Entry) => reply === away || reply === overloaded
  const isLate = (one: Entry) => one.tookMs > 3_000 * slowness + machine.excuseMs(one)
  t.ok(refused.length > 0)
  t.strictSame(refused.filter(isLate).slice(0, 3), [], 'each write is refused within 3 s')
  t.ok(refused.every(isRefusal))
  t.ok(late.some(({ reply }) => reply === away) && late.every(isRefusal))
  if (!isBusy) t.strictSame(Object.keys(countReplies(late)), [String(away)])
  t.ok(reads.length > 5 * readsPerSecond, 'replicas go on')
  t.ok(reads.every((one) => isGood(one) || (isBusy && one.reply === overloaded)))
  t.ok(quantileMs(reads, 0.99) < Math.max(300 * nowSlowness, quietMs))
  t.ok(Math.max(...waiting) <= queueLimit && Math.max(...waiting) > 0, 'some wait, and no more than may')
  const recoveredMs = Math.max(firstGood, lastBad) - continuedAt
  const excuseMs = machine.excuseMs({ time: continuedAt, tookMs: recoveredMs })
  t.ok(recoveredMs <= 2_000 * slowness + excuseMs, 'it recovers within 2 s')
})

const [first, second] = replicas
const faults = [
  { title: 'a replica that is killed', hit: [first], signal: 'SIGKILL' },
  { title: 'a replica that is stopped', hit: [first], signal: 'SIGSTOP' },
  { title: 'both replicas killed', hit: [first, second], signal: 'SIGKILL' },
] as const

for (const { title, hit, signal } of faults)
  t.test(`${title}: no read fails, and they are back in rotation`, async (t) => {
    const history = createHistory(fileOf('replica'))
    const read = createReader(world, history)
    let isOver = false
    const load = atRate(readsPerSecond, () => isOver, read)
    const isRead = async (one: (typeof replicas)[number]) => {
      const before = await countExecuted(one)
      await until('is read', async () => (await countExecuted(one)) > before)
    }
    await Promise.all(replicas.map(isRead))
    await Promise.all(hit.map((one) => one.kill(signal)))
    const goneAt = Date.now()
    await delay(4_000)
    const readsOfPrimary = await countExecuted(primary)
    await delay(1_000)
    const moved = (await countExecuted(primary)) - readsOfPrimary
    await Promise.all(hit.map((one) => (signal === 'SIGKILL' ? one.restart() : one.kill('SIGCONT'))))
    const backAt = Date.now()
    const backMs = await Promise.all(
      hit.map(async (one) => {
        await isRead(one)
        return Date.now() - backAt
      }),
    )
    isOver = true
    await load

    const entries = history.read()
    const away = during(entries, goneAt, backAt)
    t.comment(
      `reads ${JSON.stringify(countReplies(entries))}; while away p50 ${quantileMs(away, 0.5)} p99 ${quantileMs(away, 0.99)} slowest ${quantileMs(away, 1)} ms`,
    )
    t.comment(
      `read again ${backMs.join(' and ')} ms after the return; ${moved} statements a second on the primary`,
    )
    t.ok(entries.length > 5 * readsPerSecond)
    t.strictSame(entries.filter((entry) => !isGood(entry)).slice(0, 3), [])
    if (hit.length === replicas.length) t.ok(moved > readsPerSecond / 2, 'reads move to the primary')
    t.ok(Math.max(...backMs) <= 10_000)
  })
