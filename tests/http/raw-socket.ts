/** A bare connection: sends bytes as they are, and reads whole replies. */
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export type RawReply = { status: number; headers: Record<string, string>; body: string }

export const openSocket = async (port: number, { tls = false, localAddress = '127.0.0.1' } = {}) => {
  const where = { port, host: '127.0.0.1', localAddress }
  const socket: Socket = tls ? connectTls({ ...where, rejectUnauthorized: false }) : connectTcp(where)
  let received = Buffer.alloc(0)
  let isClosed = false
  let wake = () => {}
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes])
    wake()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
    wake()
  })
  await new Promise<void>((resolve) => socket.once(tls ? 'secureConnect' : 'connect', resolve))

  /** Waits until something new came; false after `ms`. */
  const changed = (ms: number) =>
    new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), ms)
      wake = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })

  const takeReply = (hasBody: boolean): RawReply | undefined => {
    const end = received.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const [start = '', ...lines] = received.toString('latin1', 0, end).split('\r\n')
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.replace(/^[^:]*:\s*/, '')]),
    )
    const length = hasBody ? Number(headers['content-length'] ?? 0) : 0
    if (received.length < end + 4 + length) return undefined
    const body = received.toString('utf8', end + 4, end + 4 + length)
    received = received.subarray(end + 4 + length)
    return { status: Number(start.split(' ')[1]), headers, body }
  }

  return {
    write: (text: string | Uint8Array) => {
      if (!isClosed) socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text)
    },
    /** The next reply; undefined when the other side closed instead. */
    read: async ({ hasBody = true, ms = 10_000 } = {}): Promise<RawReply | undefined> => {
      for (;;) {
        const reply = takeReply(hasBody)
        if (reply || isClosed) return reply
        if (!(await changed(ms))) throw new Error(`no reply within ${ms} ms`)
      }
    },
    /** Resolves when the other side has closed, to what it had still sent. */
    closed: async (ms = 10_000): Promise<string> => {
      while (!isClosed) if (!(await changed(ms))) throw new Error(`still open after ${ms} ms`)
      return received.toString()
    },
    destroy: () => socket.destroy(),
  }
}

/** A request as text, a byte a letter. `headers` come behind Host and the length of the body. */
export const requestText = (
  method: string,
  url: string,
  { body = '', type = '', headers = [] as string[], host = 'localhost' } = {},
) =>
  [
    `${method} ${url} HTTP/1.1`,
    `Host: ${host}`,
    ...(type ? [`Content-Type: ${type}`] : []),
    ...(body ? [`Content-Length: ${body.length}`] : []),
    ...headers,
    '',
    body,
  ].join('\r\n')

export const formType = 'application/x-www-form-urlencoded'
export const jsonType = 'application/json'
