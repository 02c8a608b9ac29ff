/** The sealed envelope of protocol.md, section 14. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { Key2, Suite2 } from './exchange.ts'

const headerLength = 30
const nonceLength = 12
const tagLength = 16

type Head = {
  suite: Suite2
  fromServer: boolean
  timestampMs: number
  sequence: number
  requestId: Uint8Array
}

function headerOf(head: Head): Buffer {
  const header = Buffer.alloc(headerLength)
  header.set([0x54, 0x53, 2, head.suite === 'AES-256-GCM' ? 1 : 2, head.fromServer ? 1 : 0, 0])
  header.writeBigUInt64BE(BigInt(head.timestampMs), 6)
  header.writeBigUInt64BE(BigInt(head.sequence), 14)
  header.set(head.requestId, 22)
  return header
}

function placeOf(path: string, keyPrint: string): Buffer {
  return createHash('sha256').update(`POST\n${path}\n${keyPrint}`).digest()
}

function cipher(
  suite: Suite2,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plain: Uint8Array,
): Buffer {
  const options = { authTagLength: tagLength }
  const box =
    suite === 'AES-256-GCM'
      ? createCipheriv('aes-256-gcm', key, nonce, options)
      : createCipheriv('chacha20-poly1305', key, nonce, options)
  box.setAAD(aad, { plaintextLength: plain.length })
  return Buffer.concat([box.update(plain), box.final(), box.getAuthTag()])
}

function decipher(
  suite: Suite2,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Buffer {
  const options = { authTagLength: tagLength }
  const box =
    suite === 'AES-256-GCM'
      ? createDecipheriv('aes-256-gcm', key, nonce, options)
      : createDecipheriv('chacha20-poly1305', key, nonce, options)
  const text = sealed.subarray(0, -tagLength)
  box.setAAD(aad, { plaintextLength: text.length })
  box.setAuthTag(sealed.subarray(-tagLength))
  return Buffer.concat([box.update(text), box.final()])
}

export type Request = {
  path: string
  text: string
  sequence: number
  timestampMs: number
  requestId?: Uint8Array
  nonce?: Uint8Array
}

export type Sent = { j: string; header: Buffer; place: Buffer; tag: Buffer }

export function sealRequest(key: Key2, request: Request): Sent {
  const { path, text, sequence, timestampMs } = request
  const { requestId = randomBytes(8), nonce = randomBytes(nonceLength) } = request
  const header = headerOf({ suite: key.encType, fromServer: false, timestampMs, sequence, requestId })
  const place = placeOf(path, key.keyPrint)
  const aad = Buffer.concat([header, place])
  const sealed = cipher(key.encType, key.clientKey, nonce, aad, Buffer.from(text))
  const j = Buffer.concat([header, nonce, sealed]).toString('base64url')
  return { j, header, place, tag: sealed.subarray(-tagLength) }
}

/** Throws when this is not the server's answer to what was sent. */
export function openReply(key: Key2, sent: Sent, body: string): { text: string; timestampMs: number } {
  const data = Buffer.from(body, 'base64url')
  const header = data.subarray(0, headerLength)
  const timestampMs = Number(header.readBigUInt64BE(6))
  const expected = Buffer.from(sent.header)
  expected.writeUInt8(1, 4)
  header.copy(expected, 6, 6, 14)
  if (!header.equals(expected)) throw new Error('the reply answers another request')
  const nonce = data.subarray(headerLength, headerLength + nonceLength)
  const aad = Buffer.concat([header, sent.place, sent.tag])
  const sealed = data.subarray(headerLength + nonceLength)
  return { text: decipher(key.encType, key.serverKey, nonce, aad, sealed).toString(), timestampMs }
}
