/** Fastify, set up so that no path escapes limit, ban and catalogue. */
import { readFileSync } from 'node:fs'
import cors from '@fastify/cors'
import { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, fastify } from 'fastify'
import type { Config } from '../config/index.ts'
import { Failure, type Language } from '../protocol/errors.ts'
import { type Admission, limitAdmission } from './admission.ts'
import type { Address, Caller, Operation } from './caller.ts'
import { limitConnections } from './connections.ts'
import { createErrorHandler } from './error-handler.ts'
import { type HealthNeeds, registerHealth } from './health.ts'
import { chooseLanguage } from './language.ts'
import { frontPage } from './page-texts.ts'
import { type PageNeeds, registerPages } from './pages.ts'
import type { RawBody } from './parameters.ts'
import { securityHeaders, strictTransport } from './reply.ts'
import { createSocketErrors } from './socket-errors.ts'
import { type Answered, createTell } from './tell.ts'
import { registerOperations, type TransportNeeds } from './transport.ts'

export type AppNeeds = Omit<TransportNeeds, 'legacyPrefix' | 'now'> &
  PageNeeds & {
    config: Config
    logger: FastifyBaseLogger
    now(): number
    /** Milliseconds that only ever pass. */
    elapsedMs(): number
    randomId(): string
    /** Undefined for a text that is no address (a proxy may forward anything). */
    describeAddress(text: string): Address | undefined
    /** Remembers that it called; throws ADDRESS_BANNED. */
    meet(address: Address): void
    /** One trip: throws TOO_OFTEN. */
    admit(limit: string, address: Address): Promise<void>
    isOriginListed(origin: string): boolean
    admission: Admission
    health: Omit<HealthNeeds, 'elapsedMs'>
    /** Counts an answered request. */
    observe: ((answered: Answered) => void) | undefined
    operations: readonly Operation[]
  }

/** Stands for an address that is not known; nobody is served from there. */
const nowhere: Address = {
  text: 'unknown',
  family: 'ipv4',
  scope: 'public',
  limitNetwork: 'unknown',
  network: 'unknown',
}

