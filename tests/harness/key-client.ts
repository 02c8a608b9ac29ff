/** Clients of the key exchange: the old one by what Node has, the sealed one by the protocol's own files. */
import { createCipheriv, createECDH, createHash, randomBytes } from 'node:crypto'
import { encrypt, makeSession } from 'twofish-ts'
import { nodeKeyPrimitives } from '../../src/adapters/key-crypto.ts'
import { fromBase64, toBase64 } from '../../src/protocol/bytes.ts'
import { deriveKeys, hashTranscript } from '../../src/protocol/key-exchange.ts'
import { readPublicKey } from '../../src/protocol/public-key.ts'
import {
  openMessage,
  type SealedKeys,
  type SealedSuite,
  sealMessage,
} from '../../src/protocol/sealed-envelope.ts'
import { codes } from './codes.ts'

export type Members = Record<string, unknown>
export type Answer = Members & { code: number }
/** Sends members to a path in whatever envelope. */
export type Call = (path: string, members: Members) => Promise<Answer>

export const suites = ['AES-CTR', 'ChaCha20', 'twofish128'] as const
export type Suite = (typeof suites)[number]

const prefix = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex')

export const pemOf = (point: Uint8Array) => {
  const text = Buffer.concat([prefix, point]).toString('base64')
  return `-----BEGIN PUBLIC KEY-----\n${text.slice(0, 64)}\n${text.slice(64)}\n-----END PUBLIC KEY-----\n`
}

const pointOf = (pubKey: string) => {
  const pem = pubKey.startsWith('-') ? pubKey : Buffer.from(pubKey, 'base64').toString()
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64').subarray(-65)
}

/** IV ‖ ciphertext of a text, as an old client makes it. */
export const encryptTm = (suite: Suite, key: Buffer, tm: string, iv?: Buffer) => {
  if (suite === 'AES-CTR') {
    const nonce = iv ?? randomBytes(16)
    return Buffer.concat([nonce, createCipheriv('aes-256-ctr', key, nonce).update(tm)])
  }
  if (suite === 'ChaCha20') {
    const nonce = iv ?? randomBytes(12)
    const start = Buffer.concat([Buffer.alloc(4), nonce])
    return Buffer.concat([nonce, createCipheriv('chacha20', key, start).update(tm)])
  }
  const nonce = iv ?? randomBytes(16)
  const block = Buffer.alloc(16, 16 - tm.length)
  block.write(tm)
  for (let at = 0; at < 16; at++) block[at] = (block[at] ?? 0) ^ (nonce[at] ?? 0)
  const output = new Uint8Array(16)
  encrypt(block, 0, output, 0, makeSession(key))
  return Buffer.concat([nonce, output])
}

export type SharedKey = { suite: Suite; key: Buffer; keyPrint: string }

export const frame = (kind: 'hello' | 'keyEx', message: Members, tm: string): Members => ({
  version: 1,
  tm,
  keyPrint: '0',
  msgType: kind === 'hello' ? 'hello' : 'keyExchange',
  [kind]: message,
})

export const messageOf = (answer: Answer) => (answer.keyEx ?? answer.hello ?? {}) as Record<string, string>

/** Stages 1 and 2. */
export const beginExchange = async (call: Call, suite: Suite, more: Members = {}) => {
  const own = createECDH('prime256v1')
  const pubKey = Buffer.from(pemOf(own.generateKeys())).toString('base64')
  const tm = String(Date.now())
  const first = {
    stage: 1,
    keyPrint: '0',
    rsaPrint: '0',
    tempKey: '',
    pubKey,
    encType: suite,
    status: '',
    ...more,
  }
  const answer = await call('/v1/key-exchange', frame('keyEx', first, tm))
  const second = messageOf(answer)
  if (answer.code !== codes.OK) return { answer, second, shared: undefined }
  const x = own.computeSecret(pointOf(second.pubKey ?? ''))
  const key = suite === 'twofish128' ? createHash('md5').update(x).digest() : x
  return { answer, second, shared: { suite, key, keyPrint: second.keyPrint ?? '' } satisfies SharedKey }
}

export const thirdOf = ({ suite, key, keyPrint }: SharedKey, tm: string) =>
  frame(
    'keyEx',
    { stage: 3, keyPrint, tempKey: encryptTm(suite, key, tm).toString('base64'), status: 'ready' },
    tm,
  )

