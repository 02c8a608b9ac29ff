/** Stage 3: from bytes to a caller with an app, and the plaintext. */
import type { FastifyRequest } from 'fastify'
import { concatBytes, fromBase64url, readUtf8 } from '../protocol/bytes.ts'
import { isDeviceId, type ReadText, readEnvelope, readFrameText } from '../protocol/envelope.ts'
import { Failure, type Language } from '../protocol/errors.ts'
import { checkCodeType, isOpenToAll, peekMessage, wantsProtobuf } from '../protocol/frame.ts'
import { type JsonObject, parseJsonObject } from '../protocol/json.ts'
import type { Caller, CallerApp, CallerDevice, CallerKey, OperationShape } from './caller.ts'
import { type Parameters, readParameters } from './parameters.ts'
import { createPrivacy, encryptionRequired } from './privacy.ts'

/** An opened `totp` envelope: seals the reply to it with the key that its device will try. */
export type OpenedTotp = {
  device: CallerDevice
  app: CallerApp
  /** What the device's hello asked for. */
  language: Language | undefined
  text: string | Uint8Array
  seal(text: string | Uint8Array): string
}

/** An opened `sealed` envelope. */
export type OpenedSealed = Omit<OpenedTotp, 'text'> & {
  key: CallerKey
  plaintext: Uint8Array
  requestId: Uint8Array
  /** The message is of now. */
  isFresh: boolean
  /** Takes its sequence number; false for one that was taken, or is out of the window. */
  claimSequence(): Promise<boolean>
}

export type OpenNeeds = {
  profile: 'compat' | 'strict' | 'legacy'
  isTrial: boolean
  transport: { totp: boolean; alwaysEncrypt: boolean; maxGetBytes: number; maxPostBytes: number }
  /** Undefined: no such device, or no key fits. */
  openTotp(t: string, bytes: Uint8Array, read: ReadText<string | Uint8Array>): Promise<OpenedTotp | undefined>
  /** Undefined: no such key, or not sealed so for this path. */
  openSealed(t: string, j: string, path: string): Promise<OpenedSealed | undefined>
  /** A frame of protobuf; undefined for what is none. */
  readFrame(bytes: Uint8Array): Promise<JsonObject | undefined>
  now(): number
  /** The app if it may call; throws APP_REFUSED or APP_DISABLED. Without a secret: a public app from its origin. */
  checkApp(appId: string, secret: string | undefined, origin: string | undefined): Promise<CallerApp>
  /** Throws unless the app is the device's own, its secret fits (if given) and it is not disabled. */
  checkDeviceApp(app: CallerApp, appId: unknown, secret: unknown): Promise<void>
}

export type Opened = {
  /** What the operation's schema judges. */
  input: JsonObject
  /** The bytes that came, where the replay guard watches them. */
  bytes?: Uint8Array
  text?: string
  /** The request's own id, where it may be echoed. */
  rid?: string
  /** The reply is a frame of protobuf. */
  isBinary?: boolean
  seal?(text: string | Uint8Array): string
}

const refuse = (reason: string): never => {
  throw new Failure('ENVELOPE_REFUSED', { cause: new Error(reason) })
}

const typeNotTaken = () => Object.assign(new Failure('PARAMETER_INVALID'), { statusCode: 415 })

/** The request's own id: 1 to 64 printable ASCII characters. */
const findRid = ({ rid }: JsonObject): string | undefined =>
  typeof rid === 'string' && /^[\x20-\x7e]{1,64}$/.test(rid) ? rid : undefined

/** What every profile carries in every envelope. */
const isExempt = (shape: OperationShape, input: JsonObject) =>
  shape.frame !== undefined && isOpenToAll(input, shape.frame)

const isCode = (value: unknown) => typeof value === 'number' && /^\d{7}$/.test(String(value))

