/**
 * The frame of hello, key exchange, user and friend operations, as the chat server defined it: `version`, `tm`, `keyPrint` and `msgType` around
 * a message, which is flat or in `plainMsg`. A reply takes the shape of its request.
 */
import { Failure } from './errors.ts'
import { isObject, type JsonObject } from './json.ts'

/** `friendOpRet` is an answer that users send: whether they become friends. */
export type FrameKind = 'hello' | 'keyEx' | 'userOp' | 'friendOp' | 'friendOpRet'
type ReplyKind = 'hello' | 'keyEx' | 'userOpRet' | 'friendOpRet'
type MsgType = 'hello' | 'error' | 'keyExchange' | 'userOp' | 'userOpRet' | 'friendOp' | 'friendOpRet'

/** The forms in which a client may write each type: its word, its name in the enum, its number. */
const msgTypes = {
  hello: ['hello', 'MSG_HELLO', 1],
  error: ['error', 'MSG_ERROR', 3],
  keyExchange: ['keyExchange', 'MSG_KEY_EXCHANGE', 4],
  userOp: ['userOp', 'MSG_USER_OP', 31],
  userOpRet: ['userOpRet', 'MSG_USER_OP_RET', 32],
  friendOp: ['friendOp', 'MSG_FRIEND_OP', 33],
  friendOpRet: ['friendOpRet', 'MSG_FRIEND_OP_RET', 34],
} as const satisfies Record<MsgType, readonly [string, string, number]>

const typeOf = {
  hello: 'hello',
  keyEx: 'keyExchange',
  userOp: 'userOp',
  userOpRet: 'userOpRet',
  friendOp: 'friendOp',
  friendOpRet: 'friendOpRet',
} as const satisfies Record<FrameKind | ReplyKind, MsgType>
const frameVersion = 1

export type Frame = {
  isWrapped: boolean
  /** Index into `msgTypes` of the form in which the client wrote the type. */
  typeForm: number
  /** Decimal, as the client sent it. */
  tm: string
  message: JsonObject
}

/** The decimal text of a text or a safe integer; undefined for anything else. */
export const readDecimal = (value: unknown): string | undefined => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined
  return typeof value === 'string' ? value : undefined
}

const contentWrong = (info: string) => new Failure('KX_CONTENT', { info })

const formOf = (value: unknown, kind: FrameKind): number => {
  const forms: readonly (string | number)[] = msgTypes[typeOf[kind]]
  const word = typeof value === 'string' ? value.toLowerCase() : value
  return forms.findIndex((form) => (typeof form === 'string' ? form.toLowerCase() : form) === word)
}

/** The message alone, not validated yet, for rules that must look at it early. */
export const peekMessage = (input: JsonObject, kind: FrameKind): JsonObject => {
  const inner = isObject(input.plainMsg) ? input.plainMsg[kind] : input[kind]
  return isObject(inner) ? inner : {}
}

/** True for what every profile accepts in every envelope: a hello without a key, a key exchange of version 2. */
export const isOpenToAll = (input: JsonObject, kind: FrameKind): boolean => {
  if (kind !== 'hello' && kind !== 'keyEx') return false
  const { keyPrint = '0', kx } = peekMessage(input, kind)
  return kind === 'keyEx' ? kx === 2 : keyPrint === '0' || keyPrint === 0
}

/** Throws KX_VERSION or KX_CONTENT. */
export const readFrame = (input: JsonObject, kind: FrameKind): Frame => {
  const { version, tm, keyPrint = '0', msgType, plainMsg } = input
  if (version === undefined) throw contentWrong('version')
  if (version !== frameVersion && version !== String(frameVersion)) throw new Failure('KX_VERSION')
  const typeForm = formOf(msgType, kind)
  if (typeForm < 0) throw contentWrong('msgType')
  // The outer fingerprint stays 0: a call sealed under a shared key uses the sealed envelope instead.
  if (keyPrint !== '0' && keyPrint !== 0) throw contentWrong('keyPrint')
  const time = readDecimal(tm)
  if (time === undefined || !/^\d{1,19}$/.test(time)) throw contentWrong('tm')
  const isWrapped = plainMsg !== undefined
  const message = isWrapped ? isObject(plainMsg) && plainMsg[kind] : input[kind]
  if (!isObject(message)) throw contentWrong(kind)
  return { isWrapped, typeForm, tm: time, message }
}

/** The members of a framed reply: its message flat, or in `plainMsg`. */
export type FrameReply<Kind extends ReplyKind, Message> = {
  version: number
  tm: string
  keyPrint: string
  msgType: string | number
} & { [Name in Kind]?: Message } & { plainMsg?: { [Name in Kind]: Message } }

/** The members of a reply around its message. */
export const composeFrame = <Kind extends ReplyKind, Message extends JsonObject>(
  frame: Frame,
  kind: Kind,
  tm: string,
  message: Message,
): FrameReply<Kind, Message> => {
  const named = { [kind]: message } as { [Name in Kind]: Message }
  const members = {
    version: frameVersion,
    tm,
    keyPrint: '0',
    msgType: msgTypes[typeOf[kind]][frame.typeForm] ?? typeOf[kind],
  }
  const inForm = frame.isWrapped ? { plainMsg: named } : named
  return { ...members, ...inForm } as FrameReply<Kind, Message>
}

/** The chat server's names of the numbers in `err`. Other numbers take the name of their catalogue entry. */
const errorNames: Record<number, string> = {
  1: 'ErrTVersion',
  2: 'ErrTKeyPrint',
  3: 'ErrTRedirect',
  4: 'ErrTWrongPwd',
  5: 'ErrTWrongCode',
  6: 'ErrTRsaPrint',
  7: 'ErrTTempKey',
  8: 'ErrTEncType',
  9: 'ErrTInside',
  10: 'ErrTStage',
  11: 'ErrTPublicKey',
  12: 'ErrTKeyConflict',
  13: 'ErrTCheckData',
  14: 'ErrTMsgContent',
  15: 'ErrTNotLogin',
  16: 'ErrTNotPermission',
  19: 'ErrTEmail',
  20: 'ErrTPhone',
  21: 'ErrTNotFriend',
}
const insideNumber = 9
const deletedNumber = 18

/** The members that a refused frame has beside code and message. */
export const frameRefusal = (failure: Failure, nowMs: number): JsonObject => {
  const { entry, options } = failure
  const number = options.members?.reason === 'deleted' ? deletedNumber : (entry.number ?? insideNumber)
  return {
    version: frameVersion,
    tm: String(nowMs),
    keyPrint: '0',
    msgType: msgTypes.error[0],
    err: { name: errorNames[number] ?? entry.name, number },
  }
}

const codeTypes: readonly unknown[] = [undefined, '', 'json', 'protobuf']
const codeTypeOf = ({ params }: JsonObject) => (isObject(params) ? params.CodeType : undefined)

/** Throws PARAMETER_INVALID. */
export const checkCodeType = (message: JsonObject): void => {
  if (codeTypes.includes(codeTypeOf(message))) return
  throw new Failure('PARAMETER_INVALID', { info: 'CodeType: json or protobuf' })
}

/** The form of the reply: what `CodeType` says, else the form of the request. Version 2 speaks JSON only. */
export const wantsProtobuf = (message: JsonObject, isBinary: boolean): boolean => {
  const { kx, keyPrint } = message
  if (kx !== undefined || /^[0-9a-f]{32}$/.test(String(keyPrint))) return false
  const codeType = codeTypeOf(message)
  return codeType === 'protobuf' || (codeType !== 'json' && isBinary)
}
