import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Type } from 'protobufjs'
import { isObject, type JsonObject } from '../protocol/json.ts'

const words: Record<string, number> = { hello: 1, error: 3, keyExchange: 4, userOpRet: 32, friendOpRet: 34 }

const readType = async (): Promise<Type> => {
  const { default: protobuf } = await import('protobufjs')
  const file = fileURLToPath(import.meta.resolve('#root/docs/torii.proto'))
  return protobuf.parse(readFileSync(file, 'utf8'), { keepCase: true }).root.lookupType('torii.Msg')
}

let loading: Promise<Type> | undefined

/** Takes a while, so that a start does not wait for it; a failure is not kept. */
export const loadProtobuf = (): Promise<Type> => {
  loading ??= readType().catch((error) => {
    loading = undefined
    throw error
  })
  return loading
}

/** A frame of docs/torii.proto as the object that JSON would have; undefined for what is none. */
export const readProtobuf = async (bytes: Uint8Array): Promise<JsonObject | undefined> => {
  const type = await loadProtobuf()
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

/** What a refusal says beyond its code and has no field of its own, as texts. */
const textsOf = ({ triesLeft, captcha }: JsonObject): Record<string, string> => ({
  ...(triesLeft !== undefined && { triesLeft: String(triesLeft) }),
  ...(captcha !== undefined && { captcha: JSON.stringify(captcha) }),
})

/** The same way back: a reply, flat or wrapped. */
export const writeProtobuf = async (reply: JsonObject): Promise<Uint8Array> => {
  const type = await loadProtobuf()
  const { hello, keyEx, userOpRet, friendOpRet, err, plainMsg, msgType, ...members } = reply
  const errorMsg = isObject(err)
    ? { code: err.number, detail: err.name, params: textsOf(members) }
    : undefined
  const message = {
    ...members,
    msgType: words[String(msgType)] ?? msgType,
    plainMsg: isObject(plainMsg)
      ? { ...plainMsg, keyEx: withPem(plainMsg.keyEx) }
      : { hello, keyEx: withPem(keyEx), userOpRet, friendOpRet, errorMsg },
  }
  return type.encode(type.fromObject(message)).finish()
}
