/** The user operations of protocol.md, section 12, as an old chat client sends them: in JSON and in protobuf. */
import { isJson, items, type Json, type Line, text } from './client.ts'
import type { Key1 } from './exchange.ts'
import { type App, bytes, decode, encode, type Field, message, number, text as textOf } from './protobuf.ts'

export type Texts = Record<string, string>
export type UserOp = { operation: number; user?: Texts; secrets?: Texts; params?: Texts; token?: string }

export type UserOpReply = {
  code: number
  operation: number
  status: string
  params: Texts
  users: Texts[]
  skey: string
  a2: string
  error: { number: number; name: string }
}

/** Sends a user operation, with the proof of a key if there is one. */
export type SendOp = (op: UserOp, key?: Key1) => Promise<UserOpReply>

const path = '/v1/user-op'

const proofOf = (key: Key1 | undefined, tm: string): Texts =>
  key ? { keyPrint: key.keyPrint, checkTokenData: key.enc(tm) } : {}

const asTexts = (value: unknown): Texts =>
  isJson(value)
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, String(member)]))
    : {}

function readJson(body: Json): UserOpReply {
  const { userOpRet = {}, err = {} } = body
  if (!isJson(userOpRet) || !isJson(err)) throw new Error(JSON.stringify(body))
  return {
    code: Number(body.code),
    operation: Number(userOpRet.operation ?? 0),
    status: text(userOpRet, 'status'),
    params: asTexts(userOpRet.params),
    users: items(userOpRet, 'users').map(asTexts),
    skey: text(body, 'tickets', 'skey'),
    a2: text(body, 'tickets', 'a2'),
    error: { number: Number(err.number ?? 0), name: text(err, 'name') },
  }
}

export const jsonOps =
  (line: Line): SendOp =>
  async ({ operation, user = {}, secrets, params = {}, token }, key) => {
    const tm = String(Date.now())
    const message = {
      operation,
      user: { ...user, ...(secrets && { params: secrets }) },
      params: { ...params, ...proofOf(key, tm) },
    }
    const members = { version: 1, tm, msgType: 'userOp', userOp: message, ...(token && { token }) }
    return readJson((await line.call(path, members)).body)
  }

const userFields: [name: string, field: number][] = [
  ['userId', 1],
  ['userName', 2],
  ['nickName', 3],
  ['email', 4],
  ['phone', 5],
]

const mapOf = (field: number, texts: Texts): Field[] =>
  Object.entries(texts).map(
    ([name, value]): Field => [
      field,
      encode([
        [1, name],
        [2, value],
      ]),
    ],
  )

function writeUser(user: Texts, secrets: Texts): Buffer {
  const fields = userFields.flatMap(([name, field]): Field[] => {
    const value = user[name]
    if (value === undefined) return []
    return [[field, name === 'userId' ? BigInt(value) : value]]
  })
  return encode([...fields, ...mapOf(20, secrets)])
}

const readMap = (found: (bigint | Buffer)[] = []): Texts =>
  Object.fromEntries(
    found.flatMap((entry) => {
      if (typeof entry === 'bigint') return []
      const pair = decode(entry)
      return [[textOf(pair, 1), textOf(pair, 2)]]
    }),
  )

function readUser(data: bigint | Buffer): Texts {
  const user = decode(Buffer.from(data as Buffer))
  const known = userFields.flatMap(([name, field]): [string, string][] => {
    if (name === 'userId') return user.has(field) ? [[name, String(number(user, field))]] : []
    return user.has(field) ? [[name, textOf(user, field)]] : []
  })
  return Object.fromEntries(known)
}

function readFrame(data: Buffer): UserOpReply {
  const reply = decode(data)
  const result = message(reply, 12, 32)
  const error = message(reply, 12, 9)
  return {
    code: Number(number(reply, 110)),
    operation: Number(number(result, 1)),
    status: textOf(result, 3),
    params: { ...readMap(result.get(5)), ...readMap(error.get(9)) },
    users: (result.get(4) ?? []).map(readUser),
    skey: textOf(message(reply, 115), 2),
    a2: textOf(message(reply, 115), 1),
    error: { number: Number(number(error, 1)), name: bytes(error, 2).toString() },
  }
}

/** `send` posts a frame in some form and gives back the frame of the reply. */
export const protobufOps =
  (send: (path: string, frame: Buffer) => Promise<Buffer>, app?: App): SendOp =>
  async ({ operation, user = {}, secrets = {}, params = {}, token }, key) => {
    const tm = String(Date.now())
    const userOp = encode([
      [1, BigInt(operation)],
      [2, writeUser(user, secrets)],
      ...mapOf(3, { ...params, ...proofOf(key, tm) }),
    ])
    const fields: Field[] = [
      [1, 1n],
      [3, BigInt(tm)],
      [4, 31n],
      [12, encode([[31, userOp]])],
    ]
    if (app) fields.push([101, app.appId], [102, app.appSecret])
    if (token) fields.push([105, token])
    return readFrame(await send(path, encode(fields)))
  }
