/** Keys that clients have exchanged and logged in on, before anything is measured. */
import { randomBytes } from 'node:crypto'
import { nodeKeyPrimitives } from '../../src/adapters/key-crypto.ts'
import { fromBase64, readUtf8, toBase64 } from '../../src/protocol/bytes.ts'
import { deriveKeys, hashTranscript } from '../../src/protocol/key-exchange.ts'
import { makeProof } from '../../src/protocol/proofs.ts'
import { readPublicKey, toPem } from '../../src/protocol/public-key.ts'
import { openMessage, sealMessage } from '../../src/protocol/sealed-envelope.ts'
import type { ProofKey, SealingKey } from './sources-keys.ts'

type Reply = Record<string, unknown> & { code: number; tm: string; keyEx: Record<string, string> }
export type Login = { login: string; clientHash: string }

/** @param send posts members as JSON; throws for what was refused. */
export const createKeyMaker = (url: string, app: { appid: string; appsecret: string }) => {
  const send = async (path: string, members: object): Promise<Reply> => {
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ ...app, ...members })
    const reply = (await (await fetch(url + path, { method: 'POST', headers, body })).json()) as Reply
    if (String(reply.code).startsWith('2')) throw new Error(`${path}: ${JSON.stringify(reply)}`)
    return reply
  }
  const exchange = (keyEx: object, tm = String(Date.now())) =>
    send('/v1/key-exchange', { version: 1, tm, keyPrint: '0', msgType: 'keyExchange', keyEx })
  const prove = (key: Uint8Array, tm: string) =>
    toBase64(makeProof(nodeKeyPrimitives, 'aesCtr', key, randomBytes(16), tm))
  const begin = async (more: object) => {
    const own = nodeKeyPrimitives.createExchangeKey()
    const second = await exchange({ stage: 1, pubKey: toPem(own.point), ...more })
    const serverPoint = readPublicKey(second.keyEx.pubKey ?? '') ?? new Uint8Array()
    return { own, second, serverPoint, x: own.deriveX(serverPoint) ?? new Uint8Array(32) }
  }

  return {
    /** A key of version 1 with a login on it. */
    makeProofKey: async (login: Login): Promise<ProofKey> => {
      const { second, x } = await begin({ encType: 'AES-CTR' })
      const keyPrint = second.keyEx.keyPrint ?? ''
      const tm = String(Date.now())
      await exchange({ stage: 3, keyPrint, tempKey: prove(x, tm), status: 'ready' }, tm)
      await send('/v1/login', { ...login, keyPrint, tm, checkTokenData: prove(x, tm) })
      return { keyPrint, key: toBase64(x) }
    },
    /** A key of version 2 and the SKey of a login that was made under it. */
    makeSealingKey: async (login: Login): Promise<SealingKey & { skey: string }> => {
      const suite = 'aesGcm'
      const clientNonce = randomBytes(32)
      const { own, second, serverPoint, x } = await begin({ kx: 2, nonce: toBase64(clientNonce) })
      const { nonce = '', serverKeyId = '' } = second.keyEx
      const hash = hashTranscript(nodeKeyPrimitives, {
        appId: app.appid,
        suite,
        clientPoint: own.point,
        clientNonce,
        rsaPrint: '0',
        serverKeyIds: [],
        serverPoint,
        serverNonce: fromBase64(nonce) ?? new Uint8Array(),
        serverKeyId,
        tm: second.tm,
      })
      const { keys, proofs } = deriveKeys(nodeKeyPrimitives, suite, x, hash)
      const { fingerprint } = keys
      await exchange({
        stage: 3,
        kx: 2,
        keyPrint: fingerprint,
        tempKey: toBase64(proofs[3]),
        status: 'ready',
      })
      const path = '/v1/login'
      const sealed = sealMessage(nodeKeyPrimitives, keys, 'client', {
        header: { timestampMs: Date.now(), sequence: 1, requestId: randomBytes(8) },
        path,
        plaintext: Buffer.from(JSON.stringify(login)),
        nonce: randomBytes(12),
      })
      const body = new URLSearchParams({ v: '2', t: fingerprint, j: sealed.j })
      const j = await (await fetch(url + path, { method: 'POST', body })).text()
      const opened = openMessage(nodeKeyPrimitives, keys, 'server', { j, path, requestTag: sealed.tag })
      const reply = JSON.parse((opened && readUtf8(opened.plaintext)) ?? j)
      if (reply.code !== 1_020_100) throw new Error(`${path}, sealed: ${JSON.stringify(reply)}`)
      const { clientKey, serverKey } = keys
      return {
        fingerprint,
        clientKey: toBase64(clientKey),
        serverKey: toBase64(serverKey),
        skey: reply.tickets.skey,
      }
    },
  }
}
