/** Requests of clients that hold keys: exchanging them, resuming on them, and calls that are sealed under them. */
import { randomBytes } from 'node:crypto'
import { nodeKeyPrimitives } from '../../src/adapters/key-crypto.ts'
import { fromBase64, readUtf8, toBase64 } from '../../src/protocol/bytes.ts'
import { makeProof } from '../../src/protocol/proofs.ts'
import { readPublicKey, toPem } from '../../src/protocol/public-key.ts'
import { openMessage, type SealedKeys, sealMessage } from '../../src/protocol/sealed-envelope.ts'
import { type PlainRequest, post } from './requests.ts'
import { createTurn, type Shot, type Source } from './turn.ts'

/** Bytes in base64. */
export type ProofKey = { keyPrint: string; key: string }
export type SealingKey = { fingerprint: string; clientKey: string; serverKey: string }
export type App = { appid: string; appsecret: string }

export type KeySourceSpec =
  /** Stages 1 and 3, by turns. */
  | { kind: 'exchange'; app: App }
  /** A hello with a fresh proof in each. */
  | { kind: 'resume'; app: App; keys: ProofKey[] }
  /** Sealed anew for each call. */
  | { kind: 'sealed-under-key'; path: string; code: number; calls: { key: SealingKey; members: object }[] }

const shown = 200
const ivBytes = 16
const jsonPath = { hello: '/v1/hello', keyEx: '/v1/key-exchange' } as const

const frame = (app: App, kind: keyof typeof jsonPath, message: object, tm: string): PlainRequest =>
  post(jsonPath[kind], {
    ...app,
    ...{
      version: 1,
      tm,
      keyPrint: '0',
      msgType: kind === 'hello' ? 'hello' : 'keyExchange',
      [kind]: message,
    },
  })

type Reply = { code: number; keyEx?: Record<string, string>; hello?: Record<string, string> }
const readReply = (body: Buffer): Reply => JSON.parse(body.toString()) as Reply

const proofOf = (key: Uint8Array, tm: string) =>
  toBase64(makeProof(nodeKeyPrimitives, 'aesCtr', key, randomBytes(ivBytes), tm))

const createExchangeSource = (
  { app }: Extract<KeySourceSpec, { kind: 'exchange' }>,
  write: (request: PlainRequest) => Buffer,
): Source => {
  // One key of the client for all: the load is to be the server's.
  const own = nodeKeyPrimitives.createExchangeKey()
  const first = { stage: 1, pubKey: toPem(own.point), encType: 'AES-CTR' }
  const answered: { keyPrint: string; pubKey: string }[] = []
  const begin = (): Shot => ({ bytes: write(frame(app, 'keyEx', first, String(Date.now()))), stage: 1 })
  const finish = ({ keyPrint, pubKey }: { keyPrint: string; pubKey: string }): Shot => {
    const x = own.deriveX(readPublicKey(pubKey) ?? new Uint8Array()) ?? new Uint8Array(32)
    const tm = String(Date.now())
    const third = { stage: 3, keyPrint, tempKey: proofOf(x, tm), status: 'ready' }
    return { bytes: write(frame(app, 'keyEx', third, tm)), stage: 3 }
  }
  return {
    next: () => {
      const second = answered.pop()
      return second ? finish(second) : begin()
    },
    judge: ({ stage }, status, body) => {
      const { keyEx = {} } = status === 200 ? readReply(body) : {}
      if (stage === 3 ? keyEx.status !== 'needlogin' : keyEx.status !== 'ready')
        return `${status} ${body.toString('utf8', 0, shown)}`
      if (stage === 1) answered.push({ keyPrint: keyEx.keyPrint ?? '', pubKey: keyEx.pubKey ?? '' })
      return undefined
    },
  }
}

const createResumeSource = (
  { app, keys }: Extract<KeySourceSpec, { kind: 'resume' }>,
  write: (request: PlainRequest) => Buffer,
): Source => {
  const turn = createTurn(
    keys.map(({ keyPrint, key }) => ({ keyPrint, key: fromBase64(key) ?? new Uint8Array() })),
  )
  return {
    next: () => {
      const { keyPrint, key } = turn()
      const tm = String(Date.now())
      const message = { stage: 'clienthello', keyPrint, params: { checkTokenData: proofOf(key, tm) } }
      return { bytes: write(frame(app, 'hello', message, tm)) }
    },
    judge: (_shot, status, body) =>
      status === 200 && body.includes('"waitdata"')
        ? undefined
        : `${status} ${body.toString('utf8', 0, shown)}`,
  }
}

/** Every 32nd reply is opened. */
const openedEach = 32
/** Of each key, for as long as this process lives: no number is ever sent twice, nor those of the population. */
const sequences = new Map<string, number>()

const createSealedSource = (
  { path, code, calls }: Extract<KeySourceSpec, { kind: 'sealed-under-key' }>,
  write: (request: PlainRequest) => Buffer,
): Source => {
  const turn = createTurn(
    calls.map(({ key, members }) => ({
      keys: {
        suite: 'aesGcm',
        fingerprint: key.fingerprint,
        clientKey: fromBase64(key.clientKey) ?? new Uint8Array(),
        serverKey: fromBase64(key.serverKey) ?? new Uint8Array(),
      } satisfies SealedKeys,
      plaintext: Buffer.from(JSON.stringify(members)),
    })),
  )
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  let answered = 0
  return {
    next: () => {
      const { keys, plaintext } = turn()
      const sequence = (sequences.get(keys.fingerprint) ?? 100) + 1
      sequences.set(keys.fingerprint, sequence)
      const header = { timestampMs: Date.now(), sequence, requestId: randomBytes(8) }
      const message = { header, path, plaintext, nonce: randomBytes(12) }
      const { j, tag } = sealMessage(nodeKeyPrimitives, keys, 'client', message)
      const body = `v=2&t=${keys.fingerprint}&j=${j}`
      return { bytes: write({ method: 'POST', path, headers, body }), sealed: { keys, tag } }
    },
    judge: ({ sealed }, status, body) => {
      if (status !== 200 || body[0] === 0x7b) return `${status} ${body.toString('utf8', 0, shown)}`
      if (!sealed || answered++ % openedEach !== 0) return undefined
      const reply = { j: body.toString('latin1'), path, requestTag: sealed.tag }
      const opened = openMessage(nodeKeyPrimitives, sealed.keys, 'server', reply)
      const text = opened && readUtf8(opened.plaintext)
      return text?.startsWith(`{"code":${code},`) ? undefined : (text ?? 'a reply that cannot be opened')
    },
  }
}

export const createKeySource = (spec: KeySourceSpec, write: (request: PlainRequest) => Buffer): Source => {
  if (spec.kind === 'exchange') return createExchangeSource(spec, write)
  return spec.kind === 'resume' ? createResumeSource(spec, write) : createSealedSource(spec, write)
}
