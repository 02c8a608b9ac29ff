/**
 * The life of a request, top to bottom. Each stage only adds to the request; a stage refuses by throwing, and the
 * error handler turns what was thrown into the reply, which passes the stages below `onSend` too.
 *
 * Stages that wait for nothing call back: a promise for each would cost a tenth of a small request.
 */
import type {
  FastifyInstance,
  onRequestHookHandler,
  onResponseHookHandler,
  onSendHookHandler,
  preHandlerHookHandler,
  preValidationAsyncHookHandler,
  preValidationHookHandler,
} from 'fastify'
import type { ErrorName } from '../protocol/errors.ts'
import { type AccessLogNeeds, logAccess } from './stages/access-log.ts'
import { type AddressNeeds, checkBan, checkRateLimit } from './stages/address.ts'
import { type AdmissionNeeds, checkQueue, freeSlot, takeSlot } from './stages/admission.ts'
import { type CallerNeeds, startCaller } from './stages/caller.ts'
import { type CarryNeeds, carryFrame, checkCarried } from './stages/carry.ts'
import { closeWhenDraining, type DrainNeeds } from './stages/connection.ts'
import { type OpenNeeds, openEnvelope, type SealNeeds, sealReply } from './stages/envelope.ts'
import { allowOrigin, answerPreflight, type OriginNeeds } from './stages/origin.ts'
import { claimReplay, keepReply, type ReplayStageNeeds } from './stages/replay.ts'
import { checkRight } from './stages/right.ts'
import { checkHeaders, checkRoute, type RouteNeeds } from './stages/route.ts'
import { checkTicket, type TicketNeeds } from './stages/ticket.ts'
import { checkWords, type WordNeeds } from './stages/words.ts'

export type PipelineNeeds = CallerNeeds &
  OriginNeeds &
  AddressNeeds &
  RouteNeeds &
  AdmissionNeeds &
  CarryNeeds &
  ReplayStageNeeds &
  TicketNeeds &
  WordNeeds &
  DrainNeeds &
  SealNeeds &
  AccessLogNeeds & { envelope: OpenNeeds }

type Hooks = {
  onRequest: onRequestHookHandler
  preValidation: preValidationHookHandler | preValidationAsyncHookHandler
  preHandler: preHandlerHookHandler
  onSend: onSendHookHandler
  onResponse: onResponseHookHandler
}

/** `all` requests, also those of a path that is not there; or only those of an operation. */
type Scope = 'all' | 'operations'

export type Stage = {
  hook: keyof Hooks
  name: string
  /** In `stages/`. */
  file: string
  scope: Scope
  refusesWith: readonly ErrorName[]
  addTo(app: FastifyInstance, needs: PipelineNeeds): void
}

const stage = <H extends keyof Hooks>(
  hook: H,
  create: (needs: PipelineNeeds) => Hooks[H],
  file: string,
  scope: Scope,
  ...refusesWith: ErrorName[]
): Stage => ({
  hook,
  name: create.name,
  file,
  scope,
  refusesWith,
  // Fastify has one overload for each hook; the type above has checked that hook and handler belong together.
  addTo: (app, needs) => app.addHook(hook as 'onRequest', create(needs) as onRequestHookHandler),
})

// biome-ignore format: a table to be read down
export const pipeline: readonly Stage[] = [
  //    hook             stage              file          for           refuses with
  stage('onRequest',     startCaller,       'caller',     'all'),
  stage('onRequest',     allowOrigin,       'origin',     'all'),
  stage('onRequest',     checkBan,          'address',    'all',        'ADDRESS_UNKNOWN', 'ADDRESS_BANNED'),
  stage('onRequest',     answerPreflight,   'origin',     'all'),
  stage('onRequest',     checkQueue,        'admission',  'all',        'OVERLOADED'),
  stage('onRequest',     checkRateLimit,    'address',    'all',        'TOO_OFTEN'),
  stage('onRequest',     checkRoute,        'route',      'all',        'OPERATION_UNKNOWN', 'METHOD_NOT_SUPPORTED'),
  stage('onRequest',     checkHeaders,      'route',      'all',        'PARAMETER_INVALID'),
  //    parsing          bodies.ts: the body stays bytes                TOO_LONG, PARAMETER_INVALID
  stage('preValidation', takeSlot,          'admission',  'all',        'OVERLOADED'),
  stage('preValidation', openEnvelope,      'envelope',   'operations', 'ENVELOPE_REFUSED', 'ENCRYPTION_REQUIRED', 'CLOCK_OFF', 'API_VERSION', 'APP_REFUSED', 'APP_DISABLED'),
  stage('preValidation', carryFrame,        'carry',      'operations', 'KX_VERSION', 'KX_CONTENT', 'NOT_IN_LIST', 'TOO_OFTEN'),
  stage('preValidation', claimReplay,       'replay',     'operations', 'ENVELOPE_REFUSED', 'OVERLOADED'),
  //    validation       the operation's shape                          PARAMETER_MISSING, PARAMETER_INVALID
  stage('preHandler',    checkCarried,      'carry',      'operations', 'PARAMETER_MISSING', 'PARAMETER_INVALID'),
  stage('preHandler',    checkRight,        'right',      'operations', 'APP_RIGHT', 'THIRD_PARTY'),
  stage('preHandler',    checkTicket,       'ticket',     'operations', 'NOT_LOGGED_IN', 'TIER_WANTED', 'FRESH_LOGIN_NEEDED', 'BUSINESS_UNKNOWN', 'ROLE_NEEDED'),
  stage('preHandler',    checkWords,        'words',      'operations', 'WORD_FORBIDDEN'),
  //    handler          operations.ts, pages.ts or endpoints.ts        what its rules refuse
  stage('onSend',        closeWhenDraining, 'connection', 'all'),
  stage('onSend',        freeSlot,          'admission',  'all'),
  stage('onSend',        keepReply,         'replay',     'operations'),
  stage('onSend',        sealReply,         'envelope',   'operations'),
  stage('onResponse',    logAccess,         'access-log', 'all'),
]

/** Registers the stages of one scope, in the order of the table. */
export const addStages = (app: FastifyInstance, scope: Scope, needs: PipelineNeeds) => {
  for (const stage of pipeline) if (stage.scope === scope) stage.addTo(app, needs)
}
