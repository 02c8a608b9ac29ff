/** As much of protobuf as the frames of docs/torii.proto need: varints, and fields of some length. */

export type Field = [number: number, value: bigint | string | Uint8Array]

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  let rest = BigInt.asUintN(64, value)
  do {
    const low = Number(rest & 127n)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 128 : low)
  } while (rest > 0n)
  return Buffer.from(bytes)
}

export function encode(fields: Field[]): Buffer {
  const parts = fields.flatMap(([number, value]) => {
    if (typeof value === 'bigint') return [varint(BigInt(number << 3)), varint(value)]
    const content = Buffer.from(value)
    return [varint(BigInt((number << 3) | 2)), varint(BigInt(content.length)), content]
  })
  return Buffer.concat(parts)
}

export type Decoded = Map<number, (bigint | Buffer)[]>

export function decode(data: Buffer): Decoded {
  const fields: Decoded = new Map()
  let offset = 0
  const next = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = data.readUInt8(offset++)
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return value
    }
  }
  while (offset < data.length) {
    const tag = Number(next())
    const number = tag >>> 3
    let value: bigint | Buffer = next()
    if ((tag & 7) === 2) {
      const length = Number(value)
      value = data.subarray(offset, offset + length)
      offset += length
    } else if ((tag & 7) !== 0) throw new Error(`wire type ${tag & 7}`)
    fields.set(number, [...(fields.get(number) ?? []), value])
  }
  return fields
}

/** The message at the end of a path of field numbers; empty where a field is absent. */
export function message(from: Decoded, ...path: number[]): Decoded {
  let found = from
  for (const number of path) {
    const value = found.get(number)?.[0]
    found = value instanceof Buffer ? decode(value) : new Map()
  }
  return found
}

export function number(from: Decoded, field: number): bigint {
  const value = from.get(field)?.[0] ?? 0n
  if (typeof value !== 'bigint') throw new Error(`field ${field} is no number`)
  return BigInt.asIntN(64, value)
}

export function bytes(from: Decoded, field: number): Buffer {
  const value = from.get(field)?.[0] ?? Buffer.alloc(0)
  if (typeof value === 'bigint') throw new Error(`field ${field} has no length`)
  return value
}

export const text = (from: Decoded, field: number): string => bytes(from, field).toString()

export type App = { appId: string; appSecret: string }

const field = { version: 1, tm: 3, msgType: 4, plainMsg: 12, appid: 101, appsecret: 102 }
const msgHello = 1n

export type HelloFrame = { tm: string; keyPrint?: string; params?: Record<string, string> }

/** `app` may be left out where `t` names it. */
export function helloFrame(frame: HelloFrame, app?: App): Buffer {
  const params = Object.entries(frame.params ?? {}).map(
    ([name, value]): Field => [
      8,
      encode([
        [1, name],
        [2, value],
      ]),
    ],
  )
  const hello: Field[] = [[1, 'stranger'], [2, '1.0'], [3, 'node'], [5, 'clienthello'], ...params]
  if (frame.keyPrint !== undefined) hello.push([6, BigInt(frame.keyPrint)])
  const fields: Field[] = [
    [field.version, 1n],
    [field.tm, BigInt(frame.tm)],
    [field.msgType, msgHello],
    [field.plainMsg, encode([[7, encode(hello)]])],
  ]
  if (app) fields.push([field.appid, app.appId], [field.appsecret, app.appSecret])
  return encode(fields)
}

export type HelloReply = {
  code: number
  stage: string
  keyPrint: string
  skey: string
  tm: string
  error: string
}

export function helloReply(data: Buffer): HelloReply {
  const reply = decode(data)
  const hello = message(reply, field.plainMsg, 7)
  return {
    code: Number(number(reply, 110)),
    stage: text(hello, 5),
    keyPrint: String(number(hello, 6)),
    skey: text(message(reply, 115), 2),
    tm: String(number(reply, field.tm)),
    error: text(message(reply, field.plainMsg, 9), 2),
  }
}
