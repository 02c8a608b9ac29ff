/** What Node refuses before Fastify sees a request: it passes limit, ban and catalogue like everything else. */
import { once } from 'node:events'
import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ErrorName, Failure, type Language } from '../protocol/errors.ts'
import type { Answered } from './access-log.ts'
import type { Address } from './caller.ts'
import { composeFailure, retryAfterOf } from './reply.ts'

export type SocketErrorNeeds = {
  /** Who is behind a socket. */
  describeAddress(remoteAddress: string): Address
  /** Throws what refuses the address. */
  admit(address: Address): Promise<void>
  /** Counts the refusal and writes its line, as for every request. */
  writeAccessLog(answered: Answered): void
  securityHeaders: Record<string, string>
  language: Language
  now(): number
}

const rows: Record<string, [status: number, name: ErrorName]> = {
  HPE_HEADER_OVERFLOW: [431, 'TOO_LONG'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'PARAMETER_INVALID'],
  HPE_INVALID_METHOD: [405, 'METHOD_NOT_SUPPORTED'],
}

export const createSocketErrors = (needs: SocketErrorNeeds) => {
  const latest = new WeakMap<Duplex, { request: IncomingMessage; response: ServerResponse }>()

  /** What was sent before the faulty bytes is answered first, or its reply would be taken for the refusal. */
  const waitForReplies = async (socket: Duplex) => {
    const { request, response } = latest.get(socket) ?? {}
    if (request?.complete && response && !response.writableFinished) await once(response, 'close')
  }

  /** Node finds all connections that ran out of time at once: one a turn, so that hundreds delay no other caller. */
  let late = Promise.resolve()
  const takeTurn = () => {
    late = late.then(() => nextTurn())
    return late
  }

  const refuse = async (error: { code?: string }, socket: Duplex) => {
    // A client that reset the connection, or never finished the TLS handshake, gets no reply.
    if (!/^(HPE|ERR_HTTP)_/.test(error.code ?? '') || !socket.writable) return socket.destroy()
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') await takeTurn()
    await waitForReplies(socket)
    let [status, name] = rows[error.code ?? ''] ?? [400, 'PARAMETER_INVALID']
    let failure = new Failure(name)
    const { remoteAddress = '' } = socket as { remoteAddress?: string }
    const address = needs.describeAddress(remoteAddress)
    await needs.admit(address).catch((refusal) => {
      failure = refusal instanceof Failure ? refusal : new Failure('INTERNAL')
      status = failure.entry.status
    })
    const body = JSON.stringify(composeFailure(failure, needs.language, needs.now()))
    const headers = {
      ...needs.securityHeaders,
      ...retryAfterOf(failure),
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      connection: 'close',
    }
    const lines = Object.entries(headers).map(([header, value]) => `${header}: ${value}`)
    const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines].join('\r\n')
    if (!socket.writable) return undefined
    socket.end(`${head}\r\n\r\n${body}`, () => socket.destroy())
    needs.writeAccessLog({
      operation: 'other',
      envelope: undefined,
      outcome: failure.entry,
      reason: error.code,
      address,
      status,
      elapsedMs: undefined,
      appId: undefined,
      deviceId: undefined,
    })
    return undefined
  }

  return {
    refuse,
    /** Hears what Node would otherwise answer in its own words. */
    attach: (server: Server) => {
      server.on('request', (request, response) => latest.set(request.socket, { request, response }))
      server.on('connect', (_request, socket) => refuse({ code: 'HPE_INVALID_METHOD' }, socket))
      server.on('checkExpectation', (request, response) => server.emit('request', request, response))
    },
  }
}
