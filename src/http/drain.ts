/** Ends a listening server so that whatever has reached it is answered. */
import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'

/** For this long at most it goes on accepting connections that have arrived. */
const acceptMs = 2_000
/** After this long without a call the remaining connections are closed. Until then each reply closes its own. */
const idleMs = 500
/** Looks at most so many times: a busy machine takes seconds to answer all callers. */
const mostLooks = 10

/**
 * `http.Server.close` alone would cut connections on which a request is already under way. So it stops accepting
 * first, and both that and the closing of idle connections follow a look at what the kernel has for us: the
 * immediate of a turn of the event loop runs right after that look.
 */
export const endConnections = async (server: Server): Promise<void> => {
  await acceptWaiting(server)
  NetServer.prototype.close.call(server)
  await untilQuiet(server)
  await nextTurn()
  server.closeIdleConnections()
}

const untilQuiet = async (server: Server): Promise<void> => {
  let requests = 0
  const count = () => {
    requests++
  }
  server.on('request', count)
  for (let look = 0, seen = -1; look < mostLooks && seen !== requests; look++) {
    seen = requests
    await delay(idleMs)
  }
  server.off('request', count)
}

/** Each turn takes one connection of those that the kernel holds, and two without any show that it holds none. */
const acceptWaiting = async (server: Server): Promise<void> => {
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
  }, acceptMs)
  let quietTurns = 0
  const interrupt = () => {
    quietTurns = 0
  }
  server.on('connection', interrupt)
  while (quietTurns < 2 && !isLate) {
    quietTurns++
    await nextTurn()
  }
  clearTimeout(timer)
  server.off('connection', interrupt)
}
