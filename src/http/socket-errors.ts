/** What Node refuses before Fastify sees a request: it passes limit, ban and catalogue like everything else. */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type ErrorName, Failure, type Language } from '../protocol/errors.ts'
import { composeFailure } from './reply.ts'

export type SocketErrorNeeds = {
  admit(remoteAddress: string): Promise<void>
  language: Language
  now(): number
}

const rows: Record<string, [status: number, name: ErrorName]> = {
  HPE_HEADER_OVERFLOW: [431, 'TOO_LONG'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'PARAMETER_INVALID'],
  HPE_INVALID_METHOD: [405, 'METHOD_NOT_SUPPORTED'],
}

export const createSocketErrorHandler = ({ admit, language, now }: SocketErrorNeeds) => {
  return async (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return socket.destroy()
    let [status, name] = rows[error.code ?? ''] ?? [400, 'PARAMETER_INVALID']
    let failure = new Failure(name)
    try {
      await admit(socket.remoteAddress ?? '')
    } catch (refusal) {
      failure = refusal instanceof Failure ? refusal : new Failure('INTERNAL')
      name = failure.entry.name
      status = failure.entry.status
    }
    const body = JSON.stringify(composeFailure(failure, language, now()))
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      'cache-control: no-store',
      'connection: close',
    ]
    if (socket.writable) socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
    return undefined
  }
}
