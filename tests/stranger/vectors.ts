/** What the vectors of protocol.md look like, as far as this client reads them. */
import { readFileSync } from 'node:fs'
import type { Suite2 } from './exchange.ts'

type Rows = [key: string, plain: string, cipher: string][]

export type TwofishVectors = { variableKey: Rows; variableText: Rows }

export type ExchangeVectors = {
  text: string
  clientPrivate: string
  clientPublicSpkiBase64: string
  vectors: {
    serverPrivate: string
    x: string
    keyPrint: string
    keyPrintTwofish: string
    aesCtr: string
    chacha20: string
    twofishCbc: string
  }[]
}

export type EnvelopeVectors = {
  plaintext: string
  vectors: { secret: string; step: number; code: string; j: string }[]
}

type Message = { timestampMs: number; nonce: string; text: string; j: string }

export type SealedVectors = {
  vectors: {
    encType: Suite2
    exchange: {
      appId: string
      clientPrivate: string
      clientSpki: string
      clientNonce: string
      rsaPrint: string
      serverKeyIds: string[]
      serverPrivate: string
      serverSpki: string
      serverNonce: string
      serverKeyId: string
      tm: string
      identityPublic: string
      x: string
      transcriptHash: string
      signature: string
    }
    keys: {
      fingerprint: string
      clientKey: string
      serverKey: string
      proof2: string
      proof3: string
      proof4: string
    }
    request: Message & { path: string; sequence: number; requestId: string; tag: string }
    reply: Message
  }[]
}

export type Vectors = {
  'twofish.json': TwofishVectors
  'key-exchange.json': ExchangeVectors
  'totp-envelope.json': EnvelopeVectors
  'sealed.json': SealedVectors
}

export function vectors<Name extends keyof Vectors>(name: Name): Vectors[Name] {
  const file = new URL(import.meta.resolve(`#root/tests/fixtures/vectors/${name}`))
  return JSON.parse(readFileSync(file, 'utf8'))
}
