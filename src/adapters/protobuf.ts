import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Type } from 'protobufjs'
import { isObject, type JsonObject } from '../protocol/json.ts'

const words: Record<string, number> = { hello: 1, error: 3, keyExchange: 4 }

// Loaded when the first client speaks protobuf.
let loading: Promise<Type> | undefined
const load = () => {
  loading ??= import('protobufjs').then(({ default: protobuf }) => {
    const file = fileURLToPath(import.meta.resolve('#root/docs/torii.proto'))
    return protobuf.parse(readFileSync(file, 'utf8'), { keepCase: true }).root.lookupType('torii.Msg')
  })
  return loading
}

/** A frame of docs/torii.proto as the object that JSON would have; undefined for what is none. */
export const readProtobuf = async (bytes: Uint8Array): Promise<JsonObject | undefined> => {
  const type = await load()
  try {
    return type.toObject(type.decode(bytes), { longs: String, enums: Number, bytes: String }) as JsonObject
  } catch {
    return undefined
  }
}

/** PEM goes as the bytes of its text, everything else is base64. */
const withPem = (keyEx: unknown) => {
  const pubKey = isObject(keyEx) && keyEx.pubKey
  const isPem = typeof pubKey === 'string' && pubKey.startsWith('-')
  return isPem ? { ...(keyEx as JsonObject), pubKey: Buffer.from(pubKey) } : keyEx
}

/** The same way back: a reply, flat or wrapped. */
export const writeProtobuf = async (reply: JsonObject): Promise<Uint8Array> => {
  const type = await load()
  const { hello, keyEx, err, plainMsg, msgType, ...members } = reply
  const errorMsg = isObject(err) ? { code: err.number, detail: err.name } : undefined
  const message = {
    ...members,
    msgType: words[String(msgType)] ?? msgType,
    plainMsg: isObject(plainMsg)
      ? { ...plainMsg, keyEx: withPem(plainMsg.keyEx) }
      : { hello, keyEx: withPem(keyEx), errorMsg },
  }
  return type.encode(type.fromObject(message)).finish()
}
