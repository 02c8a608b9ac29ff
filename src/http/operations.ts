/** The first kind of route: operations, each at its path and its old names, by GET and by POST. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { catalogue } from '../protocol/errors.ts'
import type { Operation, OperationShape } from './caller.ts'
import { inputSchemaOf } from './input-schema.ts'
import { composeReply } from './reply.ts'

export type OperationNeeds = { operations: readonly Operation[]; legacyPrefix: string; now(): number }

export const registerOperations = (
  app: FastifyInstance,
  { operations, legacyPrefix, now }: OperationNeeds,
) => {
  for (const { handle, ...shape } of operations) {
    const runOperation = async (request: FastifyRequest, reply: FastifyReply) => {
      const { caller, opened, carried } = request
      const result = await (carried?.target.handle ?? handle)(request.body, caller)
      const entry = catalogue[result.code]
      request.outcome = entry
      // A JSON reply has the status of its code: an ended ticket has to stop a guard that only looks at the status.
      if (caller.envelope === 'json') reply.code(entry.status).headers(result.headers ?? {})
      const rid = opened?.rid
      const nowMs = now()
      const payload = composeReply({
        reply: result,
        language: caller.language,
        nowMs,
        rid,
        shape: carried?.target ?? shape,
        toFrame: carried && ((members) => carried.compose(members, nowMs)),
      })
      return reply.type('application/json; charset=utf-8').send(payload)
    }
    for (const url of pathsOf(shape, legacyPrefix)) {
      app.route({
        method: ['GET', 'POST'],
        url,
        config: { shape, limit: shape.limit },
        schema: { body: inputSchemaOf(shape) },
        handler: runOperation,
      })
    }
  }
}

const pathsOf = (shape: OperationShape, legacyPrefix: string) => [
  ...new Set([shape.path, ...shape.aliases, ...shape.aliases.map((alias) => legacyPrefix + alias)]),
]
