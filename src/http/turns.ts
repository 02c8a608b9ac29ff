/**
 * Bounds the requests that begin in one turn of the event loop. libuv accepts one new connection a turn; with a thousand
 * busy connections a turn that served all of them would take 100 ms, and new callers would wait for seconds.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/** So few that a turn takes a few milliseconds, so many that the cost of a turn itself does not show. */
const mostBegunInTurn = 16

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** Puts the server's handler behind a queue: first come, first served, and at once while the turn has room. */
export const boundTurns = (server: Server) => {
  const handlers = server.listeners('request') as Handler[]
  const waiting: [IncomingMessage, ServerResponse][] = []
  let begun = 0
  let isTurnWatched = false

  const begin = (request: IncomingMessage, response: ServerResponse) => {
    begun++
    for (const handle of handlers) handle.call(server, request, response)
  }

  const startTurn = () => {
    begun = 0
    for (const [request, response] of waiting.splice(0, mostBegunInTurn)) begin(request, response)
    isTurnWatched = begun > 0
    if (isTurnWatched) setImmediate(startTurn)
  }

  server.removeAllListeners('request')
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!isTurnWatched) {
      isTurnWatched = true
      setImmediate(startTurn)
    }
    if (waiting.length === 0 && begun < mostBegunInTurn) begin(request, response)
    else waiting.push([request, response])
  })
  return { waiting: () => waiting.length }
}
