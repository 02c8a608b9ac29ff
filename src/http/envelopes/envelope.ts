/** What an envelope is, and what all of them need to read a message. */
import type { FastifyRequest } from 'fastify'
import { readUtf8 } from '../../protocol/bytes.ts'
import { type ReadText, readFrameText } from '../../protocol/envelope.ts'
import { Failure, type Language } from '../../protocol/errors.ts'
import { isOpenToAll, peekMessage, wantsProtobuf } from '../../protocol/frame.ts'
import { type JsonObject, parseJsonObject } from '../../protocol/json.ts'
import type { Strength } from '../../protocol/strength.ts'
import type { Caller, CallerApp, CallerDevice, CallerKey, EnvelopeKind, OperationShape } from '../caller.ts'
import type { Parameters } from '../parameters.ts'
import type { WriteReply } from '../reply.ts'
import type { Opened } from '../request.ts'

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
  /** The time in the message is close to ours. */
  isFresh: boolean
  /** Takes its sequence number; false for one that was taken, or is out of the window. */
  claimSequence(): Promise<boolean>
}

export type EnvelopeNeeds = {
  profile: 'compat' | 'strict' | 'legacy'
  transport: { totp: boolean; alwaysEncrypt: boolean; maxGetBytes: number; maxPostBytes: number }
  /** Undefined: no such device, or no key fits. */
  openTotp(t: string, bytes: Uint8Array, read: ReadText<string | Uint8Array>): Promise<OpenedTotp | undefined>
  /** Undefined: no such key, or not sealed so for this path. */
  openSealed(t: string, j: string, path: string): Promise<OpenedSealed | undefined>
  /** A frame of protobuf; undefined for what is none. */
  readFrame(bytes: Uint8Array): Promise<JsonObject | undefined>
  /** Throws ENCRYPTION_REQUIRED unless the call may come in the clear. */
  checkPrivate(request: FastifyRequest): void
  now(): number
}

export type Call = {
  request: FastifyRequest
  caller: Caller
  shape: OperationShape
  parameters: Parameters
  /** Called once, when the key of the reply is known: from then on a refusal goes back in the envelope too. */
  accept(write: WriteReply): void
}

/** One way to carry a message. The first row that matches a call opens it. */
export type Envelope = {
  kind: EnvelopeKind
  strength: Strength
  matches(call: Call): boolean
  open(call: Call, needs: EnvelopeNeeds): Opened | Promise<Opened>
}

export const refuse = (reason: string): never => {
  throw new Failure('ENVELOPE_REFUSED', { cause: new Error(reason) })
}

export const encryptionRequired = (info: string) => new Failure('ENCRYPTION_REQUIRED', { info })

export const typeNotTaken = () => {
  const cause = new Error('this content-type is not taken here')
  return Object.assign(new Failure('PARAMETER_INVALID', { cause }), { statusCode: 415 })
}

/** A parameter of a form; undefined in any other body. */
export const formValue = ({ parameters }: Call, name: string): string | undefined =>
  parameters.kind === 'form' ? parameters.values.get(name) : undefined

export const readerOf = (shape: OperationShape) => (shape.frame ? readFrameText : readUtf8)

/** Messages that every profile takes in every envelope. */
export const isExempt = (shape: OperationShape, input: JsonObject) =>
  shape.frame !== undefined && isOpenToAll(input, shape.frame)

/** A frame of protobuf is answered as one, unless it asks for something else. */
export const readObject = (input: JsonObject, shape: OperationShape, isBinary = false): Opened => {
  if (!shape.frame) return { input }
  return { input, isBinary: wantsProtobuf(peekMessage(input, shape.frame), isBinary) }
}

/** The message of an opened text or frame. */
export const readMessage = async (
  text: string | Uint8Array,
  shape: OperationShape,
  { readFrame }: EnvelopeNeeds,
): Promise<Opened> => {
  if (typeof text === 'string') return readObject(parseJsonObject(text), shape)
  return readObject((await readFrame(text)) ?? refuse('not a frame'), shape, true)
}

/** A call in the clear is for messages without secrets, or for a connection that is private. */
export const checkClear = ({ request, shape }: Call, input: JsonObject, needs: EnvelopeNeeds) => {
  if (isExempt(shape, input)) return
  if (needs.transport.alwaysEncrypt) throw encryptionRequired('This server answers encrypted calls only.')
  needs.checkPrivate(request)
}
