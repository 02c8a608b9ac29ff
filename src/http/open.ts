/** Stage 3: from bytes to a caller with an app, and the plaintext. */
import type { FastifyRequest } from 'fastify'
import { fromBase64url, readUtf8 } from '../protocol/bytes.ts'
import { isDeviceId, readEnvelope } from '../protocol/envelope.ts'
import { Failure } from '../protocol/errors.ts'
import { type JsonObject, parseJsonObject } from '../protocol/json.ts'
import type { Caller, CallerApp, CallerDevice, OperationShape } from './caller.ts'
import { type Parameters, readParameters } from './parameters.ts'

/** An opened `totp` envelope: seals the reply to it with the key that its device will try. */
export type OpenedTotp = { device: CallerDevice; app: CallerApp; text: string; seal(text: string): string }

export type OpenNeeds = {
  profile: 'compat' | 'strict' | 'legacy'
  isTrial: boolean
  transport: { totp: boolean; alwaysEncrypt: boolean; maxGetBytes: number; maxPostBytes: number }
  /** Undefined: no such device, or no key fits. */
  openTotp(t: string, bytes: Uint8Array): Promise<OpenedTotp | undefined>
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
  seal?(text: string): string
}

const refuse = (reason: string): never => {
  throw new Failure('ENVELOPE_REFUSED', { cause: new Error(reason) })
}

const encryptionRequired = (info: string) => new Failure('ENCRYPTION_REQUIRED', { info })

const isLoopback = (address: string | undefined) =>
  address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address ?? '')
const loopbackHost = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/
/** What a proxy adds: such a call comes from elsewhere, whoever its peer is. */
const forwarding = /^(forwarded|via|x-real-ip|x-forwarded-.*)$/

/** The request's own id: 1 to 64 printable ASCII characters. */
const findRid = ({ rid }: JsonObject): string | undefined =>
  typeof rid === 'string' && /^[\x20-\x7e]{1,64}$/.test(rid) ? rid : undefined

const isCode = (value: unknown) => typeof value === 'number' && /^\d{7}$/.test(String(value))

export const createOpen = (needs: OpenNeeds) => {
  const { transport } = needs

  /** TLS, or a trusted proxy that says so; in a trial also a caller on this very machine. */
  const isPrivate = (request: FastifyRequest) => {
    if (needs.profile === 'legacy' || request.protocol === 'https') return true
    const { headers } = request
    const isForwarded = Object.keys(headers).some((name) => forwarding.test(name))
    return (
      needs.isTrial &&
      !isForwarded &&
      isLoopback(request.socket.remoteAddress) &&
      loopbackHost.test(headers.host ?? '')
    )
  }

  const checkPrivate = (request: FastifyRequest) => {
    if (needs.profile === 'strict') throw encryptionRequired('This server answers sealed calls only.')
    if (!isPrivate(request)) {
      throw encryptionRequired(
        'Call over HTTPS. Old clients without TLS on another host need security.profile "legacy".',
      )
    }
  }

  const openTotp = async (caller: Caller, t: string, j: string, maxLength: number): Promise<Opened> => {
    if (!transport.totp || needs.profile === 'strict') {
      throw encryptionRequired('The t/j envelope is switched off here.')
    }
    if (!isDeviceId(t)) refuse('t malformed')
    const bytes = readEnvelope(j, maxLength) ?? refuse('j malformed')
    const opened = (await needs.openTotp(t, bytes)) ?? refuse('t unknown, or no key fits')
    const input = parseJsonObject(opened.text)
    caller.envelope = 'totp'
    caller.device = opened.device
    caller.app = opened.app
    return { input, bytes, text: opened.text, seal: opened.seal }
  }

  const openPlain = async (
    request: FastifyRequest,
    caller: Caller,
    input: JsonObject,
    kind: 'plain' | 'json',
  ) => {
    if (transport.alwaysEncrypt) throw encryptionRequired('This server answers encrypted calls only.')
    checkPrivate(request)
    caller.envelope = kind
    // Only a JSON body may have its ticket in a header: what stands outside an envelope is not sealed.
    const bearer =
      kind === 'json' ? /^Bearer ([\x21-\x7e]+)$/i.exec(request.headers.authorization ?? '')?.[1] : undefined
    return { input: input.token === undefined && bearer !== undefined ? { ...input, token: bearer } : input }
  }

  const openForm = async (request: FastifyRequest, caller: Caller, values: Map<string, string>) => {
    const [t, j] = [values.get('t'), values.get('j')]
    if (j === undefined || values.has('v')) return refuse('j missing, or an unknown version')
    const maxLength = request.body === undefined ? transport.maxGetBytes : transport.maxPostBytes
    if (t !== undefined) return openTotp(caller, t, j, maxLength)
    const text = j.length > maxLength ? undefined : readUtf8(fromBase64url(j) ?? refuse('j malformed'))
    return openPlain(request, caller, parseJsonObject(text ?? refuse('j malformed')), 'plain')
  }

  const openBare = (request: FastifyRequest, caller: Caller, parameters: Parameters): Opened => {
    checkPrivate(request)
    caller.envelope = 'bare'
    return { input: parameters.kind === 'json' ? parameters.object : Object.fromEntries(parameters.values) }
  }

  const checkMembers = async (caller: Caller, input: JsonObject, shape: OperationShape) => {
    const { apiver = '1', appid, appsecret, op } = input
    // Our own reply coming back as a request: one key serves both directions.
    if (isCode(input.code) && input.timestamp !== undefined) refuse('own reply')
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
    if (caller.app.minEnvelope > (caller.envelope === 'totp' ? 1 : 0)) {
      throw encryptionRequired('This app asks for a stronger envelope.')
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
    if (shape.bare) return openBare(request, caller, parameters)
    const opened: Opened =
      parameters.kind === 'json'
        ? await openPlain(request, caller, parameters.object, 'json')
        : await openForm(request, caller, parameters.values)
    const rid = findRid(opened.input)
    if (rid !== undefined) opened.rid = rid
    // From here on a refusal can be sealed.
    opening(opened)
    await checkMembers(caller, opened.input, shape)
    return opened
  }
}
