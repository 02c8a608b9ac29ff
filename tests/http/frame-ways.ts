/** The ways into an operation whose messages are frames of protobuf, written by its published definition. */
import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'
import xxtea from 'xxtea-node'
import type { Answer, Call, Members } from '../harness/key-client.ts'
import { codeAt } from '../harness/totp-client.ts'
import { base64urlOf, formOf, sealBytes, type World } from './world.ts'

const root = await protobuf.load(fileURLToPath(import.meta.resolve('#root/docs/torii.proto')))
const Msg = root.lookupType('torii.Msg')

const kinds: Record<string, number> = {
  hello: 1,
  error: 3,
  keyExchange: 4,
  userOp: 31,
  userOpRet: 32,
  friendOp: 33,
  friendOpRet: 34,
}

/** A flat frame, wrapped and written. */
export const writeFrame = (members: Members): Buffer => {
  const { hello, keyEx, userOp, friendOp, friendOpRet, msgType, plainMsg, ...more } = members
  const number = typeof msgType === 'string' ? kinds[msgType] : msgType
  const message = {
    ...more,
    msgType: number,
    plainMsg: plainMsg ?? { hello, keyEx, userOp, friendOp, friendOpRet },
  }
  return Buffer.from(Msg.encode(Msg.fromObject(message)).finish())
}

/** A frame as the flat object that JSON would have. */
export const readFrame = (bytes: Uint8Array): Answer => {
  const members = Msg.toObject(Msg.decode(bytes), { longs: String, enums: Number, bytes: String }) as Members
  const { plainMsg, msgType, ...more } = members
  const { hello, keyEx, userOpRet, friendOpRet, errorMsg } = (plainMsg ?? {}) as Record<string, Members>
  const word = Object.keys(kinds).find((name) => kinds[name] === msgType)
  const err = errorMsg && { number: errorMsg.code, name: errorMsg.detail }
  return { ...more, msgType: word, hello, keyEx, userOpRet, friendOpRet, err } as unknown as Answer
}

/** POST of bytes. */
export const postBytes = async (
  world: World,
  url: string,
  payload: Buffer,
  type = 'application/x-protobuf',
) => {
  const headers = { host: 'localhost', 'content-type': type }
  const reply = await world.server.http.inject({ method: 'POST', url, headers, payload })
  return { status: reply.statusCode, type: String(reply.headers['content-type']), bytes: reply.rawPayload }
}

export const openFrameWays = async (world: World) => {
  const device = await world.provision()
  const credentials = { appid: world.app.appId, appsecret: world.app.appSecret }
  const framed = (members: Members) => writeFrame({ ...credentials, ...members })
  const readPlain = ({ body }: { body: string }) =>
    body.startsWith('{') ? JSON.parse(body) : readFrame(Buffer.from(body, 'base64url'))
  const readSealed = ({ body }: { body: string }) => {
    if (body.startsWith('{')) return JSON.parse(body)
    const key = createHash('md5')
      .update(device.secret + Number(codeAt(device.secret, world.clock.now())))
      .digest('hex')
    const opened = xxtea.decrypt(Buffer.from(body, 'base64url'), key)
    if (!opened) throw new Error('the reply cannot be opened')
    return readFrame(opened)
  }
  const totp = (members: Members) =>
    formOf({ t: device.t, j: sealBytes(device, writeFrame(members), world.clock.now()) })
  const plain = (members: Members) => formOf({ j: base64urlOf(framed(members)) })
  return {
    'a body of protobuf': async (path, members) => {
      const { type, bytes } = await postBytes(world, path, framed(members))
      return type === 'application/x-protobuf' ? readFrame(bytes) : JSON.parse(String(bytes))
    },
    'protobuf in plain j by POST': async (path, members) =>
      readPlain(await world.request({ url: path, post: plain(members) })),
    'protobuf in plain j by GET': async (path, members) =>
      readPlain(await world.request({ url: `${path}?${plain(members)}` })),
    'protobuf in t and j by POST': async (path, members) =>
      readSealed(await world.request({ url: path, post: totp(members) })),
    'protobuf in t and j by GET': async (path, members) =>
      readSealed(await world.request({ url: `${path}?${totp(members)}` })),
  } satisfies Record<string, Call>
}
