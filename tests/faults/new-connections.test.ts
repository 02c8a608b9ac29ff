/** A caller on a new connection is answered beside a thousand connections that are always busy. */
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { codes } from '../harness/codes.ts'
import { openShared, spawnServer } from '../harness/test-server.ts'
import { openSocket, requestText } from '../http/raw-socket.ts'
import { openLoad, writeCall } from './load.ts'
import { quantile } from './machine.ts'

t.setTimeout(120_000)

const connections = 1_000
const busyMs = 8_000
const probeMs = 5_000
/** Times the median of the busy connections. */
const mostTimes = 5

t.test('a new connection is answered within five times the median of a thousand busy ones', async (t) => {
  const shared = await openShared({
    TORII__LIMITS__ECHO: '[1, 1000000]',
    TORII__SERVER__MAX_CONNECTIONS_PER_ADDRESS: '2000',
  })
  t.teardown(() => shared.close())
  const server = await spawnServer(shared.environment)
  t.teardown(() => server.stop())
  const port = Number(new URL(server.url).port)
  const load = openLoad(t)
  const requests = [writeCall(shared.app, '/v1/echo', { n: 'busy' })]
  await load({ port, ms: 500, connections, requests, pace: { loops: connections } })
  const busy = load({ port, ms: busyMs, connections, requests, pace: { loops: connections } })

  const times: number[] = []
  const probe = async () => {
    const since = performance.now()
    const socket = await openSocket(port)
    socket.write(requestText('GET', '/healthz'))
    const reply = await socket.read({ ms: 60_000 })
    times.push(performance.now() - since)
    t.equal(reply?.status, 200)
    socket.destroy()
  }
  const probes: Promise<void>[] = []
  await delay(1_500)
  for (const end = performance.now() + probeMs; performance.now() < end; await delay(50)) probes.push(probe())
  await Promise.all(probes)

  const { samples } = await busy
  const inside = quantile(
    samples.map(([, ms]) => ms),
    0.5,
  )
  const outside = quantile(times, 0.5)
  t.comment(
    `${samples.length} calls inside, median ${inside.toFixed(0)} ms; ${times.length} new connections, median ${outside.toFixed(0)} ms`,
  )
  t.ok(
    samples.every(([code]) => code === codes.OK),
    'every busy call is answered',
  )
  t.ok(outside <= mostTimes * inside, `${(outside / inside).toFixed(1)} times the median of those inside`)
})
