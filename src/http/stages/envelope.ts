/** From bytes to a caller with an app, and back: the envelope is opened, and the reply sealed. */
import type { FastifyRequest, onSendHookHandler, preValidationAsyncHookHandler } from 'fastify'
import { Failure } from '../../protocol/errors.ts'
import { checkCodeType, peekMessage } from '../../protocol/frame.ts'
import type { JsonObject } from '../../protocol/json.ts'
import type { CallerApp } from '../caller.ts'
import { bare } from '../envelopes/bare.ts'
import {
  type Call,
  type Envelope,
  type EnvelopeNeeds,
  encryptionRequired,
  isExempt,
  refuse,
} from '../envelopes/envelope.ts'
import { json } from '../envelopes/json.ts'
import { plain } from '../envelopes/plain.ts'
import { sealed } from '../envelopes/sealed.ts'
import { totp } from '../envelopes/totp.ts'
import { readParameters } from '../parameters.ts'
import { shapeOf } from '../request.ts'

export type OpenNeeds = EnvelopeNeeds & {
  /** The app if it may call; throws APP_REFUSED or APP_DISABLED. Without a secret: a public app from its origin. */
  checkApp(appId: string, secret: string | undefined, origin: string | undefined): Promise<CallerApp>
  /** Throws unless the app is the device's own, its secret fits (if given) and it is not disabled. */
  checkDeviceApp(app: CallerApp, appId: unknown, secret: unknown): Promise<void>
}

/** The first that matches opens the call. */
const envelopes: readonly Envelope[] = [bare, json, sealed, totp, plain]

/** Opens the request's envelope, whichever it is, and adds envelope, device and app to the caller. */
export const openEnvelope =
  ({ envelope: needs }: { envelope: OpenNeeds }): preValidationAsyncHookHandler =>
  async (request) => {
    const { caller } = request
    const shape = shapeOf(request)
    const isReading = shape.replay === 'read' && !shape.frame
    if (needs.profile === 'strict' && request.method !== 'POST' && !isReading) {
      throw encryptionRequired('This server takes changes by POST only.')
    }
    const call: Call = {
      request,
      caller,
      shape,
      parameters: readParameters(request),
      accept: (write) => {
        caller.envelope = envelope.kind
        caller.strength = envelope.strength
        request.writeReply = write
      },
    }
    const envelope =
      envelopes.find(({ matches }) => matches(call)) ??
      refuse('no j, or an unknown v (a body of JSON needs content-type: application/json)')
    const opened = await envelope.open(call, needs)
    request.opened = opened
    request.body = opened.input
    if (shape.bare) return
    const rid = findRid(opened.input)
    if (rid !== undefined) opened.rid = rid
    await checkMembers(call, opened.input, needs)
  }

/** The request's own id: 1 to 64 printable ASCII characters. */
const findRid = ({ rid }: JsonObject): string | undefined =>
  typeof rid === 'string' && /^[\x20-\x7e]{1,64}$/.test(rid) ? rid : undefined

const isCode = (value: unknown) => typeof value === 'number' && /^\d{7}$/.test(String(value))

/** The members that every message has, whatever its operation. */
const checkMembers = async ({ caller, shape }: Call, input: JsonObject, needs: OpenNeeds) => {
  // Our own reply coming back as a request: one key serves both directions.
  if (isCode(input.code) && input.timestamp !== undefined) refuse('own reply')
  if (shape.frame) checkCodeType(peekMessage(input, shape.frame))
  const { apiver = '1', op } = input
  if (apiver !== '1' && apiver !== 1) throw new Failure('API_VERSION')
  const app = await findApp(caller, input, needs)
  caller.app = app
  if (app.minStrength > caller.strength && !isExempt(shape, input)) {
    throw encryptionRequired('This app, or this device, is held to a stronger envelope.')
  }
  if (op !== undefined && op !== shape.path) refuse('sealed for another operation')
  if (input.rid !== undefined && findRid(input) === undefined) {
    throw new Failure('PARAMETER_INVALID', { info: 'rid' })
  }
}

/** The app of the device that sealed the call, else the one that the message names. */
const findApp = async (
  { app, origin }: Call['caller'],
  { appid, appsecret }: JsonObject,
  needs: OpenNeeds,
): Promise<CallerApp> => {
  if (app) {
    await needs.checkDeviceApp(app, appid, appsecret)
    return app
  }
  if (appid === undefined) throw new Failure('PARAMETER_MISSING', { info: 'appid' })
  if (typeof appid !== 'string' || (appsecret !== undefined && typeof appsecret !== 'string')) {
    throw new Failure('APP_REFUSED')
  }
  return needs.checkApp(appid, appsecret, origin)
}

export type SealNeeds = {
  /** A reply as a frame of protobuf. */
  writeFrame(reply: JsonObject): Promise<Uint8Array>
}

/** Writes the reply, or the refusal, in the envelope of its request. */
export const sealReply = ({ writeFrame }: SealNeeds): onSendHookHandler => {
  const contentOf = async (request: FastifyRequest, payload: string) =>
    request.opened?.isBinary ? writeFrame(JSON.parse(payload)) : payload
  return (request, reply, payload, done) => {
    if (typeof payload !== 'string') return done(null, payload)
    const write = (content: string | Uint8Array) => {
      const sealed = request.writeReply(content)
      reply.header('content-type', sealed.type)
      return typeof sealed.payload === 'string' ? sealed.payload : Buffer.from(sealed.payload)
    }
    if (!request.opened?.isBinary) return done(null, write(payload))
    contentOf(request, payload).then((content) => done(null, write(content)), done)
  }
}
