/** Fastify, set up so that no path escapes limit, ban and catalogue. */
import { readFileSync } from 'node:fs'
import { type FastifyBaseLogger, type FastifyInstance, fastify } from 'fastify'
import type { Config } from '../config/index.ts'
import { type Answered, createAccessLog } from './access-log.ts'
import { registerBodies } from './bodies.ts'
import type { Address, Operation } from './caller.ts'
import { limitConnections, watchRequests } from './connections.ts'
import { type Endpoint, registerEndpoints } from './endpoints.ts'
import type { EnvelopeNeeds } from './envelopes/envelope.ts'
import { createErrorHandler } from './error-handler.ts'
import { type Health, registerHealth } from './health.ts'
import { registerOperations } from './operations.ts'
import { frontPage } from './page-texts.ts'
import { type Page, type PageNeeds, registerPages } from './pages.ts'
import { addStages, type PipelineNeeds } from './pipeline.ts'
import { createPrivacy } from './privacy.ts'
import { createIsProxy } from './proxies.ts'
import { securityHeaders, strictTransport } from './reply.ts'
import { decorateRequests } from './request.ts'
import { watchRoutes } from './routes.ts'
import { createSocketErrors } from './socket-errors.ts'
import { checkAddress, nowhere } from './stages/address.ts'
import type { OpenNeeds } from './stages/envelope.ts'
import { boundTurns } from './turns.ts'

type BuiltHere =
  | 'methodsAt'
  | 'findOperation'
  | 'isLeaving'
  | 'writeAccessLog'
  | 'envelope'
  | 'securityHeaders'

export type AppNeeds = Omit<PipelineNeeds, BuiltHere> &
  Omit<PageNeeds, 'checkPrivate'> & {
    config: Config
    logger: FastifyBaseLogger
    now(): number
    /** Milliseconds that only ever pass. */
    elapsedMs(): number
    randomId(): string
    /** Undefined for a text that is no address (a proxy may forward anything). */
    describeAddress(text: string): Address | undefined
    health: Health
    /** Counts an answered request. */
    observe: ((answered: Answered) => void) | undefined
    isTrial: boolean
    isWithin(address: string, network: string): boolean
    envelope: Omit<OpenNeeds, Exclude<keyof EnvelopeNeeds, 'openTotp' | 'openSealed' | 'readFrame'>>
    operations: readonly Operation[]
    endpoints: readonly Endpoint[]
  }

/** The router answers a URL that it can't read past every hook. It gets this path, which no route has, instead. */
const unroutable = '/unroutable'

