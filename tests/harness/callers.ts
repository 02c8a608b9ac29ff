/** Calls as JSON over connections that are kept, with the app's credentials: lean, so that the servers get the cores. */
import { Agent, request } from 'node:http'

export type Members = Record<string, unknown>
export type Reply = { code: number; status: number; headers: NodeJS.Dict<string | string[]>; json: Members }
export type Credentials = { appId: string; appSecret: string }

/** Fails when the connection does, or after `patienceMs` without a reply. */
export const createJsonCaller = ({
  app,
  connections = 50,
  patienceMs = 20_000,
  from = '127.0.0.1',
}: {
  app: Credentials
  connections?: number
  patienceMs?: number
  /** The loopback address that the calls come from. */
  from?: string
}) => {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, localAddress: from })
  const credentials = { appid: app.appId, appsecret: app.appSecret }
  return {
    call: (url: string, path: string, members: Members = {}): Promise<Reply> => {
      const body = Buffer.from(JSON.stringify({ ...credentials, ...members }))
      const headers = { 'content-type': 'application/json', 'content-length': body.length }
      return new Promise((resolve, reject) => {
        const sent = request(url + path, { agent, method: 'POST', headers }, (response) => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', (chunk) => {
            text += chunk
          })
          response.on('error', reject)
          response.on('end', () => {
            const { statusCode: status = 0, headers } = response
            try {
              const json = JSON.parse(text) as Members
              const code = Number(json.code)
              // A proxy that has no reply says why by a word.
              if (Number.isNaN(code)) reject(Object.assign(new Error('no reply'), { code: json.code }))
              else resolve({ code, status, headers, json })
            } catch (error) {
              reject(error)
            }
          })
        })
        const late = () => sent.destroy(Object.assign(new Error('no reply'), { code: 'NO_REPLY' }))
        sent.setTimeout(patienceMs, late)
        sent.on('error', (error: NodeJS.ErrnoException) => {
          // No process has accepted this connection: the kernel answered for a server that had stopped listening.
          const isNew = error.code === 'ECONNRESET' && !sent.reusedSocket
          reject(isNew ? Object.assign(error, { code: 'ECONNRESET_NEW' }) : error)
        })
        sent.end(body)
      })
    },
    close: () => agent.destroy(),
  }
}

export type JsonCaller = ReturnType<typeof createJsonCaller>

/** Fails after some time without a reply. */
export const patiently = async <T>(sent: Promise<T>, patienceMs = 20_000): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error('no reply'), { code: 'NO_REPLY' })), patienceMs)
  })
  return Promise.race([sent, late]).finally(() => clearTimeout(timer))
}

/** Runs `work` in that many loops until it answers false. */
export const inLoops = async (count: number, work: (loop: number) => Promise<boolean>): Promise<void> => {
  const loop = async (_: unknown, index: number) => {
    while (await work(index));
  }
  await Promise.all(Array.from({ length: count }, loop))
}

/** Starts `work` that many times a second until `isOver`, whether or not earlier ones have ended. */
export const atRate = async (
  perSecond: number,
  isOver: () => boolean,
  work: (index: number) => Promise<unknown>,
): Promise<void> => {
  const started = performance.now()
  const running: Promise<unknown>[] = []
  while (!isOver()) {
    const due = Math.floor(((performance.now() - started) / 1_000) * perSecond)
    while (running.length < due) running.push(work(running.length))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(running)
}
