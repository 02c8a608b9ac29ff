/** Keys and proofs of protocol.md, section 13. */
import {
  createCipheriv,
  createECDH,
  createHash,
  createHmac,
  createPublicKey,
  randomBytes,
  verify,
} from 'node:crypto'
import { twofishCbc } from './twofish.ts'

const spkiPrefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex')
const edPrefix = Buffer.from('302a300506032b6570032100', 'hex')

export const base64 = (text: string): Buffer => Buffer.from(text, 'base64')
export const fromHex = (text: string): Buffer => Buffer.from(text, 'hex')

export type KeyPair = { spki: Buffer; shared(otherSpki: Uint8Array): Buffer }

export function keyPair(scalar?: Uint8Array): KeyPair {
  const ecdh = createECDH('prime256v1')
  if (scalar) ecdh.setPrivateKey(scalar)
  else ecdh.generateKeys()
  return {
    spki: Buffer.concat([spkiPrefix, ecdh.getPublicKey().subarray(1)]),
    shared: (other) => ecdh.computeSecret(Buffer.from(other).subarray(spkiPrefix.length - 1)),
  }
}

export function toPem(spki: Uint8Array): string {
  const columns =
    Buffer.from(spki)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN PUBLIC KEY-----\n${columns.join('\n')}\n-----END PUBLIC KEY-----\n`
}

/** From PEM, as it is or in base64. */
export function fromPem(text: string): Buffer {
  const pem = text.startsWith('-----') ? text : base64(text).toString('ascii')
  return base64(pem.replace(/-----[A-Z ]+-----/g, '').replace(/\s/g, ''))
}

export const suites1 = ['AES-CTR', 'ChaCha20', 'twofish128'] as const
export type Suite1 = (typeof suites1)[number]

export type Key1 = {
  keyPrint: string
  enc(text: string, iv?: Uint8Array): string
  holds(proof: string, text: string): boolean
}

export function printOf(bytes: Uint8Array): string {
  return String(Buffer.from(bytes).readBigInt64LE(0))
}

export function key1(suite: Suite1, x: Uint8Array): Key1 {
  const key = suite === 'twofish128' ? createHash('md5').update(x).digest() : Buffer.from(x)
  const ivLength = suite === 'ChaCha20' ? 12 : 16
  const ciphertext = (iv: Uint8Array, text: string): Buffer => {
    const plain = Buffer.from(text)
    if (suite === 'twofish128') return twofishCbc(key, iv, plain)
    if (suite === 'AES-CTR') return createCipheriv('aes-256-ctr', key, iv).update(plain)
    // OpenSSL takes the block counter, little-endian, in front of the nonce.
    return createCipheriv('chacha20', key, Buffer.concat([Buffer.alloc(4), iv])).update(plain)
  }
  const enc = (text: string, iv: Uint8Array = randomBytes(ivLength)): string =>
    Buffer.concat([iv, ciphertext(iv, text)]).toString('base64')
  return {
    keyPrint: printOf(key),
    enc,
    holds: (proof, text) =>
      enc(text, base64(proof).subarray(0, ivLength)) === base64(proof).toString('base64'),
  }
}

export const suites2 = ['AES-256-GCM', 'ChaCha20-Poly1305'] as const
export type Suite2 = (typeof suites2)[number]

export type Transcript = {
  appId: string
  encType: Suite2
  clientSpki: Uint8Array
  clientNonce: Uint8Array
  rsaPrint: string
  serverKeyIds: string[]
  serverSpki: Uint8Array
  serverNonce: Uint8Array
  serverKeyId: string
  tm: string
}

const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest()
const hmac = (key: Uint8Array, data: Uint8Array): Buffer => createHmac('sha256', key).update(data).digest()

function part(content: Uint8Array | string): Buffer {
  const data = Buffer.from(content)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  return Buffer.concat([length, data])
}

export function hashOf(transcript: Transcript): Buffer {
  const { appId, encType, clientSpki, clientNonce, rsaPrint, serverKeyIds } = transcript
  const { serverSpki, serverNonce, serverKeyId, tm } = transcript
  const client = [part('torii/kx/2'), part(appId), part(encType), part(clientSpki), part(clientNonce)]
  const choices = [part(rsaPrint), part(serverKeyIds.join(','))]
  const server = [part(serverSpki), part(serverNonce), part(serverKeyId), part(tm)]
  return sha256(Buffer.concat([...client, ...choices, ...server]))
}

export type Key2 = {
  encType: Suite2
  keyPrint: string
  clientKey: Buffer
  serverKey: Buffer
  proofs: { 2: string; 3: string; 4: string }
}

export function key2(encType: Suite2, th: Uint8Array, x: Uint8Array): Key2 {
  const prk = hmac(th, x)
  const key = (label: string): Buffer => hmac(prk, Buffer.concat([Buffer.from(label), Buffer.of(1)]))
  const proof = (side: string, stage: number): string =>
    hmac(key(`torii/kx/2 ${side} proof`), Buffer.concat([Buffer.from(`stage ${stage}\0`), th])).toString(
      'base64',
    )
  return {
    encType,
    keyPrint: key('torii/kx/2 fingerprint').subarray(0, 16).toString('hex'),
    clientKey: key('torii/kx/2 client'),
    serverKey: key('torii/kx/2 server'),
    proofs: { 2: proof('server', 2), 3: proof('client', 3), 4: proof('server', 4) },
  }
}

export type ServerKey = { id: string; publicKey: Uint8Array }

export const idOf = (publicKey: Uint8Array): string => sha256(publicKey).subarray(0, 8).toString('hex')

export function signed(publicKey: Uint8Array, th: Uint8Array, signature: Uint8Array): boolean {
  const key = createPublicKey({ key: Buffer.concat([edPrefix, publicKey]), format: 'der', type: 'spki' })
  return verify(null, Buffer.concat([Buffer.from('torii/kx/2 signature\0'), th]), key, signature)
}