export const createOpen = (needs: OpenNeeds) => {
  const { transport } = needs
  const checkPrivate = createPrivacy(needs)

  /** A frame of protobuf is answered as one, unless it asks for something else. */
  const readObject = (
    input: JsonObject,
    shape: OperationShape,
    isBinary = false,
  ): Pick<Opened, 'input' | 'isBinary'> => {
    if (!shape.frame) return { input }
    return { input, isBinary: wantsProtobuf(peekMessage(input, shape.frame), isBinary) }
  }

  /** The message of an opened text or frame. */
  const readInput = async (
    text: string | Uint8Array,
    shape: OperationShape,
  ): Promise<Pick<Opened, 'input' | 'isBinary'>> => {
    if (typeof text === 'string') return readObject(parseJsonObject(text), shape)
    return readObject((await needs.readFrame(text)) ?? refuse('not a frame'), shape, true)
  }

  const readerOf = (shape: OperationShape) => (shape.frame ? readFrameText : readUtf8)

  const openTotp = async (
    caller: Caller,
    t: string,
    j: string,
    maxLength: number,
    shape: OperationShape,
  ): Promise<Opened> => {
    const isOn = transport.totp && needs.profile !== 'strict'
    if (!isOn && !shape.frame) throw encryptionRequired('The t/j envelope is switched off here.')
    if (!isDeviceId(t)) refuse('t malformed')
    const bytes = readEnvelope(j, maxLength) ?? refuse('j malformed')
    const opened = (await needs.openTotp(t, bytes, readerOf(shape))) ?? refuse('t unknown, or no key fits')
    const read = await readInput(opened.text, shape)
    if (!isOn && !isExempt(shape, read.input)) {
      throw encryptionRequired('The t/j envelope is switched off here.')
    }
    caller.envelope = 'totp'
    caller.strength = 1
    caller.device = opened.device
    caller.app = opened.app
    caller.language = opened.language ?? caller.language
    const text = typeof opened.text === 'string' ? opened.text : ''
    return { ...read, bytes, text, seal: opened.seal }
  }

  const openSealed = async (
    request: FastifyRequest,
    caller: Caller,
    t: string,
    j: string,
    shape: OperationShape,
    opening: (opened: Opened) => void,
  ): Promise<Opened> => {
    if (request.method !== 'POST' || !request.body) refuse('sealed calls are posted')
    if (!isDeviceId(t) || j.length > transport.maxPostBytes) refuse('t or j malformed')
    const opened = (await needs.openSealed(t, j, shape.path)) ?? refuse('key unknown, or not sealed so')
    const { seal, requestId, plaintext } = opened
    const accept = (read: Opened) => {
      caller.envelope = 'sealed'
      caller.strength = 2
      return read
    }
    if (!opened.isFresh) {
      opening(accept({ input: {}, seal }))
      throw new Failure('CLOCK_OFF', { members: { tm: String(needs.now()) } })
    }
    if (!(await opened.claimSequence())) refuse('sequence number taken, or out of the window')
    caller.device = opened.device
    caller.key = opened.key
    caller.app = opened.app
    caller.language = opened.language ?? caller.language
    opening(accept({ input: {}, seal }))
    const text = readerOf(shape)(plaintext) ?? refuse('not UTF-8')
    const read = await readInput(text, shape)
    // Sent again it has another number and another nonce, and the same id and text.
    const bytes = concatBytes(requestId, plaintext)
    return { ...read, bytes, text: typeof text === 'string' ? text : '', seal }
  }

  const openPlain = async (
    request: FastifyRequest,
    caller: Caller,
    read: Opened,
    kind: 'plain' | 'json',
    shape: OperationShape,
  ): Promise<Opened> => {
    const { input } = read
    if (!isExempt(shape, input)) {
      if (transport.alwaysEncrypt) throw encryptionRequired('This server answers encrypted calls only.')
      checkPrivate(request)
    }
    caller.envelope = kind
    // Only a JSON body may have its ticket in a header: what stands outside an envelope is not sealed.
    const bearer =
      kind === 'json' ? /^Bearer ([\x21-\x7e]+)$/i.exec(request.headers.authorization ?? '')?.[1] : undefined
    const isBearer = input.token === undefined && bearer !== undefined
    return isBearer ? { ...read, input: { ...input, token: bearer } } : read
  }

  const openForm = async (
    request: FastifyRequest,
    caller: Caller,
    values: Map<string, string>,
    shape: OperationShape,
    opening: (opened: Opened) => void,
  ): Promise<Opened> => {
    const [t, j, v] = [values.get('t'), values.get('j'), values.get('v')]
    if (j === undefined || (v !== undefined && v !== '2')) return refuse('j missing, or an unknown version')
    if (v !== undefined) return openSealed(request, caller, t ?? '', j, shape, opening)
    const maxLength = request.body === undefined ? transport.maxGetBytes : transport.maxPostBytes
    if (t !== undefined) return openTotp(caller, t, j, maxLength, shape)
    const bytes = j.length > maxLength ? undefined : fromBase64url(j)
    const text = readerOf(shape)(bytes ?? refuse('j malformed')) ?? refuse('j malformed')
    return openPlain(request, caller, await readInput(text, shape), 'plain', shape)
  }

  const openFrame = async (
    request: FastifyRequest,
    caller: Caller,
    bytes: Uint8Array,
    shape: OperationShape,
  ): Promise<Opened> => {
    if (!shape.frame) throw typeNotTaken()
    return openPlain(request, caller, await readInput(bytes, shape), 'json', shape)
  }

  const openBare = (
    request: FastifyRequest,
    caller: Caller,
    parameters: Parameters,
    shape: OperationShape,
  ): Opened => {
    if (parameters.kind === 'frame') throw typeNotTaken()
    if (!shape.isOpenToAll) checkPrivate(request)
    caller.envelope = 'bare'
    if (parameters.kind === 'form') return { input: Object.fromEntries(parameters.values) }
    return { input: parameters.kind === 'json' ? parameters.object : {} }
  }

  const checkMembers = async (caller: Caller, input: JsonObject, shape: OperationShape) => {
    const { apiver = '1', appid, appsecret, op } = input
    // Our own reply coming back as a request: one key serves both directions.
    if (isCode(input.code) && input.timestamp !== undefined) refuse('own reply')
    if (shape.frame) checkCodeType(peekMessage(input, shape.frame))
    if (apiver !== '1' && apiver !== 1) throw new Failure('API_VERSION')
    if (caller.app) {
      await needs.checkDeviceApp(caller.app, appid, appsecret)
    } else {
      if (appid === undefined) throw new Failure('PARAMETER_MISSING', { info: 'appid' })
      if (typeof appid !== 'string' || (appsecret !== undefined && typeof appsecret !== 'string')) {
        throw new Failure('APP_REFUSED')
      }
      caller.app = await needs.checkApp(appid, appsecret, caller.origin)
    }
    if (caller.app.minStrength > caller.strength && !isExempt(shape, input)) {
      throw encryptionRequired('This app, or this device, is held to a stronger envelope.')
    }
    if (op !== undefined && op !== shape.path) refuse('sealed for another operation')
    if (input.rid !== undefined && findRid(input) === undefined) {
      throw new Failure('PARAMETER_INVALID', { info: 'rid' })
    }
  }

  /** Opens the request's envelope, whichever it is, and adds envelope, device and app to the caller. */
  return async (
    request: FastifyRequest,
    caller: Caller,
    shape: OperationShape,
    opening: (opened: Opened) => void,
  ): Promise<Opened> => {
    if (needs.profile === 'strict' && request.method === 'GET' && shape.replay !== 'read') {
      throw encryptionRequired('This server takes changes by POST only.')
    }
    const parameters = readParameters(request)
    if (shape.bare) return openBare(request, caller, parameters, shape)
    const openWith = () => {
      if (parameters.kind === 'json')
        return openPlain(request, caller, readObject(parameters.object, shape), 'json', shape)
      if (parameters.kind === 'frame') return openFrame(request, caller, parameters.bytes, shape)
      return openForm(request, caller, parameters.values, shape, opening)
    }
    const opened = await openWith()
    const rid = findRid(opened.input)
    if (rid !== undefined) opened.rid = rid
    // From here on a refusal can be sealed.
    opening(opened)
    await checkMembers(caller, opened.input, shape)
    return opened
  }
}
