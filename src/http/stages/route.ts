/** Whether there is such a route, and whether its headers are sound: before anything of the body is read. */
import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import { Failure } from '../../protocol/errors.ts'
import { typeNotTaken } from '../envelopes/envelope.ts'

export type RouteNeeds = {
  /** The methods of a path; undefined for a path that is not there. */
  methodsAt(path: string): readonly string[] | undefined
}

/** A known path names its methods to a caller that used another; any other path is unknown. */
export const checkRoute =
  ({ methodsAt }: RouteNeeds): onRequestHookHandler =>
  (request, reply, done) => {
    if (!request.is404) return done()
    const path = (request.raw.url ?? '').split('?')[0] ?? ''
    const allowed = methodsAt(path)
    if (allowed === undefined) throw new Failure('OPERATION_UNKNOWN')
    reply.header('allow', allowed.join(', '))
    const reason = `${path} is called by ${allowed.join(' or ')}`
    throw new Failure('METHOD_NOT_SUPPORTED', { cause: new Error(reason) })
  }

const countLines = ({ raw }: FastifyRequest, name: string) => {
  let count = 0
  for (let at = 0; at < raw.rawHeaders.length; at += 2) {
    const found = raw.rawHeaders[at]
    if (found?.length === name.length && found.toLowerCase() === name) count++
  }
  return count
}

/** Node keeps the first of two lines, while a proxy before us may have read the last. */
export const checkHeaders = (): onRequestHookHandler => (request, _reply, done) => {
  const { headers, raw } = request
  const hosts = countLines(request, 'host')
  // RFC 9112 section 3.2. Node's own check would answer outside the catalogue.
  if (hosts > 1 || (hosts === 0 && raw.httpVersion === '1.1'))
    throw new Failure('PARAMETER_INVALID', { info: 'Host' })
  const type = headers['content-type']
  if (type !== undefined) {
    if (countLines(request, 'content-type') > 1)
      throw new Failure('PARAMETER_INVALID', { info: 'Content-Type' })
    // RFC 8259 section 8.1; forms are read as UTF-8 too.
    if (!/^utf-?8$/i.test(/;\s*charset\s*=\s*"?([^\s";]*)/i.exec(type)?.[1] ?? 'utf-8')) throw typeNotTaken()
  }
  done()
}
