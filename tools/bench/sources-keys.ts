/** Requests of clients that hold keys: exchanging them, resuming on them, and calls that are sealed under them. */
import { randomBytes } from 'node:crypto'
import { nodeKeyPrimitives } from '../../src/adapters/key-crypto.ts'
import { frameOf } from '../../src/client/frames.ts'
import { fromBase64, readUtf8, toBase64 } from '../../src/protocol/bytes.ts'
import { makeProof } from '../../src/protocol/proofs.ts'
import { readPublicKey, toPem } from '../../src/protocol/public-key.ts'
import { openMessage, sealMessage } from '../../src/protocol/sealed-envelope.ts'
import {
  createSampling,
  createTurn,
  post,
  postForm,
  type Shot,
  type Source,
  showReply,
  writeRequest,
} from './requests.ts'

/** Bytes in base64. */
export type ProofKey = { keyPrint: string; key: string }
export type SealingKey = { fingerprint: string; clientKey: string; serverKey: string }
type Credentials = { appid: string; appsecret: string }

/** Stages 1 and 3, by turns. */
type ExchangeSpec = { kind: 'exchange'; app: Credentials }
/** A hello with a fresh proof in each. */
type ResumeSpec = { kind: 'resume'; app: Credentials; keys: ProofKey[] }
/** Sealed anew for each call. */
type SealedSpec = {
  kind: 'sealed-under-key'
  path: string
  code: number
  calls: { key: SealingKey; members: object }[]
}
export type KeySourceSpec = ExchangeSpec | ResumeSpec | SealedSpec

const ivBytes = 16
const bytesOf = (text = '') => fromBase64(text) ?? new Uint8Array()
const proofOf = (key: Uint8Array, tm: string) =>
  toBase64(makeProof(nodeKeyPrimitives, 'aesCtr', key, randomBytes(ivBytes), tm))

export const createKeySource = (spec: KeySourceSpec): Source => {
  switch (spec.kind) {
    case 'exchange':
      return createExchangeSource(spec)
    case 'resume':
      return createResumeSource(spec)
    default:
      return createSealedSource(spec)
  }
}

const createExchangeSource = ({ app }: ExchangeSpec): Source => {
  // One key of the client for all: the load is to be the server's.
  const own = nodeKeyPrimitives.createExchangeKey()
  const first = { stage: 1, pubKey: toPem(own.point), encType: 'AES-CTR' }
  const answered: Record<string, string>[] = []
  const createShot = (
    message: Record<string, unknown>,
    tm: string,
    status: string,
    use?: (keyEx: Record<string, string>) => void,
  ) => {
    const request = post('/v1/key-exchange', { ...app, ...frameOf('keyEx', tm, message) })
    const judge: Shot['judge'] = (code, body) => {
      const { keyEx = {} } = code === 200 ? JSON.parse(body.toString()) : {}
      if (keyEx.status !== status) return showReply(code, body)
      use?.(keyEx)
      return undefined
    }
    return { bytes: writeRequest(request), judge }
  }
  return () => {
    const second = answered.pop()
    const tm = String(Date.now())
    if (!second) return createShot(first, tm, 'ready', (keyEx) => answered.push(keyEx))
    const x = own.deriveX(readPublicKey(second.pubKey ?? '') ?? new Uint8Array()) ?? new Uint8Array(32)
    const third = { stage: 3, keyPrint: second.keyPrint, tempKey: proofOf(x, tm), status: 'ready' }
    return createShot(third, tm, 'needlogin')
  }
}

const createResumeSource = ({ app, keys }: ResumeSpec): Source => {
  const turn = createTurn(keys.map(({ keyPrint, key }) => ({ keyPrint, key: bytesOf(key) })))
  return () => {
    const { keyPrint, key } = turn()
    const tm = String(Date.now())
    const message = { stage: 'clienthello', keyPrint, params: { checkTokenData: proofOf(key, tm) } }
    return {
      bytes: writeRequest(post('/v1/hello', { ...app, ...frameOf('hello', tm, message) })),
      judge: (status, body) =>
        status === 200 && body.includes('"waitdata"') ? undefined : showReply(status, body),
    }
  }
}

const brace = '{'.charCodeAt(0)
/** Of each key, for as long as this process lives: no number is ever sent twice, nor those of the population. */
const sequences = new Map<string, number>()

const createSealedSource = ({ path, code, calls }: SealedSpec): Source => {
  const turn = createTurn(
    calls.map(({ key: { fingerprint, clientKey, serverKey }, members }) => ({
      keys: {
        suite: 'aesGcm' as const,
        fingerprint,
        clientKey: bytesOf(clientKey),
        serverKey: bytesOf(serverKey),
      },
      plaintext: Buffer.from(JSON.stringify(members)),
    })),
  )
  const isOpened = createSampling()
  return () => {
    const { keys, plaintext } = turn()
    const sequence = (sequences.get(keys.fingerprint) ?? 100) + 1
    sequences.set(keys.fingerprint, sequence)
    const header = { timestampMs: Date.now(), sequence, requestId: randomBytes(8) }
    const message = { header, path, plaintext, nonce: randomBytes(12) }
    const { j, tag } = sealMessage(nodeKeyPrimitives, keys, 'client', message)
    return {
      bytes: writeRequest(postForm(path, `v=2&t=${keys.fingerprint}&j=${j}`)),
      judge: (status, body) => {
        if (status !== 200 || body[0] === brace) return showReply(status, body)
        if (!isOpened()) return undefined
        const reply = { j: body.toString('latin1'), path, requestTag: tag }
        const opened = openMessage(nodeKeyPrimitives, keys, 'server', reply)
        const text = opened && readUtf8(opened.plaintext)
        return text?.startsWith(`{"code":${code},`) ? undefined : (text ?? 'a reply that cannot be opened')
      },
    }
  }
}
