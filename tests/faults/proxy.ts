/** A small proxy as people put in front of several processes: round robin, and out goes who is not ready. */
import { Agent, createServer, get, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

type Backend = { url: string; isIn: boolean }

const pollMs = 50
/** For this long a call waits for a server to be ready. */
const holdMs = 10_000
/** Headers that concern one connection only. */
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding'])

const isReady = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const asked = get(`${url}/readyz`, { agent: false, timeout: 2_000 }, (reply) => {
      reply.resume()
      resolve(reply.statusCode === 200)
    })
    asked.on('error', () => resolve(false))
    asked.on('timeout', () => asked.destroy())
  })

const readBody = async (message: IncomingMessage) => {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export const startProxy = async () => {
  const agent = new Agent({ keepAlive: true })
  let backends: Backend[] = []
  let turn = 0

  const next = () => {
    const usable = backends.filter(({ isIn }) => isIn)
    return usable[turn++ % usable.length]
  }
  const refuse = (reply: ServerResponse, why: string) =>
    reply.writeHead(502).end(JSON.stringify({ code: why }))
  const waitForNext = async () => {
    const deadline = performance.now() + holdMs
    let backend = next()
    while (!backend && performance.now() < deadline) {
      await delay(pollMs)
      backend = next()
    }
    return backend
  }
  const forward = async (message: IncomingMessage, body: Buffer, reply: ServerResponse) => {
    const backend = await waitForNext()
    if (!backend) return refuse(reply, 'NO_BACKEND')
    const { method, headers } = message
    const sent = request(backend.url + message.url, { agent, method, headers }, async (answer) => {
      const kept = Object.entries(answer.headers).filter(([name]) => !hopByHop.has(name))
      const text = await readBody(answer).catch(() => undefined)
      if (text === undefined) return refuse(reply, 'CUT')
      reply.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept)).end(text)
    })
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // No server has seen this call: it had stopped listening, or stopped before it accepted the connection. Any other
      // call may have run, so a proxy must not send it again.
      const isUnseen = error.code === 'ECONNREFUSED' || (error.code === 'ECONNRESET' && !sent.reusedSocket)
      if (!isUnseen) return refuse(reply, `BACKEND_${error.code}`)
      backend.isIn = false
      forward(message, body, reply)
    })
    sent.end(body)
  }

  const server = createServer(async (message, reply) => forward(message, await readBody(message), reply))
  // Its clients keep connections that are idle for seconds: none is closed under their hands.
  server.keepAliveTimeout = 120_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const poll = setInterval(() => {
    for (const backend of backends)
      isReady(backend.url).then((ready) => {
        backend.isIn = ready
      })
  }, pollMs)

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    add: (url: string) => {
      backends.push({ url, isIn: false })
    },
    remove: (url: string) => {
      backends = backends.filter((one) => one.url !== url)
    },
    isIn: (url: string) => backends.some((one) => one.url === url && one.isIn),
    close: () => {
      clearInterval(poll)
      agent.destroy()
      server.close()
      server.closeAllConnections()
    },
  }
}
