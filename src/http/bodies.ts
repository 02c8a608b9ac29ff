/** Bodies stay bytes until the envelope has judged where the parameters are. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** A body as it came, before anything was parsed. */
export type RawBody = { type: 'form' | 'json' | 'frame'; bytes: Buffer }

/** Room for `t` and the names beside `j`. */
const besideBytes = 1_024

export const registerBodies = (app: FastifyInstance, maxBytes: number) => {
  const rows = [
    ['application/x-www-form-urlencoded', 'form', maxBytes + besideBytes],
    ['application/json', 'json', maxBytes],
    ['application/x-protobuf', 'frame', maxBytes],
    ['application/protobuf', 'frame', maxBytes],
    ['application/octet-stream', 'frame', maxBytes],
  ] as const
  app.removeAllContentTypeParsers()
  for (const [contentType, type, bodyLimit] of rows) {
    app.addContentTypeParser(contentType, { parseAs: 'buffer', bodyLimit }, (_request, bytes, done) => {
      const body: RawBody | undefined = bytes.length > 0 ? { type, bytes: bytes as Buffer } : undefined
      done(null, body)
    })
  }
}

const mostDrained = 16_000_000

/**
 * A client that still sends its body reads the reply only afterwards, and closing at once would reset the connection
 * before that. So the rest is read and dropped. A body that is far too long loses its connection all the same.
 */
export const drainBody = (request: FastifyRequest, reply: FastifyReply) => {
  if (Number(request.headers['content-length']) > mostDrained) return
  reply.removeHeader('connection')
  let drained = 0
  request.raw.on('data', (bytes: Buffer) => {
    drained += bytes.length
    if (drained > mostDrained) request.raw.socket.destroy()
  })
}
