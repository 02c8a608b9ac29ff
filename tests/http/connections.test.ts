/** Bounds on connections that add up: at a bound the ones that have been idle longest give way. */
import t from 'tap'
import { until } from '../harness/test-server.ts'
import { openSocket, requestText } from './raw-socket.ts'
import { openWorld, type World } from './world.ts'

type Socket = Awaited<ReturnType<typeof openSocket>>
const health = requestText('GET', '/healthz')

const call = async (socket: Socket) => {
  socket.write(health)
  return (await socket.read())?.status
}
const open = async (port: number, localAddress: string) => {
  const socket = await openSocket(port, { localAddress })
  await call(socket)
  return socket
}
const countOpen = async (sockets: Socket[]) => {
  const statuses = await Promise.all(sockets.map((socket) => call(socket)))
  return statuses.filter((status) => status === 200).length
}

const openBounded = (t: Parameters<typeof openWorld>[0], bounds: Record<string, string>): Promise<World> =>
  openWorld(
    t,
    Object.fromEntries(Object.entries(bounds).map(([name, value]) => [`TORII__SERVER__${name}`, value])),
  )

t.test('ten addresses that hold all connections lose idle ones to a new caller', async (t) => {
  const world = await openBounded(t, { MAX_CONNECTIONS: '20', MAX_CONNECTIONS_PER_ADDRESS: '2' })
  const port = await world.listen()
  const held: Socket[] = []
  for (let at = 0; at < 20; at++) held.push(await open(port, `127.0.4.${1 + (at >> 1)}`))
  const caller = await openSocket(port, { localAddress: '127.0.9.1' })
  t.equal(await call(caller), 200, 'the new caller is served')
  const left = await countOpen(held)
  t.ok(left >= 17 && left < 20, `${left} of 20 are left`)
  t.equal(await call(held[0] as Socket), undefined, 'the oldest one closed')
  t.equal(await call(held[19] as Socket), 200, 'the newest one is kept')
  for (const socket of [...held, caller]) socket.destroy()
})

t.test('the network that holds the most gives way, not an older connection of another one', async (t) => {
  const world = await openBounded(t, { MAX_CONNECTIONS: '20' })
  const port = await world.listen()
  const honest = await open(port, '127.0.9.1')
  const held: Socket[] = []
  for (let at = 0; at < 19; at++) held.push(await open(port, `127.0.4.${1 + at}`))
  for (let at = 0; at < 10; at++) (await open(port, `127.0.5.${1 + at}`)).destroy()
  t.equal(await call(honest), 200)
  t.ok((await countOpen(held)) < 19)
  for (const socket of [...held, honest]) socket.destroy()
})

t.test('an address, and a /24, keep to their share while others have room', async (t) => {
  const world = await openBounded(t, { MAX_CONNECTIONS_PER_ADDRESS: '3', MAX_CONNECTIONS_PER_NETWORK: '6' })
  const port = await world.listen()
  const one: Socket[] = []
  for (let at = 0; at < 10; at++) one.push(await open(port, '127.0.4.1'))
  t.equal(await countOpen(one), 3, 'one address')
  t.equal(await call(one[9] as Socket), 200, 'the newest ones')
  const others: Socket[] = []
  for (let at = 2; at < 20; at++) others.push(await open(port, `127.0.4.${at}`))
  t.equal(await countOpen([...one, ...others]), 6, 'its /24')
  for (const socket of [...one, ...others]) socket.destroy()
})

t.test('a connection whose request is being served is not closed for a new one', async (t) => {
  const world = await openBounded(t, { MAX_CONNECTIONS_PER_ADDRESS: '1' })
  const port = await world.listen()
  const { appId, appSecret } = world.app
  const body = JSON.stringify({ appid: appId, appsecret: appSecret })
  const busy = await open(port, '127.0.4.1')
  // The rest of its body is still to come.
  busy.write(requestText('POST', '/v1/echo', { type: 'application/json', body }).slice(0, -5))
  await until('the request has begun', async () => {
    const other = await openSocket(port, { localAddress: '127.0.4.1' })
    return (await call(other)) === undefined
  })
  busy.write(body.slice(-5))
  t.equal((await busy.read())?.status, 200)
  busy.destroy()
})
