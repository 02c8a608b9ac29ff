/** One turn of the event loop begins few requests, so that new connections are accepted beside busy ones. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { boundTurns } from '../../src/http/turns.ts'
import { openSocket, requestText } from './raw-socket.ts'

t.test('a thousand requests at once begin 16 a turn, and in the order in which they came', async (t) => {
  let turn = 0
  const begunAt: number[] = []
  const server = createServer((_request, response) => {
    begunAt.push(turn)
    response.end('done')
  })
  boundTurns(server)
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const sockets = await Promise.all(Array.from({ length: 250 }, () => openSocket(port)))
  const count = () => {
    turn++
    if (begunAt.length < 1_000) setImmediate(count)
  }
  setImmediate(count)
  for (const socket of sockets) socket.write(requestText('GET', '/').repeat(4))
  for (const socket of sockets)
    for (let reply = 0; reply < 4; reply++) t.equal((await socket.read())?.status, 200)
  for (const socket of sockets) socket.destroy()
  const perTurn = new Map<number, number>()
  for (const at of begunAt) perTurn.set(at, (perTurn.get(at) ?? 0) + 1)
  const most = Math.max(...perTurn.values())
  t.ok(most <= 32, `${most} requests began in one turn`)
})

t.test('while there is room a request begins at once', async (t) => {
  const begun: string[] = []
  const server = createServer((request, response) => {
    begun.push(request.url ?? '')
    response.end()
  })
  const turns = boundTurns(server)
  const call = (url: string) => server.emit('request', { url }, { end: () => {} })
  for (let at = 0; at < 20; at++) call(`/${at}`)
  t.equal(begun.length, 16)
  t.equal(turns.waiting(), 4)
  await new Promise<void>((resolve) => setImmediate(resolve))
  t.same(begun.at(-1), '/19')
  t.equal(turns.waiting(), 0)
})
