/**
 * An old client, as the apps in the field have it: otplib and xxtea-node, nothing of ours. Its clock may be off, and
 * like them it makes the key of the reply anew when the reply arrives.
 */
import { createHash } from 'node:crypto'
import { createGuardrails, generateSync } from 'otplib'
import xxtea from 'xxtea-node'

export type Provisioned = { t: string; secret: string }
export type Send = (request: {
  method: 'GET' | 'POST'
  url: string
  headers: Record<string, string>
  payload?: string
}) => Promise<{ status: number; headers: Record<string, unknown>; body: string }>
export type KeyForm = 'number' | 'padded'

const guardrails = createGuardrails({ MIN_SECRET_BYTES: 10 })

export const codeAt = (secret: string, nowMs: number) =>
  generateSync({ secret, epoch: Math.floor(nowMs / 1_000), guardrails })

const keyAt = (secret: string, nowMs: number, form: KeyForm) => {
  const code = codeAt(secret, nowMs)
  const n = form === 'padded' ? code : String(Number(code))
  return createHash('md5')
    .update(secret + n)
    .digest('hex')
}

export const sealText = (
  device: Provisioned,
  text: string,
  nowMs: number,
  form: KeyForm = 'number',
): string => Buffer.from(xxtea.encrypt(text, keyAt(device.secret, nowMs, form))).toString('base64url')

/** The plaintext, or undefined when the key of that moment doesn't fit. */
export const openText = (device: Provisioned, sealed: string, nowMs: number, form: KeyForm = 'number') => {
  const opened = xxtea.decrypt(Buffer.from(sealed, 'base64url'), keyAt(device.secret, nowMs, form))
  return opened ? Buffer.from(opened).toString() : undefined
}

export type CallReply = {
  status: number
  headers: Record<string, unknown>
  /** The raw body as it came. */
  body: string
  /** Undefined: the client could not read its reply. */
  json: Record<string, unknown> | undefined
  /** Whether the reply was sealed (else plain JSON). */
  isSealed: boolean
}

export const createTotpClient = ({
  send,
  device,
  now = Date.now,
  form = 'number',
}: {
  send: Send
  device: Provisioned
  now?: () => number
  form?: KeyForm
}) => {
  const read = (body: string, moments: readonly number[]) => {
    if (body.startsWith('{')) return JSON.parse(body) as Record<string, unknown>
    for (const moment of moments) {
      const text = openText(device, body, moment, form)
      if (text !== undefined) return JSON.parse(text) as Record<string, unknown>
    }
    return undefined
  }
  const sendSealed = async (path: string, j: string, method: 'GET' | 'POST' = 'POST'): Promise<CallReply> => {
    const parameters = new URLSearchParams({ t: device.t, j }).toString()
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const reply = await (method === 'POST'
      ? send({ method, url: path, headers: form, payload: parameters })
      : send({ method, url: `${path}?${parameters}`, headers: {} }))
    return { ...reply, json: read(reply.body, [now()]), isSealed: !reply.body.startsWith('{') }
  }
  return {
    device,
    seal: (members: Record<string, unknown>) => sealText(device, JSON.stringify(members), now(), form),
    /** With the key of now, as a client does when a reply arrives; or with those of these moments. */
    read: (body: string, moments: readonly number[] = [now()]) => read(body, moments),
    /** Sends bytes that were sealed before: a retry, or a replay. */
    sendSealed,
    call: (path: string, members: Record<string, unknown> = {}, method: 'GET' | 'POST' = 'POST') =>
      sendSealed(path, sealText(device, JSON.stringify({ apiver: 1, ...members }), now(), form), method),
  }
}