export const createHttpApp = (needs: AppNeeds): FastifyInstance => {
  const { config, now, elapsedMs, isTrial, health } = needs
  const { server, transport, security, languages } = config
  const headers = server.tls.certFile ? { ...securityHeaders, ...strictTransport } : securityHeaders
  const writeAccessLog = createAccessLog(needs.observe)
  const app = openFastify(needs, (error, socket) => socketErrors.refuse(error, socket))
  boundTurns(app.server)
  const findLatest = watchRequests(app.server, elapsedMs)
  const { describeAddress } = needs
  limitConnections(app.server, { ...server, describeAddress }, { findLatest, elapsedMs })
  const socketErrors = createSocketErrors({
    describeAddress: (remote) => describeAddress(remote) ?? nowhere,
    findLatest,
    admit: async (address) => {
      checkAddress(needs, address)
      await needs.checkRateLimit('other', address)
    },
    writeAccessLog: (answered) => writeAccessLog(needs.logger.child({ reqId: needs.randomId() }), answered),
    language: languages[0] ?? 'en',
    securityHeaders: headers,
    now,
  })
  socketErrors.attach(app.server)

  for (const method of ['GET', 'HEAD']) app.addHttpMethod(method, { hasBody: true, overrideExisting: true })
  decorateRequests(app)
  registerBodies(app, transport.maxPostBytes)
  const methodsAt = watchRoutes(app)
  const failureStatus = transport.failureStatus || (security.profile === 'legacy' ? 200 : 403)
  app.setErrorHandler(createErrorHandler({ now, failureStatus, isTrial, drawNonce: needs.drawNonce }))

  const { profile } = security
  const checkPrivate = createPrivacy({
    profile,
    isTrial,
    isLan: server.lan,
    isOriginListed: needs.isOriginListed,
    isBackendAddress: (address) => server.backendNetworks.some((network) => needs.isWithin(address, network)),
  })
  const pipelineNeeds: PipelineNeeds = {
    ...needs,
    securityHeaders: headers,
    methodsAt,
    findOperation: (path) => needs.operations.find((operation) => operation.path === path),
    isLeaving: () => health.isDraining() && !app.server.listening,
    envelope: { ...needs.envelope, profile, transport, checkPrivate, now },
    writeAccessLog,
  }
  addStages(app, 'all', pipelineNeeds)
  registerHealth(app, health)
  registerPages(app, { pages: withFrontPage(needs.pages), drawNonce: needs.drawNonce, checkPrivate })
  registerEndpoints(app, { endpoints: needs.endpoints, checkPrivate })
  app.register(async (scope) => {
    addStages(scope, 'operations', pipelineNeeds)
    registerOperations(scope, { operations: needs.operations, legacyPrefix: server.legacyPrefix, now })
  })
  return app
}

/** `/` says what runs here, unless a feature has a page of its own for it. */
const withFrontPage = (pages: readonly Page[]) =>
  pages.some(({ path }) => path === frontPage.path) ? pages : [frontPage, ...pages]

const openFastify = (
  needs: AppNeeds,
  clientErrorHandler: ReturnType<typeof createSocketErrors>['refuse'],
) => {
  const { server, transport } = needs.config
  const nodeOptions = {
    headersTimeout: server.headersTimeoutMs,
    connectionsCheckingInterval: 1_000,
    // Judged by a stage, so that its refusal is in the catalogue too.
    requireHostHeader: false,
  }
  return fastify({
    loggerInstance: needs.logger,
    logController: new fastify.LogController({ disableRequestLogging: true }),
    genReqId: () => needs.randomId(),
    trustProxy: server.trustedProxies.length > 0 ? createIsProxy(server.trustedProxies) : false,
    bodyLimit: transport.maxPostBytes,
    requestTimeout: server.requestTimeoutMs,
    keepAliveTimeout: 72_000,
    exposeHeadRoutes: true,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    http: nodeOptions,
    ...(server.tls.certFile && {
      https: {
        ...nodeOptions,
        minVersion: 'TLSv1.2' as const,
        // For TLS 1.2: no CBC, and forward secrecy.
        ciphers:
          'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:ECDHE+AESGCM:ECDHE+CHACHA20',
        cert: readFileSync(server.tls.certFile),
        key: readFileSync(server.tls.keyFile),
        handshakeTimeout: server.headersTimeoutMs,
      },
    }),
    // Parameters are read by the envelopes, which must see a name that comes twice.
    routerOptions: { querystringParser: () => ({}), ignoreTrailingSlash: false },
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: false,
        allErrors: false,
        allowUnionTypes: true,
        // Read by the stage checkWords.
        keywords: ['words'],
        // Our schemas are typed: compiling the schema of schemas takes longer than compiling all of ours.
        validateSchema: false,
        meta: false,
      },
    },
    rewriteUrl: ({ url = '' }) => (isRoutable(url) ? url : unroutable),
    clientErrorHandler,
  }) as unknown as FastifyInstance
}

/** No path of ours needs an escape or has a fragment; decoded, either would get past the path rules of a proxy. */
const isRoutable = (url: string): boolean =>
  /^[^?#%]*(\?|$)/.test(url) && (url.startsWith('/') || url === '*' || URL.canParse(url))
