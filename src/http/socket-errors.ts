/** What Node refuses before Fastify sees a request: it is under the same limit, ban and catalogue as everything else. */
import { once } from 'node:events'
import { type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type ErrorName, Failure, type Language } from '../protocol/errors.ts'
import type { Answered } from './access-log.ts'
import type { Address } from './caller.ts'
import type { FindLatest } from './connections.ts'
import { composeFailure, retryAfterOf } from './reply.ts'

export type SocketErrorNeeds = {
  describeAddress(remoteAddress: string): Address
  findLatest: FindLatest
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
  /**
   * A request that was answered before its body came has its one reply: a faulty or missing body must not get a second,
   * which the client would take for the reply of its next request.
   */
  const isAnswered = (socket: Duplex) => {
    const latest = needs.findLatest(socket)
    return latest !== undefined && !latest.request.complete && latest.response.headersSent
  }

  /** The request before the faulty bytes is answered first, or the client would take the refusal for its reply. */
  const waitForReplies = async (socket: Duplex) => {
    const { request, response } = needs.findLatest(socket) ?? {}
    if (request?.complete && response && !response.writableFinished) await once(response, 'close')
  }

  /** Node finds all late requests at once. One is refused a turn, so that hundreds do not delay other calls. */
  let late = Promise.resolve()
  const takeTurn = () => {
    late = late.then(() => nextTurn())
    return late
  }

  const refuse = async (error: { code?: string }, socket: Duplex) => {
    // A client that reset the connection, or never finished the TLS handshake, can't read a reply.
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
    if (isAnswered(socket)) return socket.end(() => socket.destroy())
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
    /** Takes what Node would otherwise answer in its own words. */
    attach: (server: Server) => {
      server.on('connect', (_request, socket) => refuse({ code: 'HPE_INVALID_METHOD' }, socket))
      server.on('checkExpectation', (request, response) => server.emit('request', request, response))
    },
  }
}