export const createHttpApp = (needs: AppNeeds): FastifyInstance => {
  const { config, now } = needs
  const { server, transport, languages, security } = config
  const defaultLanguage: Language = languages[0] ?? 'en'
  const failureStatus = transport.failureStatus || (security.profile === 'legacy' ? 200 : 403)
  const handleError = createErrorHandler({ now, failureStatus, drawNonce: needs.drawNonce })
  const headers = server.tls.certFile ? { ...securityHeaders, ...strictTransport } : securityHeaders

  const meet = (address: Address) => {
    if (address === nowhere) throw new Failure('ADDRESS_UNKNOWN')
    needs.meet(address)
  }
  const tell = createTell(needs.observe)
  const socketErrors = createSocketErrors({
    describeAddress: (remote) => needs.describeAddress(remote) ?? nowhere,
    admit: async (address) => {
      meet(address)
      await needs.admit('other', address)
    },
    tell: (answered) => tell(needs.logger.child({ reqId: needs.randomId() }), answered),
    language: defaultLanguage,
    now,
  })
  const nodeOptions = {
    headersTimeout: server.headersTimeoutMs,
    connectionsCheckingInterval: 1_000,
    // Judged by us, so that its refusal is in the catalogue too.
    requireHostHeader: false,
  }

  const app = fastify({
    loggerInstance: needs.logger,
    logController: new fastify.LogController({ disableRequestLogging: true }),
    genReqId: () => needs.randomId(),
    trustProxy: server.trustedProxies.length > 0 ? [...server.trustedProxies] : false,
    bodyLimit: transport.maxPostBytes,
    requestTimeout: server.requestTimeoutMs,
    keepAliveTimeout: 72_000,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    http: nodeOptions,
    ...(server.tls.certFile && {
      https: {
        ...nodeOptions,
        cert: readFileSync(server.tls.certFile),
        key: readFileSync(server.tls.keyFile),
        handshakeTimeout: server.headersTimeoutMs,
      },
    }),
    // Parameters are read by the transport, which must see a name that comes twice.
    routerOptions: { querystringParser: () => ({}), ignoreTrailingSlash: false },
    ajv: {
      customOptions: {
        ...{ removeAdditional: false, coerceTypes: false, allErrors: false, allowUnionTypes: true },
        // Our schemas are typed: to compile the schema of schemas takes longer than to compile all of them.
        ...{ validateSchema: false, meta: false },
      },
    },
    rewriteUrl: ({ url = '' }) => (isRoutable(url) ? url : unroutable),
    clientErrorHandler: socketErrors.refuse,
  }) as unknown as FastifyInstance
  socketErrors.attach(app.server)
  limitConnections(app.server, {
    most: server.maxConnections,
    mostPerAddress: server.maxConnectionsPerAddress,
    proxies: server.trustedProxies,
    networkOf: (address) => needs.describeAddress(address)?.limitNetwork,
  })

  const startCaller = (request: FastifyRequest): Caller => {
    const { origin } = request.headers
    request.caller = {
      requestId: request.id,
      address: needs.describeAddress(request.ip) ?? nowhere,
      language: chooseLanguage(request.headers['accept-language'], languages),
      origin,
      envelope: undefined,
      strength: 0,
      app: undefined,
      device: undefined,
      key: undefined,
      ticket: undefined,
      isRepeat: false,
    }
    return request.caller
  }

  app.addHttpMethod('GET', { hasBody: true, overrideExisting: true })
  app.decorateRequest('caller', null as unknown as Caller)
  app.decorateRequest('opened', undefined)
  app.decorateRequest('claim', undefined)
  app.decorateRequest('outcome', undefined)
  app.decorateRequest('reason', undefined)
  registerBodies(app, transport.maxPostBytes)

  const warnOfProxy = createProxyWarning(needs.elapsedMs, server.trustedProxies.length > 0)
  // Hooks that wait for nothing call back: a promise for each of them is a tenth of what a small request costs.
  app.addHook('onRequest', (request, reply, done) => {
    startCaller(request)
    reply.headers(headers)
    warnOfProxy(request)
    done()
  })
  app.register(cors, {
    origin: (origin, callback) => callback(null, origin !== undefined && needs.isOriginListed(origin)),
    methods: ['GET', 'POST'],
    allowedHeaders: ['content-type', 'authorization', 'accept-language'],
    exposedHeaders: ['retry-after'],
    maxAge: 600,
    strictPreflight: false,
    preflightContinue: true,
  })
  // Behind the CORS headers, so that a page of a listed origin can read why it was refused.
  app.after(() => {
    app.addHook('onRequest', (request, _reply, done) => {
      if (!request.routeOptions.config.unlimited) meet(request.caller.address)
      done()
    })
    // Before the limit: nobody is served past that, and whom a full line sends away has not used it.
    limitAdmission(app, needs.admission)
    app.addHook('onRequest', async (request, reply) => {
      const { limit = 'other', unlimited } = request.routeOptions.config
      if (!unlimited) await needs.admit(limit, request.caller.address)
      // RFC 9112 section 3.2.
      if (request.headers.host === undefined && request.raw.httpVersion === '1.1')
        throw new Failure('PARAMETER_INVALID', { info: 'Host' })
      if (reply.hasHeader('access-control-allow-methods')) return reply.code(204).send()
    })
  })
  app.setErrorHandler(handleError)
  const methodsAt = new Map<string, string>()
  app.addHook('onRoute', ({ url, method }) => {
    methodsAt.set(url, [method].flat().join(', '))
  })
  app.setNotFoundHandler(async (request, reply) => {
    const allowed = methodsAt.get((request.raw.url ?? '').split('?')[0] ?? '')
    if (allowed === undefined) throw new Failure('OPERATION_UNKNOWN')
    reply.header('allow', allowed)
    throw new Failure('METHOD_NOT_SUPPORTED')
  })
  // Also for a request that came before: its connection would else be kept, and keep the server from ending. Not
  // while others are accepted: each would come back as a new one.
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (needs.health.isDraining() && !app.server.listening) reply.header('connection', 'close')
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { caller, outcome, reason, routeOptions } = request
    if (routeOptions.config.unlimited) return done()
    tell(request.log, {
      operation: (routeOptions.config.shape ?? routeOptions.config.page)?.path ?? 'other',
      envelope: caller.envelope,
      outcome,
      reason,
      address: caller.address,
      status: reply.statusCode,
      elapsedMs: reply.elapsedTime,
      appId: caller.app?.appId,
      deviceId: caller.device?.id,
    })
    done()
  })
  registerHealth(app, { ...needs.health, elapsedMs: needs.elapsedMs })
  registerPages(app, { pages: [frontPage, ...needs.pages], drawNonce: needs.drawNonce })
  registerOperations(app, needs.operations, { ...needs, legacyPrefix: server.legacyPrefix })
  return app
}

/** The router answers a URL that it can't read past every hook. It gets this path, which no route has, instead. */
const unroutable = '/unroutable'

const isRoutable = (url: string): boolean => {
  try {
    decodeURI(url.split(/[?#]/)[0] ?? '')
    return url.startsWith('/') || url === '*' || URL.canParse(url)
  } catch {
    return false
  }
}

/** Bodies stay bytes until the transport has judged where the parameters are. */
const registerBodies = (app: FastifyInstance, maxBytes: number) => {
  const rows = [
    // Room for t and the names beside j.
    ['application/x-www-form-urlencoded', 'form', maxBytes + 1_024],
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

/** One warning a minute when a peer that is no trusted proxy sends `X-Forwarded-For`. */
const createProxyWarning = (elapsedMs: () => number, hasProxies: boolean) => {
  let silentUntil = Number.NEGATIVE_INFINITY
  return (request: FastifyRequest) => {
    if (request.headers['x-forwarded-for'] === undefined || elapsedMs() < silentUntil) return
    if (hasProxies && request.ips && request.ips.length > 1) return
    silentUntil = elapsedMs() + 60_000
    request.log.warn('X-Forwarded-For of an untrusted peer was ignored; see server.trustedProxies')
  }
}
