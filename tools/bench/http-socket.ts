/**
 * One keep-alive connection with one request at a time, as lean as Node allows: the load shares its core with the
 * databases, so what it spends is missing there.
 */
import { connect } from 'node:net'

export type HttpSocket = { send(request: Uint8Array): void; close(): void }

export type HttpSocketOptions = {
  port: number
  /** The address that the server sees; undefined: as the system chooses. */
  localAddress: string | undefined
  onOpen(): void
  /** The body is valid during the call only. */
  onReply(status: number, body: Buffer): void
  /** The connection ended though neither side closed it. */
  onLost(reason: string): void
}

const bufferBytes = 65_536

export const openHttpSocket = (options: HttpSocketOptions): HttpSocket => {
  let pending: Buffer | undefined
  let isClosed = false
  let reason = 'the server closed the connection'
  const read = (length: number, buffer: Uint8Array) => {
    const chunk = Buffer.from(buffer.buffer, buffer.byteOffset, length)
    const whole = pending === undefined ? chunk : Buffer.concat([pending, chunk])
    const reply = readReply(whole)
    // The buffer is used again for the next chunk.
    pending = reply === undefined ? Buffer.from(whole) : undefined
    if (reply !== undefined) options.onReply(reply.status, reply.body)
    return true
  }
  const { port, localAddress } = options
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    localAddress,
    onread: { buffer: Buffer.alloc(bufferBytes), callback: read },
  })
  socket.on('connect', options.onOpen)
  socket.on('error', (error) => {
    reason = error.message
  })
  socket.on('close', () => {
    if (!isClosed) options.onLost(reason)
  })
  return {
    send: (request) => {
      socket.write(request)
    },
    close: () => {
      isClosed = true
      socket.destroy()
    },
  }
}

/** A reply with its body, or undefined while some of it is missing. */
export const readReply = (bytes: Buffer): { status: number; body: Buffer } | undefined => {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = bytes.toString('latin1', 0, end)
  const status = Number(head.slice(9, 12))
  const body = bytes.subarray(end + 4)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined) {
    return body.length < Number(length) ? undefined : { status, body: body.subarray(0, Number(length)) }
  }
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return { status, body }
  const joined = joinChunks(body)
  return joined && { status, body: joined }
}

const joinChunks = (bytes: Buffer): Buffer | undefined => {
  const parts: Buffer[] = []
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const length = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const from = lineEnd + 2
    if (bytes.length < from + length + 2) return undefined
    if (length === 0) return Buffer.concat(parts)
    parts.push(bytes.subarray(from, from + length))
    at = from + length + 2
  }
}
