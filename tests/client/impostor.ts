/** An attacker between a client and its server. */
import { randomBytes } from 'node:crypto'
import { nodeKeyPrimitives } from '../../src/adapters/key-crypto.ts'
import type { Fetch } from '../../src/client/post.ts'
import { fromBase64, toBase64 } from '../../src/protocol/bytes.ts'
import { deriveKeys, hashTranscript, signedText } from '../../src/protocol/key-exchange.ts'
import { readPublicKey, toPem } from '../../src/protocol/public-key.ts'
import { codes } from '../harness/codes.ts'

type Json = Record<string, unknown>

/** A plain reply, which an attacker on the way can forge. */
export const plainly = (code: number, more: Json = {}) =>
  JSON.stringify({ code, msg: '', ...more, timestamp: Math.floor(Date.now() / 1_000) })

/** Answers stages 2 and 4 of an exchange of version 2 itself, in the server's name. */
export const createImpostor = (
  appId: string,
  signer: { id: string; sign(text: Uint8Array): Uint8Array | undefined },
) => {
  const own = nodeKeyPrimitives.createExchangeKey()
  let proofs: ReturnType<typeof deriveKeys>['proofs'] | undefined
  let fingerprint = ''
  const answer: Fetch = async (_, init) => {
    const { keyEx, rid } = JSON.parse(String(init.body)) as { keyEx: Json; rid: string }
    const reply = (message: Json) =>
      new Response(
        plainly(codes.OK, { version: 1, tm: '1800000000000', msgType: 'keyExchange', keyEx: message, rid }),
      )
    if (keyEx.stage === 3) {
      return reply({
        stage: 4,
        keyPrint: fingerprint,
        tempKey: toBase64(proofs?.[4] ?? own.point),
        status: 'needlogin',
      })
    }
    const clientPoint = readPublicKey(String(keyEx.pubKey)) ?? own.point
    const serverNonce = randomBytes(32)
    const hash = hashTranscript(nodeKeyPrimitives, {
      appId,
      suite: 'aesGcm',
      clientPoint,
      rsaPrint: '0',
      serverPoint: own.point,
      serverNonce,
      clientNonce: fromBase64(String(keyEx.nonce)) ?? own.point,
      serverKeyIds: (keyEx.serverKeyIds ?? []) as string[],
      serverKeyId: signer.id,
      tm: '1800000000000',
    })
    const derived = deriveKeys(nodeKeyPrimitives, 'aesGcm', own.deriveX(clientPoint) ?? own.point, hash)
    proofs = derived.proofs
    fingerprint = derived.keys.fingerprint
    const signature = signer.sign(signedText(hash))
    return reply({
      stage: 2,
      kx: 2,
      keyPrint: fingerprint,
      tempKey: toBase64(proofs[2]),
      pubKey: toPem(own.point),
      encType: 'AES-256-GCM',
      nonce: toBase64(serverNonce),
      serverKeyId: signer.id,
      status: 'ready',
      ...(signature && { signature: toBase64(signature) }),
    })
  }
  return answer
}
