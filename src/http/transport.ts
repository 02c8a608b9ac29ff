/**
 * The life of a request, top to bottom. Each stage only adds to the caller; a handler returns or throws.
 */
import type { DoneFuncWithErrOrRes, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type CatalogueEntry, catalogue, isSuccess } from '../protocol/errors.ts'
import type { JsonObject } from '../protocol/json.ts'
import type { Caller, CallerTicket, Operation, OperationShape } from './caller.ts'
import type { createOpen, Opened } from './open.ts'
import type { Claim, createReplay } from './replay.ts'
import { composeReply, dressReply } from './reply.ts'

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
    opened: Opened | undefined
    claim: Claim | undefined
    outcome: Pick<CatalogueEntry, 'code' | 'name'> | undefined
    /** Which check refused, for the log alone. */
    reason: string | undefined
  }
  interface FastifyContextConfig {
    shape?: OperationShape
    /** Row of the limits in the configuration; `other` without. */
    limit?: string
    unlimited?: boolean
  }
}

export type TransportNeeds = {
  open: ReturnType<typeof createOpen>
  replay: ReturnType<typeof createReplay>
  /** The live ticket; throws NOT_LOGGED_IN with the reason, or TIER_WANTED. */
  authenticate(token: unknown, shape: OperationShape, caller: Caller): Promise<CallerTicket | undefined>
  legacyPrefix: string
  now(): number
  /** A reply as protobuf. */
  writeFrame(reply: JsonObject): Promise<Uint8Array>
}

export const registerOperations = (
  app: FastifyInstance,
  operations: readonly Operation[],
  { open, replay, authenticate, legacyPrefix, now, writeFrame }: TransportNeeds,
) => {
  const openRequest = async (request: FastifyRequest, reply: FastifyReply) => {
    const { caller } = request
    const shape = shapeOf(request)
    const opened = await open(request, caller, shape, (early) => {
      request.opened = early
    })
    request.opened = opened
    request.body = opened.input
    if (!opened.bytes || !caller.device) return
    const claimed = await replay(shape, caller.device.id, opened.bytes, opened.text ?? '')
    if (claimed && 'found' in claimed) return reply.type('application/json').send(claimed.found)
    request.claim = claimed
    caller.isRepeat = claimed?.isRepeat ?? false
  }

  const checkTicket = (request: FastifyRequest, _reply: FastifyReply, done: DoneFuncWithErrOrRes) => {
    const shape = shapeOf(request)
    if (!shape.tiers) return done()
    const { token } = request.body as JsonObject
    authenticate(token, shape, request.caller).then((ticket) => {
      request.caller.ticket = ticket
      done()
    }, done)
  }

  /** The operation has run: if its reply can't be kept, it is still the reply. */
  const keepReply = async (request: FastifyRequest, payload: string) => {
    const { claim, outcome } = request
    request.claim = undefined
    if (!claim || !outcome) return
    await (isSuccess(outcome.code)
      ? claim.settle(payload)
      : claim.release(outcome.name === 'LOGIN_FAILED')
    ).catch((error) => request.log.warn({ err: error }, 'replay record not written'))
  }

  const sealReply = (
    request: FastifyRequest,
    reply: FastifyReply,
    payload: unknown,
    done: DoneFuncWithErrOrRes,
  ) => {
    if (typeof payload !== 'string') return done(null, payload)
    const { opened, caller } = request
    const dress = (content: string | Uint8Array) => {
      const dressed = dressReply(content, caller.envelope, opened?.seal)
      reply.header('content-type', dressed.type)
      return typeof dressed.payload === 'string' ? dressed.payload : Buffer.from(dressed.payload)
    }
    const compose = async () => {
      await keepReply(request, payload)
      return dress(opened?.isBinary ? await writeFrame(JSON.parse(payload)) : payload)
    }
    if (!request.claim && !opened?.isBinary) return done(null, dress(payload))
    compose().then((dressed) => done(null, dressed), done)
  }

  app.register(async (scope) => {
    scope.addHook('preValidation', openRequest)
    scope.addHook('preHandler', checkTicket)
    scope.addHook('onSend', sealReply)

    for (const operation of operations) {
      const { handle, ...shape } = operation
      const handler = async (request: FastifyRequest, reply: FastifyReply) => {
        const { caller, opened } = request
        const result = await handle(request.body as never, caller as never)
        request.outcome = catalogue[result.code]
        const rid = opened?.rid
        const payload = composeReply({ reply: result, language: caller.language, nowMs: now(), rid, shape })
        return reply.type('application/json; charset=utf-8').send(payload)
      }
      for (const url of pathsOf(shape, legacyPrefix)) {
        scope.route({
          method: ['GET', 'POST'],
          url,
          config: { shape, limit: shape.limit },
          schema: { body: shape.input },
          handler,
        })
      }
    }
  })
}

const shapeOf = (request: FastifyRequest): OperationShape => {
  const { shape } = request.routeOptions.config
  if (!shape) throw new Error(`no operation at ${request.routeOptions.url}`)
  return shape
}

const pathsOf = (shape: OperationShape, legacyPrefix: string) => [
  ...new Set([shape.path, ...shape.aliases, ...shape.aliases.map((alias) => legacyPrefix + alias)]),
]
