/** A client written from docs/protocol.md alone: the forms in which calls travel. */
import { randomBytes } from 'node:crypto'
import type { Key2 } from './exchange.ts'
import type { App } from './protobuf.ts'
import { openReply, sealRequest } from './sealed.ts'
import { open, seal, stepOf } from './xxtea.ts'

export type Json = { [member: string]: unknown }

/** `opened`: the reply came in the form of the call and nobody on the way can have made it. */
export type Answer = { status: number; opened: boolean; body: Json; raw: string }

export type Line = { form: string; call(path: string, members: Json): Promise<Answer> }

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function parse(text: string): Json {
  const value: unknown = JSON.parse(text)
  if (!isJson(value)) throw new Error('not an object')
  return value
}

function inside(from: Json, path: string[]): unknown {
  let value: unknown = from
  for (const name of path) value = isJson(value) ? value[name] : undefined
  return value
}

/** The text at a path of members; empty where there is none. */
export function text(from: Json, ...path: string[]): string {
  const value = inside(from, path)
  return typeof value === 'string' ? value : ''
}

export function items(from: Json, ...path: string[]): Json[] {
  const value = inside(from, path)
  return Array.isArray(value) ? value.filter(isJson) : []
}

const formType = 'application/x-www-form-urlencoded'

export type Http = { status: number; type: string; body: Buffer }

export async function post(url: string, type: string, body: string | Uint8Array<ArrayBuffer>): Promise<Http> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body })
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    body: Buffer.from(await response.arrayBuffer()),
  }
}

export async function get(url: string): Promise<Json> {
  return parse(await (await fetch(url)).text())
}

export function jsonLine(url: string, app: App): Line {
  return {
    form: 'JSON',
    async call(path, members) {
      const sent = JSON.stringify({ appid: app.appId, appsecret: app.appSecret, ...members })
      const { status, body } = await post(url + path, 'application/json', sent)
      return { status, opened: true, body: parse(body.toString()), raw: body.toString() }
    },
  }
}

export type Device = { t: string; secret: string }

export async function provision(url: string, app: App): Promise<Device & { reply: Json }> {
  const query = new URLSearchParams({
    n: app.appId,
    s: app.appSecret,
    type: 'test',
    os: 'node',
    device: 'stranger',
  })
  const reply = await get(`${url}/v1/totp?${query}`)
  return { t: text(reply, 'totp_token'), secret: text(reply, 'totp_secret'), reply }
}

/** One exchange of bytes in t/j; undefined when the server did not seal its reply. */
export async function postTotp(
  url: string,
  { t, secret }: Device,
  plain: Uint8Array,
  clock = Date.now,
): Promise<Http & { plain: Buffer | undefined }> {
  const sentStep = stepOf(clock())
  const form = new URLSearchParams({ t, j: seal(secret, sentStep, plain) })
  const reply = await post(url, formType, form.toString())
  const sealed = reply.body.toString()
  if (sealed.startsWith('{')) return { ...reply, plain: undefined }
  const now = stepOf(clock())
  const opened = open(secret, [now, sentStep, now + 1, now - 1, sentStep + 1, sentStep - 1], sealed)
  if (!opened) throw new Error('no key opens the reply')
  return { ...reply, plain: opened }
}

export function totpLine(url: string, device: Device, clock = Date.now): Line {
  return {
    form: 't/j',
    async call(path, members) {
      const { status, body, plain } = await postTotp(
        url + path,
        device,
        Buffer.from(JSON.stringify(members)),
        clock,
      )
      const raw = body.toString()
      return { status, opened: plain !== undefined, body: parse(plain?.toString() ?? raw), raw }
    },
  }
}

export type SealedLine = Line & {
  /** Takes the next sequence number; a request id given again makes this a retry. */
  send(path: string, members: Json, options?: { requestId?: Uint8Array; clockOff?: number }): Promise<Answer>
  /** Posts bytes that were made before. */
  repeat(): Promise<Answer>
}

export function sealedLine(url: string, key: Key2, clock = Date.now): SealedLine {
  let sequence = 0
  let last = { path: '', body: '' }
  const postForm = (path: string, body: string): Promise<Http> => post(url + path, formType, body)
  const send: SealedLine['send'] = async (path, members, options = {}) => {
    const { requestId = randomBytes(8), clockOff = 0 } = options
    sequence += 1
    const timestampMs = clock() + clockOff
    const sent = sealRequest(key, { path, text: JSON.stringify(members), sequence, timestampMs, requestId })
    last = { path, body: new URLSearchParams({ v: '2', t: key.keyPrint, j: sent.j }).toString() }
    const { status, body } = await postForm(path, last.body)
    const raw = body.toString()
    if (raw.startsWith('{')) return { status, opened: false, body: parse(raw), raw }
    return { status, opened: true, body: parse(openReply(key, sent, raw).text), raw }
  }
  return {
    form: 'sealed',
    call: (path, members) => send(path, members),
    send,
    async repeat() {
      const { status, body } = await postForm(last.path, last.body)
      const raw = body.toString()
      return { status, opened: false, body: raw.startsWith('{') ? parse(raw) : {}, raw }
    },
  }
}
