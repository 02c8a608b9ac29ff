/** What the stages of a request leave on it for those that follow. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { CarriedCall } from '../protocol/carried.ts'
import type { CatalogueEntry } from '../protocol/errors.ts'
import type { JsonObject } from '../protocol/json.ts'
import type { Caller, Operation, OperationShape } from './caller.ts'
import type { Endpoint } from './endpoints.ts'
import type { Page } from './pages.ts'
import type { Claim } from './replay.ts'
import { jsonReply, type WriteReply } from './reply.ts'

/** An opened envelope. */
export type Opened = {
  /** What the operation's schema judges. */
  input: JsonObject
  /** What the replay guard compares; only envelopes with a device have it. */
  bytes?: Uint8Array
  /** The plaintext; empty for a frame of protobuf. */
  text?: string
  /** The request's own id, echoed in the reply. */
  rid?: string
  /** The reply is a frame of protobuf. */
  isBinary?: boolean
}

/** A frame that stands for a call of another operation. */
export type Carried = CarriedCall & { target: Operation }

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller
    /** Undefined until the envelope is open. */
    opened: Opened | undefined
    carried: Carried | undefined
    /** How the reply is written: plain JSON until the envelope is known, then set once. */
    writeReply: WriteReply
    /** What the replay guard holds for this call. */
    claim: Claim | undefined
    /** This call has a slot among the writes. */
    hasSlot: boolean
    outcome: Pick<CatalogueEntry, 'code' | 'name' | 'status'> | undefined
    /** Which check refused: for the log, and in a trial for the caller. */
    reason: string | undefined
  }
  interface FastifyContextConfig {
    shape?: OperationShape
    page?: Page
    endpoint?: Endpoint
    /** Row of the limits in the configuration; `other` without. */
    limit?: string
    /** A health route: no ban, no limit, no line in the access log. */
    unlimited?: boolean
  }
}

export const decorateRequests = (app: FastifyInstance) => {
  app.decorateRequest('caller', null as unknown as Caller)
  app.decorateRequest('opened', undefined)
  app.decorateRequest('carried', undefined)
  app.decorateRequest('writeReply', jsonReply)
  app.decorateRequest('claim', undefined)
  app.decorateRequest('hasSlot', false)
  app.decorateRequest('outcome', undefined)
  app.decorateRequest('reason', undefined)
}

/** The operation that this request called, or that its frame stands for. */
export const shapeOf = (request: FastifyRequest): OperationShape => {
  const shape = request.carried?.target ?? request.routeOptions.config.shape
  if (!shape) throw new Error(`no operation at ${request.routeOptions.url}`)
  return shape
}