/** All four stages; throws for whatever is refused. */
export const exchangeKey = async (call: Call, suite: Suite, now = Date.now): Promise<SharedKey> => {
  const { answer, shared } = await beginExchange(call, suite)
  if (!shared) throw new Error(`stage 2: ${JSON.stringify(answer)}`)
  const fourth = await call('/v1/key-exchange', thirdOf(shared, String(now())))
  if (messageOf(fourth).status !== 'needlogin') throw new Error(`stage 4: ${JSON.stringify(fourth)}`)
  return shared
}

/** The three members that prove a key. */
export const proofOf = ({ suite, key, keyPrint }: SharedKey, tm: string, iv?: Buffer) => ({
  keyPrint,
  tm,
  checkTokenData: encryptTm(suite, key, tm, iv).toString('base64'),
})

export const helloFrame = (shared: SharedKey | undefined, tm: string, params: Members = {}, iv?: Buffer) => {
  const proof = shared && proofOf(shared, tm, iv)
  return frame(
    'hello',
    {
      clientId: 'phone-1',
      platform: 'ios',
      version: '2.1',
      stage: 'clienthello',
      keyPrint: shared?.keyPrint ?? '0',
      params: { ...params, ...(proof && { checkTokenData: proof.checkTokenData }) },
    },
    tm,
  )
}

export const encTypes = { aesGcm: 'AES-256-GCM', chacha20Poly1305: 'ChaCha20-Poly1305' } as const

/** Stages 1 to 4 of version 2. */
export const exchangeSealedKeys = async (
  call: Call,
  appId: string,
  suite: SealedSuite = 'aesGcm',
  more: Members = {},
) => {
  const own = nodeKeyPrimitives.createExchangeKey()
  const clientNonce = randomBytes(32)
  const pubKey = pemOf(own.point)
  const first = {
    stage: 1,
    kx: 2,
    pubKey,
    nonce: clientNonce.toString('base64'),
    encType: encTypes[suite],
    ...more,
  }
  const answer = await call('/v1/key-exchange', frame('keyEx', first, String(Date.now())))
  const second = messageOf(answer)
  const serverPoint = readPublicKey(second.pubKey ?? '')
  const x = serverPoint && own.deriveX(serverPoint)
  if (!serverPoint || !x) throw new Error(`stage 2: ${JSON.stringify(answer)}`)
  const hash = hashTranscript(nodeKeyPrimitives, {
    appId,
    suite,
    clientPoint: own.point,
    clientNonce,
    rsaPrint: '0',
    serverKeyIds: [],
    serverPoint,
    serverNonce: fromBase64(second.nonce ?? '') ?? new Uint8Array(),
    serverKeyId: second.serverKeyId ?? '',
    tm: String(answer.tm),
  })
  const { keys, proofs } = deriveKeys(nodeKeyPrimitives, suite, x, hash)
  const third = { stage: 3, kx: 2, keyPrint: keys.fingerprint, tempKey: toBase64(proofs[3]), status: 'ready' }
  const fourth = await call('/v1/key-exchange', frame('keyEx', third, String(Date.now())))
  return { keys, proofs, hash, answer, second, third, fourth }
}

export type SealedCall = {
  path: string
  sequence: number
  text: string
  now?: number
  requestId?: Uint8Array
  url?: string
}

/** Seals calls under keys, numbers them, and opens their replies. */
export const createSealedClient = (
  keys: SealedKeys,
  post: (path: string, form: Record<string, string>) => Promise<{ status: number; body: string }>,
  now = Date.now,
) => {
  let sequence = 0
  const seal = (
    path: string,
    text: string,
    more: Partial<{ sequence: number; timestampMs: number; requestId: Uint8Array }> = {},
  ) => {
    sequence++
    const header = { timestampMs: now(), sequence, requestId: randomBytes(8), ...more }
    return sealMessage(nodeKeyPrimitives, keys, 'client', {
      header,
      path,
      plaintext: Buffer.from(text),
      nonce: randomBytes(12),
    })
  }
  const send = async (
    path: string,
    sealed: { j: string; tag: Uint8Array },
  ): Promise<Answer & { sealed: boolean; status: number }> => {
    const reply = await post(path, { v: '2', t: keys.fingerprint, j: sealed.j })
    if (reply.body.startsWith('{')) return { ...JSON.parse(reply.body), sealed: false, status: reply.status }
    const opened = openMessage(nodeKeyPrimitives, keys, 'server', {
      j: reply.body,
      path,
      requestTag: sealed.tag,
    })
    if (!opened) throw new Error('the reply cannot be opened')
    return { ...JSON.parse(Buffer.from(opened.plaintext).toString()), sealed: true, status: reply.status }
  }
  return {
    seal,
    send,
    call: (path: string, members: Members = {}) => send(path, seal(path, JSON.stringify(members))),
  }
}
