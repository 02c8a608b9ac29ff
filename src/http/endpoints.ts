/**
 * The third kind of route, endpoints: paths that a standard of others prescribes, for gateways and libraries that know
 * nothing of Torii. Replies and refusals are in the words of that standard.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { catalogue, type Failure } from '../protocol/errors.ts'
import type { Caller } from './caller.ts'
import { readParameters, readQuery } from './parameters.ts'

export type EndpointRequest = {
  caller: Caller
  method: string
  /** The form of a POST; empty without one, also for a body of another type. */
  form: ReadonlyMap<string, string>
  /** What was configured with the URL. */
  query: ReadonlyMap<string, string>
  header(name: string): string | undefined
}

export type EndpointReply = { status: number; headers?: Record<string, string>; json?: object }

/** An endpoint as data. It has the same ban, rate limit and access log as an operation, and the same need of TLS. */
export type Endpoint = {
  path: string
  methods: readonly ('GET' | 'POST')[]
  /** Row of the limits in the configuration. */
  limit: string
  handle(request: EndpointRequest): Promise<EndpointReply>
  /** A refusal of any stage, in the words of the standard. */
  refuse(failure: Failure): EndpointReply
}

export type EndpointNeeds = {
  endpoints: readonly Endpoint[]
  /** Throws ENCRYPTION_REQUIRED unless the call may come in the clear. */
  checkPrivate(request: FastifyRequest): void
}

export const sendEndpoint = (reply: FastifyReply, { status, headers = {}, json }: EndpointReply) => {
  reply.code(status).headers(headers)
  if (json === undefined) return reply.send()
  return reply.type('application/json').send(JSON.stringify(json))
}

const noForm: ReadonlyMap<string, string> = new Map()

const readRequest = (request: FastifyRequest): EndpointRequest => {
  const parameters = request.body === undefined ? undefined : readParameters(request)
  return {
    caller: request.caller,
    method: request.method,
    form: parameters?.kind === 'form' ? parameters.values : noForm,
    query: readQuery(request),
    header: (name) => {
      const value = request.headers[name]
      return typeof value === 'string' ? value : undefined
    },
  }
}

export const registerEndpoints = (app: FastifyInstance, { endpoints, checkPrivate }: EndpointNeeds) => {
  for (const endpoint of endpoints) {
    app.route({
      method: [...endpoint.methods],
      url: endpoint.path,
      config: { endpoint, limit: endpoint.limit },
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        checkPrivate(request)
        const answer = await endpoint.handle(readRequest(request))
        request.outcome = catalogue.OK
        return sendEndpoint(reply, answer)
      },
    })
  }
}
